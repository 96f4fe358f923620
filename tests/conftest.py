"""Fixtures: real PostgreSQL and Redis, an empty database for each test."""

import itertools
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from redis.asyncio import Redis

from domain import jobs
from domain.database import schema
from domain.database.pool import open_database
from domain.operations.catalog import import_catalog
from domain.queries.invariants import violations
from domain.settings import Settings
from local.demo.service import Service, temporary_service
from local.engines import Engines, embedded_engines
from tests.clock import START, FrozenClock
from tests.databases import Databases, keep_as_template

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
async def engines() -> AsyncIterator[Engines]:
    """One PostgreSQL and one Redis for the whole run."""
    with tempfile.TemporaryDirectory(prefix="certlink-tests-", dir="/tmp") as folder:
        async with embedded_engines(Path(folder), durable=False, say=lambda _: None) as running:
            yield running


@pytest.fixture(scope="session")
async def template_database(engines: Engines) -> str:
    """A migrated database with the catalog, to copy."""
    databases = Databases(engines, "template1")
    await databases.run("CREATE DATABASE template_certlink")
    async with open_database(databases.address("template_certlink"), pool_size=2):
        await schema.migrate()
        await import_catalog(now=START)
    await keep_as_template(databases.address("template_certlink"))
    return "template_certlink"


@pytest.fixture(scope="session")
async def databases(engines: Engines, template_database: str) -> AsyncIterator[Databases]:
    """Migrated databases with the catalog."""
    databases = Databases(engines, template_database)
    yield databases
    databases.close()


@pytest.fixture
async def empty_database_url(engines: Engines) -> AsyncIterator[str]:
    """The address of an empty database that goes away after the test."""
    name = f"empty_{next(_numbers)}"
    empty = Databases(engines, "template1")
    await empty.run(f"CREATE DATABASE {name}")
    yield empty.address(name)
    await empty.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """The address of a migrated database in which nothing happened yet."""
    async with databases.borrowed() as address:
        yield address


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """A migrated database, connected; after the test every invariant must hold in it."""
    async with open_database(database_url, pool_size=8):
        yield database_url
        assert await violations() == []


@pytest.fixture
async def redis(engines: Engines) -> AsyncIterator[Redis]:
    """An empty Redis."""
    client = Redis.from_url(engines.redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
async def service() -> AsyncIterator[Service]:
    """A whole certlink with its sandbox, as `certlink up` runs it, for all tests that use it from outside."""
    # The documents that Relay's compiler made of those of a front-end.
    documents = Path(__file__).parent / "clients" / "relay" / "persisted.json"
    settings = {"CERTLINK_DOCUMENTS_FILE": str(documents), "CERTLINK_REGISTERED_DOCUMENTS_ONLY": "true"}
    async with temporary_service(settings) as running:
        yield running


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands still until it is moved."""
    return FrozenClock()


@pytest.fixture
def settings(database_url: str, engines: Engines) -> Settings:
    """Settings for the test's database, in sandbox mode with providers that nobody reaches."""
    return Settings(
        database_url=database_url,
        redis_url=engines.redis_url,
        secret_key=Fernet.generate_key().decode(),
        sandbox=True,
        microsoft_learn_issuer="http://localhost:9/microsoft-learn",
        microsoft_learn_transcript_url="http://localhost:9/microsoft-learn/transcript",
        partner_university_issuer="http://localhost:9/partner-university",
        partner_university_transcript_url="http://localhost:9/partner-university/transcript",
        session_hours=int(timedelta(days=365) / timedelta(hours=1)),
    )


@pytest.fixture(autouse=True)
def _no_queue() -> None:
    jobs.use_queue(jobs.NoQueue())
