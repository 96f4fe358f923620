"""Run third-party clients in node."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from local.demo.browser import Browser
from local.demo.service import Service

FOLDER = Path(__file__).parent
MAX_SECONDS = 60
MAX_LINE_BYTES = 1024 * 1024

Seen = dict[str, Any]


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
