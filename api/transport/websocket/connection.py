"""Serve websockets of GraphQL, by the protocol graphql-transport-ws."""

import asyncio
import json
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from api.auth.authentication import NotAuthenticated, caller_of_authorization, caller_of_cookie, nobody
from api.auth.callers import Caller
from api.auth.csrf import has_own_origin
from api.errors import log, log_fault, request_id_of
from api.limits.concurrency import LimitReached
from api.runtime import Runtime, runtime_of
from api.transport.request import MAX_BODY_BYTES
from api.transport.websocket.messages import (
    PROTOCOL,
    CloseCode,
    Complete,
    ConnectionInit,
    Message,
    Ping,
    ProtocolError,
    Subscribe,
    read_message,
)
from api.transport.websocket.operations import Operations
from api.transport.websocket.revocation import Access, AccessEnded
from domain.errors import TryAgain
from domain.rules.sign_in import ProviderUnavailable

INITIALIZATION_SECONDS = 5.0
SEND_SECONDS = 10.0
CLOSE_SECONDS = 1.0
MAX_CONNECTIONS_OF_CALLER = 20
# Anonymous callers, and those not known yet, share an address with many others.
MAX_CONNECTIONS_OF_ADDRESS = 500
MAX_MESSAGES = 1_000
MESSAGES_SECONDS = 10.0


async def graphql_websocket(websocket: WebSocket) -> None:
    """Serve one websocket until either side closes it: whatever a client sends ends in an answer or a close code."""
    error = ProtocolError(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
    is_acceptable = PROTOCOL in websocket.scope["subprotocols"]
    await websocket.accept(PROTOCOL if is_acceptable else None)
    if is_acceptable:
        try:
            await _Connection(websocket, runtime_of(websocket)).serve()
            return
        except WebSocketDisconnect:
            return
        except ProtocolError as broken:
            error = broken
        except AccessEnded:
            error = ProtocolError(CloseCode.FORBIDDEN, "Access has ended")
        except Exception as fault:
            log_fault(fault, request_id=request_id_of(websocket))
            error = ProtocolError(CloseCode.INTERNAL_FAULT, "Internal server error")
    log.info("graphql_websocket_closed", code=int(error.code))
    # The client may not read any more, or have gone.
    with suppress(WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await websocket.close(error.code, error.reason)


class _Connection:
    def __init__(self, websocket: WebSocket, runtime: Runtime) -> None:
        self._websocket = websocket
        self._runtime = runtime
        self._is_over = asyncio.Event()
        self._ending: Exception | None = None
        self._messages = 0
        self._counted_from = 0.0

    async def serve(self) -> None:
        # Counted apart from those who stay, so that strangers cannot keep the members who share their address out.
        with self._slot(f"introducing {nobody(self._websocket).name}", MAX_CONNECTIONS_OF_ADDRESS):
            caller = await self._initialized()
        limit = MAX_CONNECTIONS_OF_ADDRESS if caller.viewer is None else MAX_CONNECTIONS_OF_CALLER
        with self._slot(caller.name, limit):
            access = Access(caller, self._runtime)
            operations = Operations(caller, access, self._runtime.operations, send=self._send, fail=self._end)
            await self._send({"type": "connection_ack"})
            parts = [asyncio.create_task(self._part(work)) for work in (access.watch(), self._listen(operations))]
            try:
                await self._is_over.wait()
            finally:
                # Nothing is sent from here on, whatever is still under way.
                self._end(WebSocketDisconnect())
                for part in parts:
                    part.cancel()
                await operations.end()
                await asyncio.wait(parts)
            if self._ending is not None:
                raise self._ending

    @contextmanager
    def _slot(self, name: str, limit: int) -> Iterator[None]:
        try:
            release = self._runtime.connections.acquire(name, limit=limit)
        except LimitReached:
            raise ProtocolError(CloseCode.TRY_AGAIN_LATER, "Too many connections") from None
        try:
            yield
        finally:
            release()

    async def _initialized(self) -> Caller:
        try:
            async with asyncio.timeout(INITIALIZATION_SECONDS):
                while not isinstance(message := await self._receive(), ConnectionInit):
                    if isinstance(message, Subscribe):
                        raise ProtocolError(CloseCode.UNAUTHORIZED, "Unauthorized")
                    if isinstance(message, Ping):
                        await self._send({"type": "pong"})
        except TimeoutError:
            raise ProtocolError(CloseCode.INITIALIZATION_TIMEOUT, "Connection initialisation timeout") from None
        try:
            # Parameters too, since a browser cannot add a header to a websocket; our own pages have only the cookie.
            now = self._runtime.clock()
            proofs = [value for name, value in message.parameters.items() if name.lower() == "authorization"]
            proofs = [proof for proof in proofs if proof is not None]
            proofs += self._websocket.headers.getlist("authorization")
            if proofs:
                return await caller_of_authorization(str(proofs[0]), self._runtime, now=now)
            if has_own_origin(self._websocket, self._runtime.settings):
                return await caller_of_cookie(self._websocket, self._runtime, now=now)
            return nobody(self._websocket)
        except NotAuthenticated:
            raise ProtocolError(CloseCode.FORBIDDEN, "Forbidden") from None
        except (TryAgain, ProviderUnavailable):
            raise ProtocolError(CloseCode.TRY_AGAIN, "Try again") from None

    async def _listen(self, operations: Operations) -> None:
        while True:
            match await self._receive():
                case ConnectionInit():
                    raise ProtocolError(CloseCode.TOO_MANY_INITIALIZATIONS, "Too many initialisation requests")
                case Ping():
                    await self._send({"type": "pong"})
                case Subscribe() as message:
                    await operations.start(message)
                case Complete(identifier):
                    operations.complete(identifier)

    async def _part(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as ending:
            self._end(ending)

    def _end(self, ending: Exception) -> None:
        # The first ending is the reason.
        if self._ending is None:
            self._ending = ending
        self._is_over.set()

    async def _receive(self) -> Message:
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        now = asyncio.get_running_loop().time()
        if now - self._counted_from > MESSAGES_SECONDS:
            self._messages, self._counted_from = 0, now
        self._messages += 1
        if self._messages > MAX_MESSAGES:
            raise ProtocolError(CloseCode.POLICY_VIOLATED, "Too many messages")
        text = event.get("text")
        if text is None:
            raise ProtocolError(CloseCode.BAD_MESSAGE, "A message must be text")
        if len(text.encode()) > MAX_BODY_BYTES:
            raise ProtocolError(CloseCode.MESSAGE_TOO_BIG, "The message is too big")
        return read_message(text)

    async def _send(self, message: Mapping[str, Any]) -> None:
        if self._ending is not None:
            raise WebSocketDisconnect
        text = json.dumps(message, separators=(",", ":"), allow_nan=False)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._websocket.send_text(text)
        except TimeoutError:
            # What a client does not read has to be kept for it.
            raise ProtocolError(CloseCode.TRY_AGAIN_LATER, "Read faster") from None
