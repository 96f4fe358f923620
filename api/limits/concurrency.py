"""How much of something does each caller, or do all of them together, hold at a time in this process?"""

from collections import Counter
from collections.abc import Callable


class LimitReached(Exception):
    """A caller holds as much as it may."""


class ConcurrencyLimiter:
    """Counts what each caller holds; what nobody holds any more takes no memory."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return how many slots are taken by all callers together."""
        return self._taken.total()

    def acquire(self, name: str, *, limit: int) -> Callable[[], None]:
        """Take one of a caller's slots and return what gives it back.

        Raises:
            LimitReached: the caller has as many as the limit allows.
        """
        if self._taken[name] >= limit:
            raise LimitReached
        self._taken[name] += 1

        def release() -> None:
            self._taken[name] -= 1
            if not self._taken[name]:
                del self._taken[name]

        return release
