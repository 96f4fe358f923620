"""The settings that a running `certlink up` leaves for other commands."""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

DEFAULT_FOLDER = ".certlink"
LOCK_FILE = "lock"
SETTINGS_FILE = "environment.json"


def running_settings(data: Path) -> dict[str, str] | None:
    """Return the settings of the `certlink up` that runs on a data folder, or None where none runs."""
    file = data / SETTINGS_FILE
    if not is_held(data) or not file.exists():
        return None
    return {str(name): str(value) for name, value in json.loads(file.read_text()).items()}


def is_held(data: Path) -> bool:
    # The lock itself is not tried: a look must not keep another from starting.
    with suppress(OSError, ValueError):
        pid, _, identity = (data / LOCK_FILE).read_text().partition(" ")
        return identity == process_identity(int(pid))
    return False


def process_identity(pid: int) -> str | None:
    """Return what tells a process from a later one with the same id, or None when it is dead."""
    # A zombie counts as dead: where nobody reaps orphans it would otherwise seem alive for ever.
    if sys.platform != "linux":
        command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
        fields = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
        return None if not fields or fields[0].startswith("Z") else " ".join(fields[1:])
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The 19th field after the state is the start, in ticks since the machine's boot.
    return None if state in "ZX" else f"{boot} {fields[18]}"
