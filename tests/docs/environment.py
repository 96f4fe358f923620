"""A running service for the documentation's examples.

The sandbox, the API with the pages, a worker that takes its turn when told, and a terminal. All but the terminal is in
this process, and stands at the tests' instant: so every date in the documentation can be compared.
"""

import asyncio
import contextvars
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import tortoise.context
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from typer.testing import CliRunner

from api.runtime import Runtime
from certlink.clock import programme_clock
from certlink.commands import runner
from certlink.commands.serve import application
from certlink.main import app as commands
from domain.notifications import ACCESS_CHANNEL, NotificationListener
from domain.queries.invariants import violations
from domain.settings import Settings
from local.demo.browser import Browser
from local.seed import seed
from local.services import sandbox_settings, sandbox_url
from sandbox.app import create_app as create_sandbox
from tests.api.serving import served
from tests.clock import FrozenClock
from tests.docs.shell import Shell, terminal, write_curl, write_dev
from tests.workers.sweeping import sweep
from workers.tasks import WorkerContext


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What runs, and where."""

    address: str
    shell: Shell
    worker: WorkerContext
    notifications: NotificationListener

    def here(self, text: str) -> str:
        """Return what the documentation says with this run's address."""
        return text.replace("localhost:8000", self.address)

    def there(self, text: str) -> str:
        """Return what this run says with the documentation's address."""
        return text.replace(self.address, "localhost:8000")

    async def link_on_the_pages(self, email: str, persona: str, account: str) -> None:
        """Sign in on the pages and link an account at Microsoft Learn."""
        browser = Browser()
        try:
            await browser.visit(f"http://{self.address}/sign-in")
            await browser.submit(email=email)
            await browser.submit(persona=persona)
            await browser.visit(f"http://{self.address}/profile")
            await browser.submit(to="/associate", provider="MICROSOFT_LEARN")
            await browser.submit(persona=account)
        finally:
            await browser.close()
        await self.work()

    async def sign_in_at(self, address: str, account: str) -> None:
        """Open the address of an attempt in a browser that is not signed in, and choose an account."""
        browser = Browser()
        try:
            await browser.visit(address)
            await browser.submit(to="/associate/")
            await browser.submit(persona=account)
        finally:
            await browser.close()

    async def until_followed(self) -> None:
        """Wait until a subscription hears of changes: what happens before is told nobody."""
        async with asyncio.timeout(5):
            while not (
                self.notifications.listens
                and any(channel != ACCESS_CHANNEL for channel, _ in self.notifications._waiting)
            ):
                await asyncio.sleep(0.01)

    async def work(self) -> None:
        """Let the worker do what is due."""
        await sweep(self.worker)


class _Later:
    """An application that is made when its own address is known."""

    app: Starlette

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@asynccontextmanager
async def running(
    *, settings: Settings, clock: FrozenClock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Environment]:
    """Run everything on the settings' engines, as ``./dev up`` leaves it."""
    monkeypatch.setattr("certlink.clock.real_now", clock)
    api, sandbox = _Later(), _Later()
    async with AsyncExitStack() as stack:
        addresses = [(await stack.enter_async_context(served(app))) for app in (api, sandbox)]  # type: ignore[arg-type]
        api_address, sandbox_address = (f"localhost:{address.rpartition(':')[2]}" for address in addresses)
        settings = _settings(monkeypatch, settings, folder, api_address, sandbox_address)
        data = folder / "sandbox"
        sandbox.app = create_sandbox(base_url=sandbox_url(), data=data, sandbox_mode=True, clock=clock)
        now = programme_clock(settings)
        api.app = application(settings)
        await stack.enter_async_context(api.app.router.lifespan_context(api.app))
        await seed(settings, sandbox_url=sandbox_url())
        runtime: Runtime = api.app.state.runtime
        worker = WorkerContext(settings=settings, clock=now, issuers=runtime.issuers)
        environment = {"PATH": f"{os.environ['PATH']}:{folder}", "HOME": str(folder), "NO_PROXY": "*"}
        write_curl(folder)
        write_dev(folder, await stack.enter_async_context(_commands(monkeypatch, worker)))
        shell = await stack.enter_async_context(terminal(folder, environment))
        yield Environment(address=api_address, shell=shell, worker=worker, notifications=runtime.notifications)
        assert await violations() == []


def _settings(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, folder: Path, address: str, sandbox_address: str
) -> Settings:
    """Return the settings that ``certlink up`` gives its services, and leave them in the environment for commands."""
    given = sandbox_settings(port=1, data=folder, database_url=settings.database_url, redis_url=settings.redis_url)
    for name, value in given.items():
        there = value.replace("localhost:2", sandbox_address).replace("localhost:1", address)
        monkeypatch.setenv(name, there)
    monkeypatch.setenv("CERTLINK_RETURN_ORIGINS", "http://localhost:5173")
    return Settings()


@asynccontextmanager
async def _commands(monkeypatch: pytest.MonkeyPatch, worker: WorkerContext) -> AsyncIterator[int]:
    """Run what ``./dev`` is asked in this process, each in a thread and loop of its own; yield the port to ask at."""
    # The log's form is the whole process's, and so is the database that the API has opened already.
    monkeypatch.setattr(runner, "configure_logs", lambda _: None)
    monkeypatch.setattr(tortoise.context, "set_global_context", lambda _: None)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arguments: Sequence[str] = json.loads(await reader.readline())
        run = contextvars.Context().run
        result = await asyncio.get_running_loop().run_in_executor(None, run, CliRunner().invoke, commands, arguments)
        await sweep(worker)
        writer.write(json.dumps([result.exit_code, result.stdout, result.stderr]).encode() + b"\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port: int = server.sockets[0].getsockname()[1]
        yield port
