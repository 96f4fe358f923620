"""Limit how many scorings run at a time, in a fair order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

Result = TypeVar("Result")

# A scoring holds the interpreter: more of them at once would not end sooner, and everybody else would wait.
SCORINGS_AT_ONCE = 2


class ScoringSlots:
    """Slots for two scorings of this process, of different organizations.

    One operation of each organization has its turn at a time; those that have it share the slots. Both are served in
    the order of arrival. An operation queues for a slot again with each piece of its work, so that an organization that
    asks for much does not keep another's few pieces waiting.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(SCORINGS_AT_ONCE)
        self._queues: dict[int, _Queue] = {}

    def __len__(self) -> int:
        return len(self._queues)

    @asynccontextmanager
    async def turn(self, organization_id: int) -> AsyncIterator["Turn"]:
        """Wait for an organization's turn, and keep it for the block and until its thread is done."""
        queue = self._queues.setdefault(organization_id, _Queue())
        queue.users += 1
        try:
            await queue.lock.acquire()
        except BaseException:
            self._leave(organization_id, queue)
            raise
        turn = Turn(self._free)

        def end_turn() -> None:
            queue.lock.release()
            self._leave(organization_id, queue)

        try:
            yield turn
        finally:
            turn.when_idle(end_turn)

    async def run(self, organization_id: int, work: Callable[[], Result]) -> Result:
        """Do a piece of work in a thread, in an organization's turn."""
        async with self.turn(organization_id) as turn:
            return await turn.run(work)

    def _leave(self, organization_id: int, queue: "_Queue") -> None:
        queue.users -= 1
        if not queue.users:
            del self._queues[organization_id]


class Turn:
    """Runs the work of the operation that has its organization's turn, piece by piece."""

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free = free
        self._work: asyncio.Task[object] | None = None

    async def run(self, work: Callable[[], Result]) -> Result:
        """Wait for a slot and do a piece of work in a thread."""
        await self._free.acquire()
        # A thread cannot be stopped: if the caller is canceled, the slot is free once the thread is done.
        task = asyncio.create_task(asyncio.to_thread(work))
        task.add_done_callback(lambda _: self._free.release())
        self._work = task
        return await asyncio.shield(task)

    def when_idle(self, release: Callable[[], None]) -> None:
        """Call a function once no thread works, at once if none does."""
        if self._work is None or self._work.done():
            release()
        else:
            self._work.add_done_callback(lambda _: release())


@dataclass
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0  # that have the turn or wait for it
