"""Start, run and end the operations of a connection.

An operation that fails ends alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from api.auth.callers import Caller
from api.errors import ErrorCode, RequestError, new_request_id, request_error_payload
from api.limits.concurrency import ConcurrencyLimiter, LimitReached
from api.transport.request import GraphQLRequest
from api.transport.websocket.execution import Outcome, outcomes
from api.transport.websocket.messages import CloseCode, ProtocolError, Subscribe
from api.transport.websocket.revocation import Access

MAX_OPERATIONS = 50
MAX_OPERATIONS_OF_CALLER = 200
# Anonymous callers share an address with many others.
MAX_OPERATIONS_OF_ADDRESS = 1_000
SHUTDOWN_SECONDS = 5.0

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Operations:
    """The operations that run over a connection."""

    def __init__(
        self,
        caller: Caller,
        access: Access,
        limiter: ConcurrencyLimiter,
        *,
        send: Send,
        fail: Callable[[Exception], None],
    ) -> None:
        self._caller = caller
        self._access = access
        self._limiter = limiter
        self._send = send
        self._fail = fail
        self._running: dict[str, asyncio.Task[None]] = {}
        # Also canceled ones that are not over yet.
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, message: Subscribe) -> None:
        """Start an operation, or refuse it where it cannot be understood or is one too many.

        Raises:
            ProtocolError: an operation with this id runs already.
        """
        if message.id in self._running:
            raise ProtocolError(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {message.id[:60]} already exists")
        if isinstance(message.request, RequestError):
            await self._refuse(message, message.request)
            return
        try:
            if len(self._running) >= MAX_OPERATIONS:
                raise LimitReached
            limit = MAX_OPERATIONS_OF_ADDRESS if self._caller.viewer is None else MAX_OPERATIONS_OF_CALLER
            release = self._limiter.acquire(self._caller.name, limit=limit)
        except LimitReached:
            error = RequestError(
                ErrorCode.TOO_MANY_OPERATIONS, f"At most {MAX_OPERATIONS} operations run over a connection at a time."
            )
            await self._refuse(message, error)
            return
        task = asyncio.create_task(self._run(message, message.request))
        self._running[message.id] = task
        self._tasks.add(task)
        # A task that is canceled before it began runs nothing of its own.
        task.add_done_callback(lambda _: release())
        task.add_done_callback(self._tasks.discard)

    def complete(self, identifier: str) -> None:
        """End an operation that the client has completed; one that is over is no mistake."""
        task = self._running.pop(identifier, None)
        if task is not None:
            task.cancel()

    async def end(self) -> None:
        """End all operations."""
        self._running.clear()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=SHUTDOWN_SECONDS)

    async def _refuse(self, message: Subscribe, error: RequestError) -> None:
        payload = request_error_payload(error, request_id=new_request_id())
        await self._send({"id": message.id, "type": "error", "payload": payload["errors"]})

    async def _run(self, message: Subscribe, request: GraphQLRequest) -> None:
        last: Outcome | None = None
        try:
            async with aclosing(outcomes(request, self._access, request_id=new_request_id())) as results:
                async for last in results:
                    if not last.is_request_error:
                        await self._send_if_current({"id": message.id, "type": "next", "payload": last.payload})
            if last is not None and last.is_request_error:
                await self._send_if_current({"id": message.id, "type": "error", "payload": last.payload["errors"]})
            else:
                await self._send_if_current({"id": message.id, "type": "complete"})
        except Exception as ending:
            self._fail(ending)
        # The client may have ended this operation and started another under the same id.
        if self._running.get(message.id) is asyncio.current_task():
            del self._running[message.id]

    async def _send_if_current(self, message: Mapping[str, Any]) -> None:
        """Send a message of an operation that has not been ended."""
        await self._access.check()
        if self._running.get(message["id"]) is asyncio.current_task():
            await self._send(message)
