"""Run a whole certlink beside this process for a while."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from certlink.data_folder import SETTINGS_FILE

START_SECONDS = 120
STOP_SECONDS = 30
LAST_LINES = 20
SETTINGS = ("CERTLINK_", "DATABASE_URL", "REDIS_URL")


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running certlink with its sandbox, and the folder that it keeps its data in."""

    url: str
    sandbox_url: str
    data: Path

    async def token(self, persona: str) -> str:
        """Return a bearer token for a work persona; it lives an hour of the sandbox's time."""
        answer = await self._sandbox(f"/personas/{persona}/token", None)
        return str(answer["access_token"])

    async def advance(self, days: int) -> None:
        await self._sandbox("/clock", {"advance_seconds": days * 86_400})

    async def graphql(self, token: str, document: str, variables: dict[str, object] | None = None) -> dict[str, Any]:
        """Send a document to the API as a front-end does, and return the data."""
        async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
            answer = await client.post(
                f"{self.url}/graphql",
                json={"query": document, "variables": variables or {}},
                headers={"Authorization": f"Bearer {token}"},
            )
        response = answer.json()
        if response.get("errors"):
            raise RuntimeError(f"the API answered: {response['errors'][0]['message']}")
        data: dict[str, Any] = response["data"]
        return data

    async def _sandbox(self, path: str, body: dict[str, object] | None) -> dict[str, Any]:
        async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
            answer = await client.post(f"{self.sandbox_url}{path}", json=body)
        answer.raise_for_status()
        body_of_answer: dict[str, Any] = answer.json()
        return body_of_answer


@asynccontextmanager
async def temporary_service(settings: Mapping[str, str] | None = None) -> AsyncIterator[Service]:
    """Run `certlink up` in a temporary folder, with these settings and none of this process's."""
    # Directly below the system's folder for temporary files: the database's unprivileged user must reach it.
    with tempfile.TemporaryDirectory(prefix="certlink-demo-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        port = _free_port()
        log = Path(folder) / "log"
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "certlink", "up", "--port", str(port), "--data", folder),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=None if os.environ.get("CERTLINK_DEMO_VERBOSE") else file,
                env={name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
                | dict(settings or {}),
            )
        service = Service(url=f"http://localhost:{port}", sandbox_url=f"http://localhost:{port + 1}", data=Path(folder))
        try:
            await _until_ready(service, process, log)
            yield service
        finally:
            await _stop(process)


async def _until_ready(service: Service, process: asyncio.subprocess.Process, log: Path) -> None:
    try:
        async with asyncio.timeout(START_SECONDS), httpx2.AsyncClient(trust_env=False) as client:
            # The settings' file is written last, when every part is ready.
            while not (service.data / SETTINGS_FILE).exists():
                if process.returncode is not None:
                    raise RuntimeError(f"certlink up ended with exit code {process.returncode}{_last_lines(log)}")
                await asyncio.sleep(0.1)
            (await client.get(f"{service.url}/readyz")).raise_for_status()
    except TimeoutError:
        raise RuntimeError(f"certlink up did not start within {START_SECONDS} s{_last_lines(log)}") from None


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
    return "; its last lines:" + "".join(f"\n  {line}" for line in lines) if lines else ""


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_port() -> int:
    # The sandbox takes the next one, so both must be free.
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
