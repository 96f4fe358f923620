"""Validate a document within budgets.

graphql-core meters what grows faster than a document does: fields with the same name are compared pair by pair, and
fragments are followed from every operation. Its two budgets are set as it documents, by assigning to its modules; the
type checker tells when the names are gone.
"""

from graphql import DocumentNode, GraphQLError, specified_rules, validate
from graphql.validation import validation_context
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from api.graphql.schema import schema

MAX_ERRORS = 5
# The largest documents of our own and of code generators spend some hundreds of either.
COMPARISON_BUDGET = 10_000
FRAGMENT_BUDGET = 5_000

overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = COMPARISON_BUDGET
validation_context.MAX_FRAGMENT_WORK = FRAGMENT_BUDGET


class TooMuchToValidate(Exception):
    """Validation of the document takes more work than it may."""


def validation_errors(document: DocumentNode) -> list[GraphQLError]:
    """Return the first errors of a document.

    Raises:
        TooMuchToValidate: it takes more work than a document may.
    """
    errors = validate(schema._schema, document, specified_rules, max_errors=MAX_ERRORS, hide_suggestions=True)
    # Validation stops early for either of two reasons with the same error; one comes after MAX_ERRORS others.
    if errors and isinstance(errors[-1], ValidationAbortedError) and len(errors) <= MAX_ERRORS:
        raise TooMuchToValidate
    return errors
