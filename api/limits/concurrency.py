"""Limit concurrency within this process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


class LimitReached(Exception):
    """All slots of a name are taken."""


class ConcurrencyLimiter:
    """Counts the slots that are taken under each name; a name without any takes no memory."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._taken.total()

    def acquire(self, name: str, *, limit: int) -> Callable[[], None]:
        """Take a slot under a name, and return the function that releases it.

        Raises:
            LimitReached: as many are taken as the limit allows.
        """
        if self._taken[name] >= limit:
            raise LimitReached
        self._taken[name] += 1

        def release() -> None:
            self._taken[name] -= 1
            if not self._taken[name]:
                del self._taken[name]

        return release


class Pacer:
    """Of all the large answers of a process, one part is built for each turn of the event loop."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def paced(self, items: Iterable[Item], *, at_once: int = 1) -> AsyncIterator[Item]:
        """Yield items, and give the event loop a turn before each so many."""
        for number, item in enumerate(items):
            if number % at_once == 0:
                # Without a pause nobody else is served meanwhile, and no deadline ends the answer.
                async with self._lock:
                    await asyncio.sleep(0)
            yield item
