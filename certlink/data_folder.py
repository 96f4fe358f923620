"""The settings of the `certlink up` on a data folder.

`certlink up` writes them and holds the folder's lock; other commands read them to reach what it runs.
"""

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
    """Tell whether a certlink runs on a data folder."""
    # The lock itself is not tried: a look must not keep another from starting.
    with suppress(OSError, ValueError):
        pid, _, identity = (data / LOCK_FILE).read_text().partition(" ")
        return identity == process_identity(int(pid))
    return False


def process_identity(pid: int) -> str | None:
    """Return what tells a process from a later one with the same id, or None when it is dead.

    A zombie counts as dead: where nobody reaps orphans it would otherwise seem alive for ever.
    """
    return _identity_from_proc(pid) if sys.platform == "linux" else _identity_from_ps(pid)


def _identity_from_proc(pid: int) -> str | None:
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The 19th field after the state is the start, in ticks since the machine's boot.
    return None if state in "ZX" else f"{boot} {fields[18]}"


def _identity_from_ps(pid: int) -> str | None:
    command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
    fields = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return None if not fields or fields[0].startswith("Z") else " ".join(fields[1:])
