"""Run the outside OpenID provider in node."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.npm import install

FOLDER = Path(__file__).parent
START_SECONDS = 60


@asynccontextmanager
async def running_provider(log: Path) -> AsyncIterator[str]:
    """Run the provider on free ports, yield its address, and end it; what it says goes into a log.

    Raises:
        NotInstalled: node or the provider are missing; the message says why.
    """
    await install(FOLDER)
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
