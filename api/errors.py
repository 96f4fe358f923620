"""Error codes, their HTTP statuses and the payloads of errors."""

import secrets
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Self

import structlog
from graphql import ExecutionResult, FieldNode, GraphQLError
from starlette.requests import HTTPConnection

from domain.errors import Refusal
from domain.faults import describe_fault

FAULT_SENTENCE = "Something went wrong on our side. Please tell us the request id if it happens again."

log = structlog.get_logger("certlink.api")


class ErrorCode(StrEnum):
    """Why a request as a whole was not executed, or a field of it could not be answered."""

    status: int

    def __new__(cls, code: str, status: int) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.status = status
        return member

    BAD_REQUEST = "BAD_REQUEST", 400
    BATCHING_NOT_SUPPORTED = "BATCHING_NOT_SUPPORTED", 400
    BODY_TOO_LARGE = "BODY_TOO_LARGE", 413
    COST_EXCEEDED = "COST_EXCEEDED", 400
    CROSS_SITE_REQUEST = "CROSS_SITE_REQUEST", 403
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED", 503
    DOCUMENT_INVALID = "DOCUMENT_INVALID", 400
    DOCUMENT_NOT_REGISTERED = "DOCUMENT_NOT_REGISTERED", 403
    DOCUMENT_TOO_LARGE = "DOCUMENT_TOO_LARGE", 400
    HTTP_VERSION_NOT_SUPPORTED = "HTTP_VERSION_NOT_SUPPORTED", 426
    INTERNAL_FAULT = "INTERNAL_FAULT", 500
    INTROSPECTION_NEEDS_AUTHORIZATION = "INTROSPECTION_NEEDS_AUTHORIZATION", 400
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED", 405
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE", 406
    NOT_AUTHENTICATED = "NOT_AUTHENTICATED", 401
    OPERATION_NOT_FOUND = "OPERATION_NOT_FOUND", 400
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND", 404
    RATE_LIMITED = "RATE_LIMITED", 429
    SUBSCRIPTION_NEEDS_WEBSOCKET = "SUBSCRIPTION_NEEDS_WEBSOCKET", 400
    SYNTAX_ERROR = "SYNTAX_ERROR", 400
    TOO_MANY_OPERATIONS = "TOO_MANY_OPERATIONS", 429
    TRY_AGAIN = "TRY_AGAIN", 503
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE", 415
    VARIABLES_INVALID = "VARIABLES_INVALID", 400


STATUSES: Mapping[str, int] = {
    **{code: code.status for code in ErrorCode},
    # Refusals of the domain, which knows no HTTP; every other one is the caller's mistake, a 400.
    "INVALID_INPUT": 400,
    "SIGN_IN_NOT_ACCEPTED": 400,
    "SIGN_IN_NOT_KNOWN": 400,
    "FORBIDDEN": 403,
    "NOT_A_MEMBER": 403,
    "SIGN_IN_DECLINED": 403,
    "NOT_FOUND": 404,
    "ALREADY_ASSOCIATED": 409,
    "COOL_OFF_ACTIVE": 409,
    "PROFILE_INCOMPLETE": 409,
    "YEARLY_LIMIT_REACHED": 409,
    "SIGN_IN_EXPIRED": 410,
    "PROVIDER_UNAVAILABLE": 503,
}


def status_of(code: str) -> int:
    return STATUSES.get(code, 400)


class RequestError(Exception):
    def __init__(
        self,
        code: ErrorCode,
        *errors: GraphQLError | str,
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.errors = [error if isinstance(error, GraphQLError) else GraphQLError(error) for error in errors]
        self.headers = dict(headers or {})
        self.extensions = dict(extensions or {})


def new_request_id() -> str:
    return secrets.token_hex(8)


def request_id_of(connection: HTTPConnection) -> str:
    """Return the id of the request over a connection, the same on every call."""
    request_id: str = connection.scope.setdefault("certlink.request_id", new_request_id())
    return request_id


def request_error_payload(error: RequestError, *, request_id: str) -> dict[str, Any]:
    """Return the response of a request that was not executed, and log its code."""
    log.info("graphql_request_refused", code=error.code.value, request_id=request_id)
    payload: dict[str, Any] = {
        "errors": [_coded(part, error.code.value, **(part.extensions or {})) for part in error.errors]
    }
    if error.extensions:
        payload["extensions"] = error.extensions
    return payload


def result_payload(result: ExecutionResult, *, request_id: str) -> dict[str, Any]:
    payload: dict[str, Any] = {"data": result.data}
    if result.errors:
        payload["errors"] = field_errors(result.errors, request_id=request_id)
    if result.extensions:
        payload["extensions"] = result.extensions
    return payload


def fault_payload(*, request_id: str) -> dict[str, Any]:
    return {"errors": [_masked(GraphQLError(FAULT_SENTENCE), request_id)]}


def log_fault(fault: BaseException, *, request_id: str, fields: Sequence[str] = ()) -> None:
    """Log a fault of ours, and the names of the fields that it failed."""
    # Neither document nor variables nor the fault's message: each may hold something personal, or a row's values.
    log.error("graphql_fault", fields=fields, request_id=request_id, **describe_fault(fault))


def field_errors(errors: Sequence[GraphQLError], *, request_id: str) -> list[dict[str, Any]]:
    """Return the errors of executed fields for clients: refusals by their code, faults masked and logged."""
    # Several fields may ask for what failed once.
    logged: set[int] = set()
    return [_field_error(error, request_id, logged) for error in errors]


def original(error: GraphQLError) -> Exception | None:
    """Return the exception that a resolver raised, through every error that wraps it."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _field_error(error: GraphQLError, request_id: str, logged: set[int]) -> dict[str, Any]:
    cause = original(error)
    if isinstance(cause, Refusal):
        return _coded(error, cause.code)
    if isinstance(cause, RequestError):
        # The operation had begun to change something, or to tell of an event, when it was found to cost too much.
        reason = cause.errors[0]
        located = GraphQLError(reason.message, nodes=error.nodes, path=error.path)
        return _coded(located, cause.code.value, **(reason.extensions or {}))
    if cause is None:
        return _coded(error, ErrorCode.VARIABLES_INVALID.value)
    if id(cause) not in logged:
        logged.add(id(cause))
        # The path would hold aliases, which are the client's own words.
        names = [node.name.value for node in error.nodes or () if isinstance(node, FieldNode)]
        log_fault(cause, request_id=request_id, fields=names)
    return _masked(GraphQLError(FAULT_SENTENCE, nodes=error.nodes, path=error.path), request_id)


# Clients learn nothing of our insides; the request's id leads us to the fault in the log.
def _masked(error: GraphQLError, request_id: str) -> dict[str, Any]:
    return _coded(error, ErrorCode.INTERNAL_FAULT.value, requestId=request_id)


def _coded(error: GraphQLError, code: str, **more: Any) -> dict[str, Any]:
    return {**error.formatted, "extensions": {**more, "code": code}}
