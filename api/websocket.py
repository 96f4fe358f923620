"""How is GraphQL served over a websocket at /graphql?

The protocol is graphql-transport-ws and no other. Whatever a client sends ends in an answer or in a close code of the
protocol, and an operation that fails ends alone.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from api.authentication import NotAuthenticated, caller_of_authorization, caller_of_cookie, nobody
from api.context import Context
from api.errors import log, new_request_id
from api.http_request import MAX_BODY_BYTES
from api.origin import has_own_origin
from api.runtime import Runtime, runtime_of
from api.streaming import Outcome, outcomes
from api.websocket_messages import (
    PROTOCOL,
    CloseCode,
    Complete,
    ConnectionInit,
    Message,
    Ping,
    Subscribe,
    Violation,
    read_message,
)
from domain.errors import TryAgain
from domain.rules.sign_in import ProviderUnavailable

INITIALIZATION_SECONDS = 5.0
MAX_OPERATIONS = 50


async def graphql_websocket(websocket: WebSocket) -> None:
    """Serve one websocket until either side closes it."""
    if PROTOCOL not in websocket.scope["subprotocols"]:
        await websocket.accept()
        await websocket.close(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
        return
    await websocket.accept(PROTOCOL)
    served = _Connection(websocket, runtime_of(websocket))
    try:
        await served.serve()
    except Violation as violation:
        log.info("graphql_websocket_refused", code=int(violation.code))
        await served.end_operations()
        await websocket.close(violation.code, violation.reason)
    except WebSocketDisconnect:
        pass
    finally:
        await served.end_operations()


class _Connection:
    """One client's websocket and the operations that run over it."""

    def __init__(self, websocket: WebSocket, runtime: Runtime) -> None:
        self._websocket = websocket
        self._runtime = runtime
        self._caller = nobody(websocket)
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Take the client's introduction, then its messages.

        Raises:
            Violation: the client broke the protocol.
            WebSocketDisconnect: the client has gone.
        """
        try:
            async with asyncio.timeout(INITIALIZATION_SECONDS):
                parameters = await self._introduction()
        except TimeoutError:
            raise Violation(CloseCode.INITIALIZATION_TIMEOUT, "Connection initialisation timeout") from None
        await self._authenticate(parameters)
        await self._send({"type": "connection_ack"})
        while True:
            await self._take(await self._receive())

    async def end_operations(self) -> None:
        """Stop whatever still runs."""
        running = list(self._operations.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _introduction(self) -> Mapping[str, Any]:
        while True:
            message = await self._receive()
            match message:
                case ConnectionInit(parameters):
                    return parameters
                case Subscribe():
                    raise Violation(CloseCode.UNAUTHORIZED, "Unauthorized")
                case _:
                    await self._take(message)

    async def _authenticate(self, parameters: Mapping[str, Any]) -> None:
        """Find out who connects: by a bearer token, or from our own pages by the session's cookie."""
        authorization = parameters.get("authorization")
        now = self._runtime.clock()
        try:
            if authorization is not None:
                self._caller = await caller_of_authorization(str(authorization), self._runtime, now=now)
            elif has_own_origin(self._websocket, self._runtime.settings):
                self._caller = await caller_of_cookie(self._websocket, self._runtime, now=now)
        except NotAuthenticated:
            raise Violation(CloseCode.FORBIDDEN, "Forbidden") from None
        except (TryAgain, ProviderUnavailable):
            raise Violation(CloseCode.TRY_AGAIN, "Try again") from None

    async def _take(self, message: Message) -> None:
        match message:
            case ConnectionInit():
                raise Violation(CloseCode.TOO_MANY_INITIALIZATIONS, "Too many initialisation requests")
            case Ping():
                await self._send({"type": "pong"})
            case Subscribe(identifier, _):
                await self._know_the_viewer_again()
                if identifier in self._operations:
                    raise Violation(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {identifier[:60]} already exists")
                if len(self._operations) >= MAX_OPERATIONS:
                    raise Violation(CloseCode.BAD_MESSAGE, f"At most {MAX_OPERATIONS} operations at a time")
                self._operations[identifier] = asyncio.create_task(self._run(message))
            case Complete(identifier):
                task = self._operations.pop(identifier, None)
                if task is not None:
                    task.cancel()

    async def _know_the_viewer_again(self) -> None:
        """Look anew at who asks: since the connection was made they may have been removed, or have another role (R8).

        Raises:
            Violation: they have no access any more.
        """
        if self._caller.look_again is None:
            return
        try:
            viewer = await self._caller.look_again(self._runtime.clock())
        except TryAgain:
            raise Violation(CloseCode.TRY_AGAIN, "Try again") from None
        if viewer is None:
            raise Violation(CloseCode.FORBIDDEN, "Forbidden")
        self._caller = replace(self._caller, viewer=viewer)

    async def _run(self, message: Subscribe) -> None:
        """Run one operation and tell its outcomes; it is over before its last message is sent."""
        context = Context(runtime=self._runtime, caller=self._caller, now=self._runtime.clock())
        this = asyncio.current_task()
        last: Outcome | None = None
        try:
            async for last in outcomes(message.request, context, request_id=new_request_id()):
                if not last.is_request_error:
                    await self._send({"id": message.id, "type": "next", "payload": last.payload})
            self._forget(message.id, this)
            if last is not None and last.is_request_error:
                await self._send({"id": message.id, "type": "error", "payload": last.payload["errors"]})
            else:
                await self._send({"id": message.id, "type": "complete"})
        except WebSocketDisconnect:
            pass
        finally:
            self._forget(message.id, this)

    def _forget(self, identifier: str, task: asyncio.Task[Any] | None) -> None:
        # The client may have ended the operation and started another under the same id.
        if self._operations.get(identifier) is task:
            del self._operations[identifier]

    async def _receive(self) -> Message:
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        text = event.get("text")
        if text is None:
            raise Violation(CloseCode.BAD_MESSAGE, "A message must be text")
        if len(text) > MAX_BODY_BYTES:
            raise Violation(CloseCode.MESSAGE_TOO_BIG, "The message is too big")
        return read_message(text)

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self._websocket.send_text(json.dumps(message, separators=(",", ":"), allow_nan=False))
