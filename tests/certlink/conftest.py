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
    await connection.execute(
        """INSERT INTO organization (name, domain, issuer, client_id, api_audience, created_at)
           VALUES ('Contoso', 'contoso.example', 'https://login.contoso.example', 'certlink', 'certlink-api', now())"""
    )
    await connection.close()
    return "contoso.example"
