"""Fixtures: the outside provider, and certlink served for browsers."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
import uvicorn
from httpx2 import AsyncClient

from api.app import build_app, new_documents
from api.runtime import Runtime
from bench.unlimited import NoRateLimit
from domain.notifications import NotificationListener
from domain.providers.http import JsonClient
from domain.providers.oidc import Issuers
from domain.settings import Settings
from tests.clock import FrozenClock
from tests.identity.environment import Certlink, Stopwatch, Visitor
from tests.identity.node import running_provider
from tests.identity.outside import OutsideProvider
from tests.npm import NotInstalled
from tests.story.conftest import chromium
from web.documents import DOCUMENTS
from web.refusals import EXCEPTION_HANDLERS, show_fault
from web.routes import routes

__all__ = ["chromium"]


@pytest.fixture(scope="session")
async def provider_address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of the running provider; where CI=true a missing one is a failure."""
    log = tmp_path_factory.mktemp("outside-provider") / "log"
    try:
        async with running_provider(log) as address:
            yield address
    except NotInstalled as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture
async def outside(provider_address: str, clock: FrozenClock) -> AsyncIterator[OutsideProvider]:
    """The outside provider, whose clocks show what ours does."""
    async with AsyncClient(base_url=provider_address, trust_env=False) as control:
        yield OutsideProvider(control=control, clock=clock)


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """What certlink tells the age of cached keys by."""
    stopwatch = Stopwatch()
    monkeypatch.setattr(JsonClient, "monotonic", lambda _: stopwatch.seconds)
    return stopwatch


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A free port, which knows our address before certlink is there."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def settings(settings: Settings, listening: socket.socket) -> Settings:
    """Settings of a certlink that browsers reach."""
    return settings.model_copy(
        update={"public_url": f"http://localhost:{listening.getsockname()[1]}", "registered_documents_only": True}
    )


@pytest.fixture
async def certlink(
    database: str, settings: Settings, clock: FrozenClock, listening: socket.socket
) -> AsyncIterator[Certlink]:
    """The application as the composition root puts it together, behind a real socket."""
    app = build_app(settings, routes=routes(), exception_handlers=EXCEPTION_HANDLERS, show_fault=show_fault)
    documents = new_documents()
    documents.register(DOCUMENTS)
    async with Issuers(settings=settings) as issuers:
        app.state.runtime = Runtime(
            settings=settings,
            clock=clock,
            issuers=issuers,
            notifications=NotificationListener(database),
            rate_limit=NoRateLimit(settings),
            documents=documents,
        )
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        # The server tells its start by nothing but this flag.
        while not server.started:
            await asyncio.sleep(0.01)
        yield Certlink(settings=settings, clock=clock, issuers=issuers, app=app)
        server.should_exit = True
        await serving


@pytest.fixture
async def visitor(certlink: Certlink) -> AsyncIterator[Visitor]:
    """A person with a browser who was never here."""
    async with certlink.visitor() as visitor:
        yield visitor
