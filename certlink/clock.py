"""The clocks: real time, or the sandbox's."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.settings import Settings


def programme_clock(settings: Settings) -> Callable[[], datetime]:
    """Return the real clock, or in sandbox mode the sandbox's, which can be moved."""
    if settings.sandbox and settings.sandbox_clock:
        return _SandboxClock(Path(settings.sandbox_clock))
    return real_now


def real_now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return datetime.now(UTC)


class _SandboxClock:
    """Real time and an offset that the sandbox writes to a file; the file is read at every call."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self) -> datetime:
        try:
            offset = float(json.loads(self._file.read_text())["offset_seconds"])
        except FileNotFoundError:
            offset = 0.0
        return real_now() + timedelta(seconds=offset)
