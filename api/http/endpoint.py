"""How is GraphQL served over HTTP at /graphql?"""

import json
from datetime import datetime
from typing import Any

from graphql import OperationType
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from api.admission import admit
from api.authentication import NotAuthenticated, caller_of_request
from api.callers import Caller
from api.context import Context
from api.cookies import SESSION, read_cookie
from api.errors import ErrorCode, RequestError, fault_payload, new_request_id, request_error_payload, result_payload
from api.execute import execute_operation
from api.http.accept import GRAPHQL_RESPONSE, JSON, chosen_media_type
from api.http.statuses import status_of
from api.origin import is_same_origin
from api.request import read_request
from api.runtime import Runtime, runtime_of
from api.websocket.endpoint import graphql_websocket
from domain.errors import TryAgain
from domain.rules.sign_in import ProviderUnavailable
from domain.settings import Settings

PATH = "/graphql"
METHODS = "GET, POST"
HEADERS = {"Cache-Control": "no-store", "Vary": "Accept, Authorization, Cookie", "X-Content-Type-Options": "nosniff"}


def graphql_routes(settings: Settings) -> list[BaseRoute]:
    """Return the routes of GraphQL over HTTP and over websockets.

    Front-ends at the configured origins may call with bearer tokens; cookies are never shared with other origins.
    """
    front_ends = Middleware(
        CORSMiddleware,
        allow_origins=settings.return_origins,
        allow_methods=("GET", "POST"),
        allow_headers=("Authorization",),
        expose_headers=("Retry-After", "X-Request-Id"),
    )
    return [Route(PATH, GraphQLEndpoint(), middleware=[front_ends]), WebSocketRoute(PATH, graphql_websocket)]


class GraphQLEndpoint:
    """The ASGI application behind the path; it answers every method itself, in GraphQL's own shape."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await respond(Request(scope, receive))
        await response(scope, receive, send)


async def respond(request: Request) -> Response:
    """Return the response to a request: whatever happens, it has GraphQL's shape and a code."""
    request_id = new_request_id()
    media_type = chosen_media_type(request.headers.get("accept"))
    try:
        payload, status, headers = await _answer(request, media_type, request_id), 200, {}
    except RequestError as error:
        media_type = media_type or JSON
        payload = request_error_payload(error, request_id=request_id)
        status, headers = status_of(error.code, media_type=media_type), error.headers
    except Exception as fault:
        payload = fault_payload(fault, request_id=request_id)
        status, headers = status_of(ErrorCode.INTERNAL_FAULT, media_type=media_type or JSON), {}
    return Response(
        json.dumps(payload, separators=(",", ":"), allow_nan=False),
        status_code=status,
        headers={**HEADERS, "X-Request-Id": request_id, **headers},
        media_type=f"{media_type or JSON}; charset=utf-8",
    )


async def _answer(request: Request, media_type: str | None, request_id: str) -> dict[str, Any]:
    runtime = runtime_of(request)
    _check_wire(request, media_type, runtime)
    asked = await read_request(request)
    now = runtime.clock()
    context = Context(runtime=runtime, caller=await _caller(request, runtime, now), now=now)
    document, context = await admit(asked, context)
    _check_transport(request, document.operation_type(asked.operation_name))
    result = await execute_operation(document, asked.operation_name, asked.variables, context=context)
    return result_payload(result, request_id=request_id)


def _check_wire(request: Request, media_type: str | None, runtime: Runtime) -> None:
    """Refuse what is wrong before the request is read."""
    has_header = "authorization" in request.headers
    if request.method not in {"GET", "POST"}:
        raise RequestError(ErrorCode.METHOD_NOT_ALLOWED, f"Use {METHODS}.", headers={"Allow": METHODS})
    if media_type is None:
        raise RequestError(ErrorCode.NOT_ACCEPTABLE, f"The answer can be {GRAPHQL_RESPONSE} or {JSON}.")
    if request.method == "GET" and not has_header:
        # A link on another site can make a browser send its cookie with a GET.
        raise _not_authenticated("A GET needs an Authorization header; other callers use POST.")
    has_cookie = read_cookie(request, SESSION, runtime.settings) is not None
    if has_cookie and not has_header and not is_same_origin(request, runtime.settings):
        raise RequestError(
            ErrorCode.CROSS_SITE_REQUEST, "A session's cookie counts only for requests of our own pages."
        )


def _check_transport(request: Request, kind: OperationType) -> None:
    """Refuse an operation that this method or this transport cannot carry."""
    if kind is OperationType.SUBSCRIPTION:
        raise RequestError(
            ErrorCode.SUBSCRIPTION_NEEDS_WEBSOCKET,
            "Subscriptions need a websocket of the protocol graphql-transport-ws.",
        )
    if kind is OperationType.MUTATION and request.method == "GET":
        raise RequestError(ErrorCode.METHOD_NOT_ALLOWED, "A mutation needs POST.", headers={"Allow": "POST"})


async def _caller(request: Request, runtime: Runtime, now: datetime) -> Caller:
    try:
        return await caller_of_request(request, runtime, now=now)
    except NotAuthenticated:
        raise _not_authenticated("The Authorization header stands for no active member or API client.") from None
    except (TryAgain, ProviderUnavailable) as error:
        raise RequestError(ErrorCode.TRY_AGAIN, error.message, headers={"Retry-After": "5"}) from None


def _not_authenticated(sentence: str) -> RequestError:
    return RequestError(ErrorCode.NOT_AUTHENTICATED, sentence, headers={"WWW-Authenticate": 'Bearer realm="certlink"'})
