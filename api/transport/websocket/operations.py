"""Start, run and end the operations of a connection."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, OperationType

from api.auth.callers import Caller
from api.errors import (
    ErrorCode,
    RequestError,
    fault_payload,
    field_errors,
    log_fault,
    new_request_id,
    request_error_payload,
    result_payload,
)
from api.graphql.context import Context
from api.limits.concurrency import ConcurrencyLimiter, LimitReached
from api.transport.admission import admit, charged
from api.transport.execute import execute_operation, subscribe
from api.transport.request import GraphQLRequest
from api.transport.websocket.messages import CloseCode, ProtocolError, Subscribe
from api.transport.websocket.revocation import Access, AccessEnded
from domain.errors import Refusal

MAX_OPERATIONS = 50
MAX_OPERATIONS_OF_CALLER = 200
# Anonymous callers share an address with many others.
MAX_OPERATIONS_OF_ADDRESS = 1_000
RETRY_SECONDS = 1.0
SHUTDOWN_SECONDS = 5.0

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Operations:
    """The operations that run over a connection; one that fails ends alone."""

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
        task = asyncio.create_task(self._run(message.id, message.request))
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

    async def _run(self, identifier: str, request: GraphQLRequest) -> None:
        task = asyncio.current_task()
        try:
            async with aclosing(self._messages(identifier, request)) as messages:
                async for message in messages:
                    await self._access.check()
                    # The client may have ended this operation, and started another under the same id.
                    if self._running.get(identifier) is task:
                        await self._send(message)
        except Exception as ending:
            self._fail(ending)
        if self._running.get(identifier) is task:
            del self._running[identifier]

    async def _messages(self, identifier: str, request: GraphQLRequest) -> AsyncGenerator[Mapping[str, Any], None]:
        request_id = new_request_id()
        last: dict[str, Any] = {"type": "complete"}
        try:
            async with aclosing(self._results(request)) as results:
                async for result in results:
                    yield {"id": identifier, "type": "next", "payload": result_payload(result, request_id=request_id)}
        except AccessEnded:
            raise
        except RequestError as error:
            last = {"type": "error", "payload": request_error_payload(error, request_id=request_id)["errors"]}
        except Refusal as refusal:
            refused = GraphQLError(refusal.message, original_error=refusal)
            last = {"type": "error", "payload": field_errors([refused], request_id=request_id)}
        except Exception as fault:
            log_fault(fault, request_id=request_id)
            last = {"type": "error", "payload": fault_payload(request_id=request_id)["errors"]}
        yield {"id": identifier, **last}

    async def _results(self, request: GraphQLRequest) -> AsyncGenerator[ExecutionResult, None]:
        """Yield the result of an operation, or of each event of a subscription."""
        await self._access.revalidate()
        document, context = await admit(request, await self._access.context())
        if document.operation_type(request.operation_name) is not OperationType.SUBSCRIPTION:
            yield await execute_operation(document, request, context=context)
            return
        events = await subscribe(document, request, context=context)
        async with aclosing(cast("AsyncGenerator[object, None]", events)) as source:
            async for event in source:
                # Each event has a context of its own, so that dataloaders never go stale.
                current = await self._charged_event(context.cost)
                yield await execute_operation(document, request, context=current, root=event)

    async def _charged_event(self, cost: int) -> Context:
        # No event may be lost: one for which no points are left waits until there are.
        while True:
            try:
                return await charged(cost, await self._access.context())
            except RequestError as refused:
                if refused.code is not ErrorCode.RATE_LIMITED:
                    raise
            await asyncio.sleep(RETRY_SECONDS)
