"""Fixtures: certlink, the sandbox and a person in one process."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from httpx2 import ASGITransport, AsyncClient

from domain.providers.oidc import Issuers
from domain.settings import Settings
from sandbox.app import create_app
from sandbox.keys import Keyring
from tests.clock import FrozenClock
from tests.sandbox.browser import BASE_URL
from tests.sign_in.environment import World
from tests.sign_in.tcp_proxy import Line
from tests.sign_in.token_forgery import Forger

__all__ = ["forger", "sandbox_folder", "settings", "signing_keys", "world"]


@pytest.fixture(scope="session")
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the issuers' keys to copy."""
    folder = tmp_path_factory.mktemp("issuers") / "keys"
    Keyring(folder)
    return folder


@pytest.fixture
def sandbox_folder(tmp_path: Path, signing_keys: Path) -> Path:
    """A new data folder of the sandbox."""
    shutil.copytree(signing_keys, tmp_path / "sandbox" / "keys")
    return tmp_path / "sandbox"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings whose providers the sandbox plays."""
    providers = {
        f"{name}_{part}": value
        for name, path in (("microsoft_learn", "microsoft-learn"), ("partner_university", "partner-university"))
        for part, value in (("issuer", f"{BASE_URL}/{path}"), ("transcript_url", f"{BASE_URL}/{path}/transcript"))
    }
    secrets = {
        f"{name}_client_secret": type(settings.secret_key)("sandbox-secret")
        for name in ("microsoft_learn", "partner_university")
    }
    return settings.model_copy(update=providers | secrets | {"return_origins": ["https://front.contoso.example"]})


@pytest.fixture
async def world(database: str, settings: Settings, clock: FrozenClock, sandbox_folder: Path) -> AsyncIterator[World]:
    """The sandbox, certlink on a database of its own, and the line between them."""
    sandbox = create_app(base_url=BASE_URL, data=sandbox_folder, sandbox_mode=True, clock=clock)
    line = Line(ASGITransport(app=sandbox))
    async with (
        Issuers(settings=settings, transport=line) as issuers,
        AsyncClient(transport=ASGITransport(app=sandbox), base_url=BASE_URL) as browser,
    ):
        yield World(settings=settings, clock=clock, line=line, issuers=issuers, browser=browser)


@pytest.fixture
async def forger(clock: FrozenClock, sandbox_folder: Path) -> AsyncIterator[Forger]:
    """Somebody who makes tokens in Contoso's name; there is no database."""
    settings = Settings(
        database_url="postgres://localhost:1/nowhere",
        redis_url="redis://localhost:1",
        secret_key=Fernet.generate_key().decode(),
        sandbox=True,
    )
    sandbox = create_app(base_url=BASE_URL, data=sandbox_folder, sandbox_mode=True, clock=clock)
    line = Line(ASGITransport(app=sandbox))
    async with Issuers(settings=settings, transport=line) as issuers:
        yield Forger(issuers, line, sandbox_folder / "keys")
