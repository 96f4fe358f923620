"""The sandbox's movable clock.

The API and the workers read its offset from the same file: `clock.json`, {"offset_seconds": 864000.0}.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sandbox.data_folder import read_json, unreadable, write_json
from sandbox.refusals import Refusal

# What is computed from now (an hour, a year later) must still be a date that Python can hold.
LATEST = datetime(9900, 1, 1, tzinfo=UTC)


class MovableClock:
    """A clock that can be moved forward and never goes back."""

    def __init__(self, real: Callable[[], datetime], file: Path) -> None:
        """Load the offset from the file.

        Raises:
            DataFolderUnusable: the file cannot be read.
        """
        self._real = real
        self._file = file
        self._offset = self._load_offset()

    @property
    def offset_seconds(self) -> float:
        """Return by how many seconds the clock is ahead of the real one."""
        return self._offset.total_seconds()

    def now(self) -> datetime:
        """Return the sandbox's instant: aware, UTC."""
        return self._real().astimezone(UTC) + self._offset

    def advance(self, seconds: object) -> None:
        """Move the clock forward by a number of seconds.

        Raises:
            Refusal: not a positive number, or beyond the year 9900.
        """
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
            raise Refusal(400, "invalid_request", "advance_seconds must be a number of seconds above 0.")
        if seconds > (LATEST - self.now()).total_seconds():
            raise Refusal(400, "invalid_request", f"advance_seconds would move the clock beyond {LATEST.year - 1}.")
        offset = self._offset + timedelta(seconds=seconds)
        write_json(self._file, {"offset_seconds": offset.total_seconds()})
        self._offset = offset

    def _load_offset(self) -> timedelta:
        kept = read_json(self._file)
        if kept is None:
            return timedelta(0)
        seconds = kept.get("offset_seconds") if isinstance(kept, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
            raise unreadable(self._file)
        if not 0 <= seconds <= (LATEST - self._real()).total_seconds():
            raise unreadable(self._file)
        return timedelta(seconds=seconds)
