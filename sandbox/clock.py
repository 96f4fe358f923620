"""The sandbox's movable clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
        kept = read_json(file)
        seconds: Any = 0 if kept is None else kept.get("offset_seconds") if isinstance(kept, dict) else None
        # The comparison also refuses what is no number, which a file can hold as NaN.
        if type(seconds) not in (int, float) or not 0 <= seconds <= (LATEST - real()).total_seconds():
            raise unreadable(file)
        self._offset = timedelta(seconds=seconds)

    @property
    def offset_seconds(self) -> float:
        return self._offset.total_seconds()

    def now(self) -> datetime:
        return self._real().astimezone(UTC) + self._offset

    def advance(self, seconds: Any) -> None:
        """Move the clock forward by a number of seconds.

        Raises:
            Refusal: not a positive number, or beyond the year 9900.
        """
        # Not isinstance: to Python true is a number. The comparison refuses NaN.
        if type(seconds) not in (int, float) or not seconds > 0:
            raise Refusal(400, "invalid_request", "advance_seconds must be a number of seconds above 0.")
        if seconds > (LATEST - self.now()).total_seconds():
            raise Refusal(400, "invalid_request", f"advance_seconds would move the clock beyond {LATEST.year - 1}.")
        offset = self._offset + timedelta(seconds=seconds)
        # The API and the workers read the same file.
        write_json(self._file, {"offset_seconds": offset.total_seconds()})
        self._offset = offset
