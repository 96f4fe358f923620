"""Which HTTP status does a request get that is not executed?

A document that fails is the document's matter: clients of ``application/json`` are told 200 (GraphQL over HTTP).
"""

from collections.abc import Mapping

from api.errors import ErrorCode
from api.transport.http.accept import GRAPHQL_RESPONSE

STATUSES: Mapping[ErrorCode, int] = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.BATCHING_NOT_SUPPORTED: 400,
    ErrorCode.BODY_TOO_LARGE: 413,
    ErrorCode.COST_EXCEEDED: 400,
    ErrorCode.CROSS_SITE_REQUEST: 403,
    ErrorCode.DEADLINE_EXCEEDED: 503,
    ErrorCode.DOCUMENT_INVALID: 400,
    ErrorCode.DOCUMENT_NOT_REGISTERED: 403,
    ErrorCode.DOCUMENT_TOO_LARGE: 400,
    ErrorCode.HTTP_VERSION_NOT_SUPPORTED: 426,
    ErrorCode.INTERNAL_FAULT: 500,
    ErrorCode.INTROSPECTION_NEEDS_AUTHORIZATION: 400,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.NOT_ACCEPTABLE: 406,
    ErrorCode.NOT_AUTHENTICATED: 401,
    ErrorCode.OPERATION_NOT_FOUND: 400,
    ErrorCode.PERSISTED_QUERY_NOT_FOUND: 404,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.SUBSCRIPTION_NEEDS_WEBSOCKET: 400,
    ErrorCode.SYNTAX_ERROR: 400,
    ErrorCode.TOO_MANY_OPERATIONS: 429,
    ErrorCode.TRY_AGAIN: 503,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.VARIABLES_INVALID: 400,
}

ABOUT_THE_DOCUMENT = {
    ErrorCode.COST_EXCEEDED,
    ErrorCode.DOCUMENT_INVALID,
    ErrorCode.DOCUMENT_NOT_REGISTERED,
    ErrorCode.DOCUMENT_TOO_LARGE,
    ErrorCode.INTROSPECTION_NEEDS_AUTHORIZATION,
    ErrorCode.OPERATION_NOT_FOUND,
    ErrorCode.PERSISTED_QUERY_NOT_FOUND,
    ErrorCode.SUBSCRIPTION_NEEDS_WEBSOCKET,
    ErrorCode.SYNTAX_ERROR,
    ErrorCode.VARIABLES_INVALID,
}


def status_of(code: ErrorCode, *, media_type: str) -> int:
    """Return the status under which a media type's clients expect an error."""
    if code in ABOUT_THE_DOCUMENT and media_type != GRAPHQL_RESPONSE:
        return 200
    return STATUSES[code]
