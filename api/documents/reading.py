"""Parse, measure and validate the text of a document."""

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import validation_context
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from api.documents.complexity import exceeded_limit
from api.documents.cost import Costs
from api.documents.visitor import measure_document
from api.errors import ErrorCode, RequestError
from api.graphql.schema import schema

MAX_LENGTH = 50_000
MAX_TOKENS = 2_000
MAX_ERRORS = 5
# The largest documents of our own and of code generators spend some hundreds of either.
COMPARISON_BUDGET = 10_000
FRAGMENT_BUDGET = 5_000

# graphql-core meters what grows faster than a document does: fields with the same name are compared pair by pair, and
# fragments are followed from every operation. Its two budgets are set as it documents, by assigning to its modules; the
# type checker tells when the names are gone.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = COMPARISON_BUDGET
validation_context.MAX_FRAGMENT_WORK = FRAGMENT_BUDGET


@dataclass(frozen=True, kw_only=True)
class Document:
    """A valid document within the limits."""

    tree: DocumentNode
    introspects: bool
    costs: Costs
    operations: tuple[tuple[str | None, OperationType], ...]

    def operation_type(self, operation_name: str | None) -> OperationType:
        """Return the type of a request's operation, whose name may be left out where there is only one.

        Raises:
            RequestError: there is no such operation, or a name is needed.
        """
        if operation_name is None and len(self.operations) > 1:
            raise RequestError(ErrorCode.OPERATION_NOT_FOUND, "The document has several operations: name one.")
        for name, kind in self.operations:
            if operation_name is None or name == operation_name:
                return kind
        raise RequestError(ErrorCode.OPERATION_NOT_FOUND, "The document has no operation of this name.")


@dataclass(frozen=True)
class Refused:
    """The outcome of a text that cannot be executed."""

    code: ErrorCode
    errors: tuple[GraphQLError | str, ...]


def outcome_of(text: str) -> Document | Refused:
    """Return the outcome of a text that is not cached; the cheapest step comes first."""
    if len(text) > MAX_LENGTH:
        return _too_large(f"The document exceeds the limit of {MAX_LENGTH:,} characters.")
    try:
        tree = parse(text, max_tokens=MAX_TOKENS)
        measure = measure_document(tree)
        sentence = exceeded_limit(measure.complexity)
        if sentence is not None:
            return _too_large(sentence)
        errors = validate(schema._schema, tree, specified_rules, max_errors=MAX_ERRORS, hide_suggestions=True)
    except GraphQLError as error:
        # The parser tells its own limits and the client's mistakes apart by their last words only.
        is_too_large = error.message.endswith("Parsing aborted.")
        code = ErrorCode.DOCUMENT_TOO_LARGE if is_too_large else ErrorCode.SYNTAX_ERROR
        return Refused(code, (_detached(error),))
    except RecursionError:
        return _too_large("The document is nested too deeply.")
    # Validation stops early for either of two reasons with the same error; one comes after MAX_ERRORS others.
    if errors and isinstance(errors[-1], ValidationAbortedError) and len(errors) <= MAX_ERRORS:
        return _too_large("The document's fields and fragments overlap too much.")
    if errors:
        return Refused(ErrorCode.DOCUMENT_INVALID, tuple(_detached(error) for error in errors))
    return Document(
        tree=tree,
        introspects=measure.complexity.introspection > 0,
        costs=measure.costs,
        operations=tuple(
            (node.name.value if node.name else None, node.operation)
            for node in tree.definitions
            if isinstance(node, OperationDefinitionNode)
        ),
    )


def _too_large(sentence: str) -> Refused:
    return Refused(ErrorCode.DOCUMENT_TOO_LARGE, (sentence,))


def _detached(error: GraphQLError) -> GraphQLError:
    # The cache would keep the frames and nodes of the original alive.
    detached = GraphQLError(error.message)
    detached.locations = error.locations
    return detached
