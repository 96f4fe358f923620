"""End the processes that a killed run left behind."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

from certlink.data_folder import process_identity

STOP_TIMEOUT_SECONDS = 5.0
KILL_TIMEOUT_SECONDS = 5.0
POLL_INTERVAL_SECONDS = 0.05


def remember(records: Path, name: str, pid: int) -> None:
    # With its start and the machine's boot, so that another program with the same id is left alone.
    records.mkdir(mode=0o700, parents=True, exist_ok=True)
    (records / name).write_text(f"{pid} {process_identity(pid)}")


def forget(records: Path, name: str) -> None:
    (records / name).unlink(missing_ok=True)


async def end_stale_processes(records: Path, say: Callable[[str], None]) -> None:
    """End every recorded process that still lives: ask it first, then kill its group."""
    for record in sorted(records.glob("*")):
        pid, _, identity = record.read_text().partition(" ")
        if pid.isdecimal() and identity == process_identity(int(pid)):
            say(f"ending {record.name}, left over from an earlier run (process {pid})")
            # All parts end cleanly on SIGINT: PostgreSQL by its fast shutdown, the others as on Ctrl-C.
            if not await _ends(int(pid), identity, signal.SIGINT, STOP_TIMEOUT_SECONDS):
                await _ends(int(pid), identity, signal.SIGKILL, KILL_TIMEOUT_SECONDS)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(pid), signal.SIGKILL)
        record.unlink()


async def _ends(pid: int, identity: str, number: signal.Signals, seconds: float) -> bool:
    """Send a signal and tell whether the process ends in time."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
    for _ in range(round(seconds / POLL_INTERVAL_SECONDS)):
        if process_identity(pid) != identity:
            return True
        await asyncio.sleep(POLL_INTERVAL_SECONDS)
    return False
