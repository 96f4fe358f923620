"""Commands that run in the tests' own process."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import asyncpg
import pytest
import structlog
from typer.testing import CliRunner, Result

from certlink.commands import runner
from certlink.main import app
from domain.database.pool import connection_arguments
from domain.settings import Settings

Command = Callable[..., Awaitable[Result]]


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """What a command sets up for its own process, and this one has no use for: its stderr is closed afterwards."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def certlink(settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run ``certlink`` on the test's database, in a thread and loop of its own."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    monkeypatch.setenv("CERTLINK_SECRET_KEY", settings.secret_key.get_secret_value())
    # The log's form is the whole process's.
    monkeypatch.setattr(runner, "configure_logs", lambda _: None)

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))

    return run


@pytest.fixture
async def contoso(database_url: str) -> str:
    """The mail domain of the only organization."""
    connection = await asyncpg.connect(**connection_arguments(database_url))
    # The domain is checked at the end of the statement that writes both.
    await connection.execute(
        """WITH contoso AS (
               INSERT INTO organization (name, domain, created_at)
               VALUES ('Contoso', 'contoso.example', now()) RETURNING id, domain, created_at),
           issuer AS (
               INSERT INTO identity_issuer (organization_id, issuer, preset, address_trust, address_claims,
                   subject_claims, client_id, api_audiences, access_token_issuers, front_end_client_ids, created_at)
               SELECT id, 'https://login.contoso.example', 'GENERIC', 'VERIFIED', '{email}', '{sub}', 'certlink',
                   '{certlink-api}', '{}', '{}', created_at FROM contoso)
           INSERT INTO mail_domain (organization_id, domain, created_at) SELECT id, domain, created_at FROM contoso"""
    )
    await connection.close()
    return "contoso.example"
