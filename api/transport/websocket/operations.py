"""Which operations run over one connection, and when does each end?

One that fails ends alone; what it may not tell any more is not told.
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
# Whom nobody knows shares an address with many others.
MAX_OPERATIONS_OF_ADDRESS = 1_000
END_SECONDS = 5.0

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Operations:
    """What a client has started over its connection and neither side has ended."""

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
        # Also those that the client has ended and that have not noticed yet.
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, asked: Subscribe) -> None:
        """Start an operation, or tell that it cannot be understood or is one too many.

        Raises:
            ProtocolError: an operation with this id runs already.
        """
        if asked.id in self._running:
            raise ProtocolError(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {asked.id[:60]} already exists")
        if isinstance(asked.request, RequestError):
            await self._refuse(asked, asked.request)
            return
        try:
            if len(self._running) >= MAX_OPERATIONS:
                raise LimitReached
            limit = MAX_OPERATIONS_OF_ADDRESS if self._caller.viewer is None else MAX_OPERATIONS_OF_CALLER
            release = self._limiter.acquire(self._caller.name, limit=limit)
        except LimitReached:
            await self._refuse(asked, _too_many_operations())
            return
        task = asyncio.create_task(self._run(asked, asked.request))
        self._running[asked.id] = task
        self._tasks.add(task)
        # A task that is canceled before it began runs nothing of its own.
        task.add_done_callback(lambda _: release())
        task.add_done_callback(self._tasks.discard)

    def complete(self, identifier: str) -> None:
        """End an operation because the client does not listen any more; one that is over is no mistake."""
        task = self._running.pop(identifier, None)
        if task is not None:
            task.cancel()

    async def end(self) -> None:
        """End whatever still runs."""
        self._running.clear()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=END_SECONDS)

    async def _refuse(self, asked: Subscribe, error: RequestError) -> None:
        payload = request_error_payload(error, request_id=new_request_id())
        await self._send({"id": asked.id, "type": "error", "payload": payload["errors"]})

    async def _run(self, asked: Subscribe, request: GraphQLRequest) -> None:
        last: Outcome | None = None
        try:
            async with aclosing(outcomes(request, self._access, request_id=new_request_id())) as told:
                async for last in told:
                    if not last.is_request_error:
                        await self._tell({"id": asked.id, "type": "next", "payload": last.payload})
            if last is not None and last.is_request_error:
                await self._tell({"id": asked.id, "type": "error", "payload": last.payload["errors"]})
            else:
                await self._tell({"id": asked.id, "type": "complete"})
        except Exception as ending:
            self._fail(ending)
        # The client may have ended this operation and started another under the same id.
        if self._running.get(asked.id) is asyncio.current_task():
            del self._running[asked.id]

    async def _tell(self, message: Mapping[str, Any]) -> None:
        """Tell something of an operation, unless somebody has ended it or its caller has no access any more."""
        await self._access.check()
        if self._running.get(message["id"]) is asyncio.current_task():
            await self._send(message)


def _too_many_operations() -> RequestError:
    return RequestError(
        ErrorCode.TOO_MANY_OPERATIONS, f"At most {MAX_OPERATIONS} operations run over a connection at a time."
    )
