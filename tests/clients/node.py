"""Run third-party clients in node."""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from local.demo.browser import Browser
from local.demo.service import Service

FOLDER = Path(__file__).parent
LOCK = FOLDER / "package-lock.json"
PACKAGES = FOLDER / "node_modules"
STAMP = PACKAGES / "installed.stamp"
OLDEST = 20
MAX_SECONDS = 60
MAX_LINE_BYTES = 1024 * 1024

Seen = dict[str, Any]


class NotInstalled(Exception):
    """Node or the clients are missing; the message says why."""


async def install() -> None:
    """Install exactly what package-lock.json pins, unless that was done; one at a time.

    Raises:
        NotInstalled: node or npm is missing or old, or the packages cannot be had.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotInstalled("no node on PATH, or no npm")
    version = (await finished("node", "--version")).strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
        raise NotInstalled(f"node {OLDEST} or newer is needed, this is {version}")
    with LOCK.open("rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        wanted = hashlib.sha256(turn.read()).hexdigest()
        if not STAMP.exists() or STAMP.read_text() != wanted:
            try:
                await finished("npm", "ci")
            except RuntimeError as error:
                raise NotInstalled(str(error)) from None
            STAMP.write_text(wanted)


async def run(program: str, *, service: Service, person: str, account: str | None = None) -> Seen:
    """Run a client as a person, sign in with their learning account where it says so, and return all that it saw."""
    session = {"url": f"{service.url}/graphql", "token": await service.token(person)}
    process = await asyncio.create_subprocess_exec(
        *("node", program),
        cwd=FOLDER,
        env={**os.environ, "CLIENT_SESSION": json.dumps(session)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        limit=MAX_LINE_BYTES,
    )
    assert process.stdout is not None
    seen: Seen = {}
    try:
        async with asyncio.timeout(MAX_SECONDS):
            async for line in process.stdout:
                told = json.loads(line)
                seen |= told
                if account is not None and "signInAt" in told:
                    await sign_in(told["signInAt"], account)
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert code == 0, f"{program} ended with exit code {code}"
    return seen


async def sign_in(address: str, account: str) -> None:
    """Do what a person does whom a front-end sends to a learning provider."""
    browser = Browser()
    try:
        await browser.visit(address)
        # This browser is not signed in, so the person confirms that they started it.
        await browser.submit(to="/associate/")
        await browser.submit(persona=account)
    finally:
        await browser.close()


async def finished(*command: str) -> str:
    """Run a program of the project's or of its packages, and return what it printed.

    Raises:
        RuntimeError: it failed; the message has what it said.
    """
    program = PACKAGES / ".bin" / command[0]
    process = await asyncio.create_subprocess_exec(
        *(str(program) if program.exists() else command[0], *command[1:]),
        cwd=FOLDER,
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


if __name__ == "__main__":
    try:
        asyncio.run(install())
    except NotInstalled as missing:
        sys.exit(f"clients: {missing}")
