"""Log faults of the application without their values, and answer them."""

from collections.abc import Callable
from contextlib import suppress

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import FAULT_SENTENCE, fault_payload, log, request_id_of
from domain.faults import describe_fault

INTERNAL_ERROR = 1011
ShowFault = Callable[[Request, str], Response]


def fault_as_json(request: Request, request_id: str) -> Response:
    return JSONResponse(fault_payload(request_id=request_id), 500)


class FaultBoundary:
    """ASGI middleware that lets no fault reach the server, which would print its values."""

    def __init__(self, app: ASGIApp, show: ShowFault = fault_as_json) -> None:
        self._app = app
        self._show = show

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            # When a start fails, Starlette sends the whole traceback.
            await send({**message, "message": ""} if message["type"].startswith("lifespan.") else message)

        try:
            await self._app(scope, receive, watched)
        except Exception as fault:
            if scope["type"] == "lifespan":
                log.error("lifespan_fault", **describe_fault(fault))
                # The server ends the process, and prints nothing of this.
                raise
            request_id = request_id_of(HTTPConnection(scope))
            route = getattr(scope.get("route"), "path", None)
            log.error("request_fault", route=route, request_id=request_id, **describe_fault(fault))
            if scope["type"] == "websocket":
                with suppress(RuntimeError, OSError):
                    await send({"type": "websocket.close", "code": INTERNAL_ERROR})
            elif not has_begun:
                await self._answer(Request(scope), request_id)(scope, receive, send)
            # Else the server cuts the connection, so that no client takes a part for the whole.

    def _answer(self, request: Request, request_id: str) -> Response:
        try:
            response = self._show(request, request_id)
        except Exception as fault:
            log.error("request_fault", request_id=request_id, **describe_fault(fault))
            response = PlainTextResponse(f"{FAULT_SENTENCE} {request_id}", 500)
        response.headers["X-Request-Id"] = request_id
        response.headers["Cache-Control"] = "no-store"
        return response
