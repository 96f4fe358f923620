"""Fixtures: a sandbox in this process, with keys for the whole run."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette

from sandbox.app import create_app
from sandbox.keys import Keyring
from tests.clock import FrozenClock
from tests.sandbox.browser import BASE_URL, Browser

AppFactory = Callable[[], Starlette]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of signing keys to copy."""
    folder = tmp_path_factory.mktemp("sandbox") / "keys"
    Keyring(folder)
    return folder


@pytest.fixture
def real_clock() -> FrozenClock:
    """The clock that the sandbox takes for the real one."""
    return FrozenClock()


@pytest.fixture
def data(tmp_path: Path, keys: Path) -> Path:
    """A new data folder."""
    folder = tmp_path / "data"
    shutil.copytree(keys, folder / "keys")
    return folder


@pytest.fixture
def start(data: Path, real_clock: FrozenClock) -> AppFactory:
    """Start the sandbox, or start it again on the same data."""
    return lambda: create_app(base_url=BASE_URL, data=data, sandbox_mode=True, clock=real_clock)


@pytest.fixture
async def client(start: AppFactory) -> AsyncIterator[AsyncClient]:
    """An HTTP client of the sandbox; a fault inside the sandbox fails the test."""
    async with AsyncClient(transport=ASGITransport(app=start()), base_url=BASE_URL) as client:
        yield client


@pytest.fixture
def browser(client: AsyncClient) -> Browser:
    """Somebody who signs in."""
    return Browser(client)
