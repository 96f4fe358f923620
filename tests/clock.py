"""The time in tests."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 3, 14, 30, tzinfo=UTC)


class FrozenClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the instant at which the clock stands."""
        return self.now

    def advance(self, duration: timedelta) -> datetime:
        """Move the clock and return the instant at which it stands."""
        self.now += duration
        return self.now
