"""How much of a minute's budget is used, and when is there room again?

By two counters, of the calendar minute under way and of the one before, of which as much counts as a minute ending now
still covers. Everything is whole numbers, so what is told of the future comes true to the microsecond.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WINDOW_SECONDS = 60
_WINDOW = timedelta(seconds=WINDOW_SECONDS)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LENGTH = _WINDOW // _MICROSECOND


def window_of(instant: datetime) -> int:
    """Return the number of the window that an instant (aware) lies in."""
    return (instant - _EPOCH) // _WINDOW


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What was used in the window of an instant (aware) and in the one before, in points."""

    now: datetime
    previous: int
    current: int

    def allows(self, limit: int) -> bool:
        """Tell whether what is used is within a limit."""
        return self._scaled() <= limit * _LENGTH

    def remaining(self, limit: int) -> int:
        """Return how many whole points are left."""
        return max(0, (limit * _LENGTH - self._scaled()) // _LENGTH)

    def reset_at(self) -> datetime:
        """Return the first instant (aware, UTC) at which all of this counts no more."""
        begins_at = _EPOCH + window_of(self.now) * _WINDOW
        return begins_at + 2 * _WINDOW if self.current else begins_at + _WINDOW if self.previous else self.now

    def without(self, points: int) -> "Usage":
        """Return the usage as it is without some points of the current window."""
        return Usage(now=self.now, previous=self.previous, current=self.current - points)

    def at(self, later: datetime, *, more: int = 0) -> "Usage":
        """Return the usage at a later instant (aware), if only ``more`` is used, then."""
        passed = window_of(later) - window_of(self.now)
        counts = (self.previous, self.current, 0, 0)[passed : passed + 2] if passed <= 2 else (0, 0)
        return Usage(now=later, previous=counts[0], current=counts[1] + more)

    def _scaled(self) -> int:
        elapsed = (self.now - _EPOCH) % _WINDOW // _MICROSECOND
        return self.previous * (_LENGTH - elapsed) + self.current * _LENGTH


def seconds_until(is_so: Callable[[datetime], bool], now: datetime) -> int:
    """Return after how many whole seconds, at least one, something is so that is so in two windows for certain."""
    for seconds in range(1, 2 * WINDOW_SECONDS):
        if is_so(now + timedelta(seconds=seconds)):
            return seconds
    return 2 * WINDOW_SECONDS
