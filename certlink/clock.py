"""The clocks: real time, or the sandbox's."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.settings import Settings


def programme_clock(settings: Settings) -> Callable[[], datetime]:
    """Return the real clock, or in sandbox mode the sandbox's, which can be moved."""
    if not (settings.sandbox and settings.sandbox_clock):
        return real_now
    file = Path(settings.sandbox_clock)

    def sandbox_now() -> datetime:
        # Read at every call: the sandbox moves the clock of processes that run.
        try:
            offset = float(json.loads(file.read_text())["offset_seconds"])
        except FileNotFoundError:
            offset = 0.0
        return real_now() + timedelta(seconds=offset)

    return sandbox_now


def real_now() -> datetime:
    return datetime.now(UTC)
