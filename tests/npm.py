"""Install npm packages that tests pin, and run node programs."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import sys
from pathlib import Path

OLDEST = 20
# Each has a package-lock.json.
FOLDERS = (Path(__file__).parent / "clients", Path(__file__).parent / "identity")


class NotInstalled(Exception):
    """Node or the packages are missing; the message says why."""


async def install(folder: Path) -> None:
    """Install exactly what a folder's package-lock.json pins, unless that was done; one at a time.

    Raises:
        NotInstalled: node or npm is missing or old, or the packages cannot be had.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotInstalled("no node on PATH, or no npm")
    version = (await finished(folder, "node", "--version")).strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
        raise NotInstalled(f"node {OLDEST} or newer is needed, this is {version}")
    stamp = folder / "node_modules" / "installed.stamp"
    with (folder / "package-lock.json").open("rb") as turn:
        # In a thread: several tests of one process may wait here for each other.
        await asyncio.to_thread(fcntl.flock, turn, fcntl.LOCK_EX)
        wanted = hashlib.sha256(turn.read()).hexdigest()
        if not stamp.exists() or stamp.read_text() != wanted:
            try:
                await finished(folder, "npm", "ci")
            except RuntimeError as error:
                raise NotInstalled(str(error)) from None
            stamp.write_text(wanted)


async def finished(folder: Path, *command: str) -> str:
    """Run a program of a folder's packages, or of the machine, in that folder; return what it printed.

    Raises:
        RuntimeError: it failed; the message has what it said.
    """
    program = folder / "node_modules" / ".bin" / command[0]
    process = await asyncio.create_subprocess_exec(
        *(str(program) if program.exists() else command[0], *command[1:]),
        cwd=folder,
        # Relay's compiler stages what it writes where it finds a repository.
        env={**os.environ, "GIT_DIR": os.devnull},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {said.decode().strip()}")
    return said.decode()


async def install_all() -> None:
    """Install what every folder pins.

    Raises:
        NotInstalled: node or npm is missing or old, or the packages cannot be had.
    """
    for folder in FOLDERS:
        await install(folder)


if __name__ == "__main__":
    try:
        asyncio.run(install_all())
    except NotInstalled as missing:
        sys.exit(f"npm: {missing}")
