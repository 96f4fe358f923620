"""Install and run the outside OpenID provider in node."""

import asyncio
import fcntl
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.clients.node import OLDEST, NotInstalled, finished

FOLDER = Path(__file__).parent
LOCK = FOLDER / "package-lock.json"
STAMP = FOLDER / "node_modules" / "installed.stamp"
START_SECONDS = 60


@asynccontextmanager
async def running_provider(log: Path) -> AsyncIterator[str]:
    """Run the provider on free ports, yield its address, and end it; what it says goes into a log.

    Raises:
        NotInstalled: node or the provider are missing; the message says why.
    """
    await install()
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *("node", "provider.mjs"),
            cwd=FOLDER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
        assert line, log.read_text()
        yield json.loads(line)["origin"]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def install() -> None:
    """Install exactly what package-lock.json pins, unless that was done; one at a time.

    Raises:
        NotInstalled: node or npm is missing or old, or the packages cannot be had.
    """
    try:
        version = (await finished("node", "--version")).strip()
        if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
            raise NotInstalled(f"node {OLDEST} or newer is needed, this is {version}")
        with LOCK.open("rb") as turn:
            await asyncio.to_thread(fcntl.flock, turn, fcntl.LOCK_EX)
            wanted = hashlib.sha256(turn.read()).hexdigest()
            if not STAMP.exists() or STAMP.read_text() != wanted:
                await finished("npm", "ci", "--prefix", str(FOLDER))
                STAMP.write_text(wanted)
    except FileNotFoundError:
        raise NotInstalled("no node on PATH, or no npm") from None
    except RuntimeError as error:
        raise NotInstalled(str(error)) from None


if __name__ == "__main__":
    try:
        asyncio.run(install())
    except NotInstalled as missing:
        sys.exit(f"identity: {missing}")
