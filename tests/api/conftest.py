"""The application in this process, with and without a database behind it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from cryptography.fernet import Fernet
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette

from api.app import build_app, new_documents
from api.runtime import Runtime
from bench.unlimited import NoRateLimit
from domain.models import BrowserSession, Member
from domain.notifications import NotificationListener
from domain.providers.oidc import Issuers
from domain.secrets import hash_token, new_token
from domain.settings import Settings
from tests.api.caller import OWN_ORIGIN, Caller
from tests.clock import START, FrozenClock

NOWHERE = "postgres://localhost:1/nowhere"
# Of all tests together: none of these is registered.
DOCUMENTS = new_documents()


@pytest.fixture(scope="session")
def detached_runtime() -> Runtime:
    """A process whose database nobody opened."""
    settings = Settings(
        database_url=NOWHERE,
        redis_url="redis://localhost:1",
        secret_key=Fernet.generate_key().decode(),
        return_origins=["https://front.contoso.example"],
    )
    return Runtime(
        settings=settings,
        clock=FrozenClock(),
        issuers=Issuers(settings=settings),
        notifications=NotificationListener(NOWHERE),
        rate_limit=NoRateLimit(settings),
        documents=DOCUMENTS,
    )


@pytest.fixture
async def wire(detached_runtime: Runtime) -> AsyncIterator[AsyncClient]:
    """An HTTP client of an API that has no database."""
    async with AsyncClient(transport=ASGITransport(app=application(detached_runtime)), base_url=OWN_ORIGIN) as client:
        yield client


@pytest.fixture
def runtime(settings: Settings, clock: FrozenClock, database: str) -> Runtime:
    """A process with the test's database."""
    return Runtime(
        settings=settings,
        clock=clock,
        issuers=Issuers(settings=settings),
        notifications=NotificationListener(database),
        rate_limit=NoRateLimit(settings),
        documents=DOCUMENTS,
    )


@pytest.fixture
async def client(runtime: Runtime) -> AsyncIterator[AsyncClient]:
    """An HTTP client of the API with the test's database; a fault inside it fails the test."""
    async with AsyncClient(transport=ASGITransport(app=application(runtime)), base_url=OWN_ORIGIN) as client:
        yield client


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What any connection of the pool has run since the test began."""
    run: list[str] = []
    original = asyncpg.Connection._execute  # type: ignore[attr-defined]

    async def counted(self: Any, query: str, *arguments: Any, **named: Any) -> Any:
        run.append(query)
        return await original(self, query, *arguments, **named)

    monkeypatch.setattr(asyncpg.Connection, "_execute", counted)
    return run


@pytest.fixture
def nobody(client: AsyncClient) -> Caller:
    """Somebody who is not signed in."""
    return Caller(client)


def application(runtime: Runtime) -> Starlette:
    """Return the API on a runtime of the test's own."""
    app = build_app(runtime.settings)
    app.state.runtime = runtime
    return app


async def sign_in(client: AsyncClient, member: Member) -> Caller:
    """Return the member with a session in their browser."""
    token = new_token()
    await BrowserSession.create(
        member=member, token_hash=hash_token(token), created_at=START, expires_at=START + timedelta(days=365)
    )
    return Caller(client, session=token)
