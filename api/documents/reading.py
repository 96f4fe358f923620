"""Read documents once: parse, measure, validate and cache them."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import validation_context
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from api.documents.cost import Costs
from api.documents.visitor import measure_document
from api.errors import ErrorCode, RequestError

MAX_LENGTH = 50_000
MAX_TOKENS = 2_000
MAX_ERRORS = 5
# In characters of their texts: a read document takes some hundred times the memory of its text.
MAX_CACHED_LENGTH = 500_000
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
    """A document within the limits, and the schema by which it is valid."""

    schema: GraphQLSchema
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


class DocumentsNotAccepted(Exception):
    """Documents that cannot be registered; the message names the first."""


class Documents:
    """The documents of a schema by the digest of their texts, refusals included."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._registered: dict[str, Document] = {}
        self._cached: OrderedDict[str, tuple[Document | Refused, int]] = OrderedDict()
        self._cached_length = 0

    def register(self, texts: Mapping[str, str]) -> None:
        """Keep documents, by names for people, for as long as the process runs.

        Raises:
            DocumentsNotAccepted: one exceeds a limit or does not fit the schema.
        """
        for name, text in texts.items():
            try:
                self._registered[digest_of(text)] = self.read(text)
            except RequestError as error:
                reasons = " ".join(part.message for part in error.errors)
                raise DocumentsNotAccepted(f"the document {name} cannot be registered: {reasons}") from None

    def is_registered(self, digest: str) -> bool:
        return digest in self._registered

    def is_known(self, digest: str) -> bool:
        """Tell whether reading the text with a digest would cost nothing."""
        return self._outcome(digest) is not None

    def read(self, text: str) -> Document:
        """Return the document of a text.

        Raises:
            RequestError: the text is no document, exceeds a limit, or does not fit the schema.
        """
        digest = digest_of(text)
        outcome = self._outcome(digest)
        if outcome is None:
            outcome = outcome_of(self._schema, text)
            self._cached[digest] = outcome, len(text)
            self._cached_length += len(text)
            while self._cached_length > MAX_CACHED_LENGTH:
                _, (_, length) = self._cached.popitem(last=False)
                self._cached_length -= length
        return _document_or_raise(outcome)

    def get(self, digest: str) -> Document:
        """Return the document with a digest.

        Raises:
            RequestError: there is none, or it may not be executed.
        """
        outcome = self._outcome(digest)
        if outcome is None:
            raise document_not_found()
        return _document_or_raise(outcome)

    def _outcome(self, digest: str) -> Document | Refused | None:
        if digest in self._cached:
            self._cached.move_to_end(digest)
            return self._cached[digest][0]
        return self._registered.get(digest)


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def outcome_of(schema: GraphQLSchema, text: str) -> Document | Refused:
    """Return the outcome of a text that is not cached."""
    # Each step costs more than the one before, so what a limit refuses has cost little.
    if len(text) > MAX_LENGTH:
        return _too_large(f"The document exceeds the limit of {MAX_LENGTH:,} characters.")
    try:
        tree = parse(text, max_tokens=MAX_TOKENS)
        measure = measure_document(schema, tree)
        if measure.exceeded_limit is not None:
            return _too_large(measure.exceeded_limit)
        errors = validate(schema, tree, specified_rules, max_errors=MAX_ERRORS, hide_suggestions=True)
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
        schema=schema,
        tree=tree,
        introspects=measure.complexity.introspection > 0,
        costs=measure.costs,
        operations=tuple(
            (node.name.value if node.name else None, node.operation)
            for node in tree.definitions
            if isinstance(node, OperationDefinitionNode)
        ),
    )


def document_not_found() -> RequestError:
    """Return the refusal of an unknown digest."""
    # The clients' links look for this very word, and send the text then.
    return RequestError(ErrorCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")


def _document_or_raise(outcome: Document | Refused) -> Document:
    if isinstance(outcome, Refused):
        raise RequestError(outcome.code, *outcome.errors)
    return outcome


def _too_large(sentence: str) -> Refused:
    return Refused(ErrorCode.DOCUMENT_TOO_LARGE, (sentence,))


def _detached(error: GraphQLError) -> GraphQLError:
    # The cache would keep the frames and nodes of the original alive.
    detached = GraphQLError(error.message)
    detached.locations = error.locations
    return detached
