"""Let others run between the parts of a large answer."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

Item = TypeVar("Item")


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
