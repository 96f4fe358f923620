"""Which processes of an earlier run still notifications, after it was killed before it could stop them?

A process is recognized by its id, its start and the boot of the machine, so that another program which got the same id
is left alone. A zombie counts as dead: where nobody reaps orphans it would otherwise seem alive for ever.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

POLITE_SECONDS = 5.0
KILL_SECONDS = 5.0
POLL_INTERVAL_SECONDS = 0.05


def remember(records: Path, name: str, pid: int) -> None:
    """Record a process that was started, for a later run to find."""
    records.mkdir(mode=0o700, parents=True, exist_ok=True)
    (records / name).write_text(f"{pid} {identity(pid)}")


def forget(records: Path, name: str) -> None:
    """Drop the record of a process that has ended."""
    (records / name).unlink(missing_ok=True)


async def end_leftovers(records: Path, say: Callable[[str], None]) -> None:
    """End every recorded process that still lives, first politely."""
    for record in sorted(records.glob("*")):
        pid, _, known = record.read_text().partition(" ")
        if pid.isdecimal() and known == identity(int(pid)):
            say(f"ending {record.name}, left over from an earlier run (process {pid})")
            await _end(int(pid), known)
        record.unlink()


def identity(pid: int) -> str | None:
    """Tell a process from any other, or give None when it is dead."""
    return _identity_from_proc(pid) if sys.platform == "linux" else _identity_from_ps(pid)


def _identity_from_proc(pid: int) -> str | None:
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "ZX" else f"{boot} {fields[18]}"


def _identity_from_ps(pid: int) -> str | None:
    command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return None if not shown or shown[0].startswith("Z") else " ".join(shown[1:])


async def _end(pid: int, known: str) -> None:
    # SIGINT is the polite word that all parts know: PostgreSQL's fast shutdown, and a Ctrl-C to the others.
    if not await _ends(pid, known, signal.SIGINT, POLITE_SECONDS):
        await _ends(pid, known, signal.SIGKILL, KILL_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


async def _ends(pid: int, known: str, word: signal.Signals, patience: float) -> bool:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, word)
    for _ in range(round(patience / POLL_INTERVAL_SECONDS)):
        if identity(pid) != known:
            return True
        await asyncio.sleep(POLL_INTERVAL_SECONDS)
    return False
