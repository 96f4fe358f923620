"""Limit concurrency within this process."""

from collections import Counter
from collections.abc import Callable


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
