"""What is a document: can it be executed, and at what size?

Each text is parsed, measured and validated once; one lookup finds the outcome again, refusals included.
"""

from collections import OrderedDict
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

from api.errors import ErrorCode, RequestError
from api.measure import exceeded_limit, measure_document
from api.schema import schema

MAX_TOKENS = 5_000
MAX_VALIDATION_ERRORS = 5
KEPT_DOCUMENTS = 1_000
# Longer ones are rare, and a thousand of them would fill the memory.
MAX_KEPT_LENGTH = 20_000


@dataclass(frozen=True, kw_only=True)
class Document:
    """A valid document within the limits."""

    tree: DocumentNode
    introspects: bool
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
class _Refused:
    code: ErrorCode
    errors: tuple[GraphQLError | str, ...]


_kept: OrderedDict[str, Document | _Refused] = OrderedDict()


def read_document(text: str) -> Document:
    """Return a document that may be executed.

    Raises:
        RequestError: the text is no document, exceeds a limit, or does not fit the schema.
    """
    outcome = _kept.get(text)
    if outcome is None:
        outcome = _read(text)
        _keep(text, outcome)
    else:
        _kept.move_to_end(text)
    if isinstance(outcome, _Refused):
        raise RequestError(outcome.code, *outcome.errors)
    return outcome


def _keep(text: str, outcome: Document | _Refused) -> None:
    if len(text) > MAX_KEPT_LENGTH:
        return
    _kept[text] = outcome
    if len(_kept) > KEPT_DOCUMENTS:
        _kept.popitem(last=False)


def _read(text: str) -> Document | _Refused:
    try:
        tree = parse(text, max_tokens=MAX_TOKENS)
        measure = measure_document(tree)
    except GraphQLError as error:
        # The parser tells its own limits and the client's mistakes apart by their last words only.
        too_large = error.message.endswith("Parsing aborted.")
        code = ErrorCode.DOCUMENT_TOO_LARGE if too_large else ErrorCode.SYNTAX_ERROR
        return _Refused(code, (_detached(error),))
    except RecursionError:
        return _Refused(ErrorCode.DOCUMENT_TOO_LARGE, ("The document is nested too deeply.",))
    sentence = exceeded_limit(measure)
    if sentence is not None:
        return _Refused(ErrorCode.DOCUMENT_TOO_LARGE, (sentence,))
    errors = validate(schema._schema, tree, specified_rules, max_errors=MAX_VALIDATION_ERRORS, hide_suggestions=True)
    if errors:
        return _Refused(ErrorCode.DOCUMENT_INVALID, tuple(_detached(error) for error in errors))
    return Document(
        tree=tree,
        introspects=measure.introspection > 0,
        operations=tuple(
            (node.name.value if node.name else None, node.operation)
            for node in tree.definitions
            if isinstance(node, OperationDefinitionNode)
        ),
    )


def _detached(error: GraphQLError) -> GraphQLError:
    """Return an error without its traceback, which would keep every frame alive as long as the cache."""
    return error.with_traceback(None)
