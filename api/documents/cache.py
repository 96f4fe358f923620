"""What is a document: can it be executed, and at what size?

Each text is parsed, measured and validated once; one lookup by its digest finds the outcome again, refusals included.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType, parse

from api.documents.measure import exceeded_limit, measure_document
from api.documents.validation import TooMuchToValidate, validation_errors
from api.errors import ErrorCode, RequestError
from api.limits.cost import Costs

MAX_LENGTH = 50_000
MAX_TOKENS = 2_000
# In characters of their texts: a read document takes some hundred times the memory of its text.
MAX_KEPT_LENGTH = 500_000


@dataclass(frozen=True, kw_only=True)
class Document:
    """A valid document within the limits."""

    tree: DocumentNode
    introspects: bool
    costs: Costs
    operations: tuple[tuple[str | None, OperationType], ...]

    def operation_type(self, operation_name: str | None) -> OperationType:
        """Return what kind of operation a request means; a name may be left out where there is only one.

        Raises:
            RequestError: no operation, or not exactly one, is meant.
        """
        if operation_name is None and len(self.operations) > 1:
            raise RequestError(ErrorCode.OPERATION_NOT_FOUND, "The document has several operations: name one.")
        for name, kind in self.operations:
            if operation_name is None or name == operation_name:
                return kind
        raise RequestError(ErrorCode.OPERATION_NOT_FOUND, "The document has no operation of this name.")


@dataclass(frozen=True)
class Refused:
    """What a text comes to that cannot be executed."""

    code: ErrorCode
    errors: tuple[GraphQLError | str, ...]


@dataclass(frozen=True)
class _Kept:
    outcome: Document | Refused
    length: int


class _Cache:
    """The outcomes of what was read lately, and for good those of registered documents, by digest."""

    def __init__(self) -> None:
        self._registered: dict[str, Document] = {}
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._length = 0

    def find(self, digest: str) -> Document | Refused | None:
        """Return what is known of a text."""
        registered = self._registered.get(digest)
        if registered is not None or digest not in self._kept:
            return registered
        self._kept.move_to_end(digest)
        return self._kept[digest].outcome

    def keep(self, digest: str, outcome: Document | Refused, length: int) -> None:
        """Keep an outcome until newer ones need its place."""
        self._kept[digest] = _Kept(outcome, length)
        self._length += length
        while self._length > MAX_KEPT_LENGTH:
            _, oldest = self._kept.popitem(last=False)
            self._length -= oldest.length

    def register(self, digest: str, document: Document) -> None:
        """Keep a document for as long as the process runs."""
        self._registered[digest] = document


# What a text comes to hangs on nothing but the schema, so it is known to the whole process.
_cache = _Cache()


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_document(text: str) -> Document:
    """Return a document that may be executed.

    Raises:
        RequestError: the text is no document, exceeds a limit, or does not fit the schema.
    """
    digest = digest_of(text)
    outcome = _cache.find(digest)
    if outcome is None:
        outcome = outcome_of(text)
        _cache.keep(digest, outcome, len(text))
    return _opened(outcome)


def is_known_document(text: str) -> bool:
    """Tell whether reading a text costs nothing any more."""
    return _cache.find(digest_of(text)) is not None


def known_document(digest: str) -> Document:
    """Return the document of which a client sends only the digest.

    Raises:
        RequestError: none is known, or what is known of it is that it may not be executed.
    """
    outcome = _cache.find(digest)
    if outcome is None:
        raise document_not_found()
    return _opened(outcome)


def register_document(text: str) -> str:
    """Read a document so that it is known from now on, and return its digest.

    Raises:
        RequestError: as of any other document.
    """
    digest = digest_of(text)
    _cache.register(digest, read_document(text))
    return digest


def document_not_found() -> RequestError:
    """Return the refusal of an unknown digest."""
    # The clients' links look for this very word, and send the text.
    return RequestError(ErrorCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")


def _opened(outcome: Document | Refused) -> Document:
    if isinstance(outcome, Refused):
        raise RequestError(outcome.code, *outcome.errors)
    return outcome


def outcome_of(text: str) -> Document | Refused:
    """Return what a text comes to, read as if it were new, by steps in the order of what they cost."""
    if len(text) > MAX_LENGTH:
        return _too_large(f"The document exceeds the limit of {MAX_LENGTH:,} characters.")
    try:
        tree = parse(text, max_tokens=MAX_TOKENS)
        measure = measure_document(tree)
        sentence = exceeded_limit(measure)
        if sentence is not None:
            return _too_large(sentence)
        errors = validation_errors(tree)
    except GraphQLError as error:
        # The parser tells its own limits and the client's mistakes apart by their last words only.
        is_too_large = error.message.endswith("Parsing aborted.")
        code = ErrorCode.DOCUMENT_TOO_LARGE if is_too_large else ErrorCode.SYNTAX_ERROR
        return Refused(code, (_detached(error),))
    except RecursionError:
        return _too_large("The document is nested too deeply.")
    except TooMuchToValidate:
        return _too_large("The document's fields and fragments overlap too much.")
    if errors:
        return Refused(ErrorCode.DOCUMENT_INVALID, tuple(_detached(error) for error in errors))
    return Document(
        tree=tree,
        introspects=measure.introspection > 0,
        costs=Costs(tree),
        operations=tuple(
            (node.name.value if node.name else None, node.operation)
            for node in tree.definitions
            if isinstance(node, OperationDefinitionNode)
        ),
    )


def _too_large(sentence: str) -> Refused:
    return Refused(ErrorCode.DOCUMENT_TOO_LARGE, (sentence,))


def _detached(error: GraphQLError) -> GraphQLError:
    """Return an error that keeps neither frames nor nodes alive as long as the cache."""
    detached = GraphQLError(error.message)
    detached.locations = error.locations
    return detached
