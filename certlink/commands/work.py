"""Work on what is due until told to stop."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from certlink.clock import programme_clock, real_now
from certlink.commands.runner import load_settings, stop
from certlink.readiness import NOT_READY
from domain.settings import Settings
from workers.main import work as work_until_stopped

# One look may take as long as six slow calls of a provider.
HEARTBEAT_GRACE_SECONDS = 120


def work(
    check: Annotated[bool, typer.Option("--check", help="Only tell whether the worker beside this one works.")] = False,
) -> None:
    """Work on what is due: take callbacks, let credits take effect."""
    settings = load_settings()
    if check:
        check_heartbeat(settings)
    else:
        asyncio.run(work_until_stopped(settings, programme_clock(settings)))


def check_heartbeat(settings: Settings) -> None:
    """End with exit code 3 where the worker's sign of life is missing or old."""
    if settings.heartbeat_file is None:
        stop("CERTLINK_HEARTBEAT_FILE is not set, so the worker leaves no sign of life", NOT_READY)
    try:
        age = real_now().timestamp() - Path(settings.heartbeat_file).stat().st_mtime
    except OSError:
        stop("the worker has not looked for work yet", NOT_READY)
    if age > settings.sweep_seconds + HEARTBEAT_GRACE_SECONDS:
        stop(f"the worker last looked for work {age:.0f} s ago", NOT_READY)
