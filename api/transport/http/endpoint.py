"""HTTP endpoint of GraphQL."""

import json
from typing import Any

from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.auth.authentication import NotAuthenticated, caller_of_request, not_authenticated
from api.auth.csrf import check_origin_of_cookie
from api.errors import (
    STATUSES,
    ErrorCode,
    RequestError,
    fault_payload,
    log_fault,
    request_error_payload,
    request_id_of,
    result_payload,
)
from api.graphql.context import Context
from api.runtime import runtime_of
from api.transport.admission import admit
from api.transport.execute import execute_operation
from api.transport.http.accept import GRAPHQL_RESPONSE, JSON, chosen_media_type
from api.transport.http.disconnect import unless_gone
from api.transport.request import read_request
from domain.errors import TryAgain
from domain.rules.sign_in import ProviderUnavailable

METHODS = "GET, POST"
HEADERS = {"Cache-Control": "no-store", "Vary": "Accept, Authorization, Cookie", "X-Content-Type-Options": "nosniff"}


# A document that fails is the document's matter: clients of application/json are told 200 (GraphQL over HTTP).
_ABOUT_THE_DOCUMENT = {
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


class GraphQLEndpoint:
    """ASGI application that answers every method itself: also a refusal or a fault has GraphQL's shape and a code."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = request_id_of(request)
        media_type = chosen_media_type(request.headers.get("accept"))
        try:
            payload, status, headers = await _answer(request, media_type, request_id), 200, {}
        except RequestError as error:
            media_type = media_type or JSON
            payload = request_error_payload(error, request_id=request_id)
            status, headers = graphql_status(error.code, media_type=media_type), error.headers
        except ClientDisconnect:
            return
        except Exception as fault:
            log_fault(fault, request_id=request_id)
            payload = fault_payload(request_id=request_id)
            status, headers = STATUSES[ErrorCode.INTERNAL_FAULT], {}
        response = Response(
            json.dumps(payload, separators=(",", ":"), allow_nan=False),
            status_code=status,
            headers={**HEADERS, "X-Request-Id": request_id, **headers},
            media_type=f"{media_type or JSON}; charset=utf-8",
        )
        await response(scope, receive, send)


def graphql_status(code: ErrorCode, *, media_type: str) -> int:
    """Return the HTTP status that the clients of a media type expect with an error code."""
    return 200 if code in _ABOUT_THE_DOCUMENT and media_type != GRAPHQL_RESPONSE else STATUSES[code]


async def _answer(request: Request, media_type: str | None, request_id: str) -> dict[str, Any]:
    runtime = runtime_of(request)
    if request.method not in {"GET", "POST"}:
        raise RequestError(ErrorCode.METHOD_NOT_ALLOWED, f"Use {METHODS}.", headers={"Allow": METHODS})
    if media_type is None:
        raise RequestError(ErrorCode.NOT_ACCEPTABLE, f"The answer can be {GRAPHQL_RESPONSE} or {JSON}.")
    if request.method == "GET" and "authorization" not in request.headers:
        # A link on another site can make a browser send its cookie with a GET.
        raise not_authenticated("A GET needs an Authorization header; other callers use POST.")
    check_origin_of_cookie(request, runtime.settings)
    operation = await read_request(request)
    now = runtime.clock()
    try:
        caller = await caller_of_request(request, runtime, now=now)
    except NotAuthenticated:
        raise not_authenticated(
            "The Authorization header stands for no active member or API client: "
            "send Bearer and a token or key that is neither expired nor revoked."
        ) from None
    except (TryAgain, ProviderUnavailable) as error:
        raise RequestError(ErrorCode.TRY_AGAIN, error.message, headers={"Retry-After": "5"}) from None
    document, context = await admit(operation, Context(runtime=runtime, caller=caller, now=now))
    kind = document.operation_type(operation.operation_name)
    if kind is OperationType.SUBSCRIPTION:
        raise RequestError(
            ErrorCode.SUBSCRIPTION_NEEDS_WEBSOCKET,
            "Subscriptions need a websocket of the protocol graphql-transport-ws.",
        )
    if kind is OperationType.MUTATION and request.method == "GET":
        raise RequestError(ErrorCode.METHOD_NOT_ALLOWED, "A mutation needs POST.", headers={"Allow": "POST"})
    executed = execute_operation(document, operation, context=context)
    # A mutation that is canceled on its way might have done half of its fields.
    result = await (unless_gone(executed, request.receive) if kind is OperationType.QUERY else executed)
    return result_payload(result, request_id=request_id)
