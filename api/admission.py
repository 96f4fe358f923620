"""May what a request asks for be executed, and by which document?

Every transport asks here, in the order in which the answers cost more.
"""

from api.context import Context
from api.documents import Document, read_document
from api.errors import ErrorCode, RequestError
from api.http_request import GraphQLRequest


async def admit(asked: GraphQLRequest, context: Context) -> Document:
    """Return the document that a caller may have executed.

    Raises:
        RequestError: the document cannot be executed, or this caller may not have it executed.
    """
    document = read_document(asked.query)
    document.operation_type(asked.operation_name)
    _check_introspection(document, allowed=context.caller.is_trusted_to_explore)
    return document


def _check_introspection(document: Document, *, allowed: bool) -> None:
    if document.introspects and not allowed:
        raise RequestError(ErrorCode.INTROSPECTION_NEEDS_AUTHORIZATION, "Introspection needs an Authorization header.")
