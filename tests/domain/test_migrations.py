"""Migrations: from nothing, at once, repeated, after a crash."""

import asyncio
import hashlib
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from tortoise.migrations import operations as ops

from domain import migrations
from domain.database import schema
from domain.database.pool import execute, fetch_value, open_database
from domain.database.transaction import transaction
from domain.operations.catalog import import_catalog
from domain.queries.invariants import violations
from domain.queries.readiness import readiness
from tests.clock import START

ALL = sorted(path.stem for path in Path(migrations.__file__).parent.glob("[0-9]*.py"))
# A database may have applied these: a change belongs into a further migration.
RELEASED = {
    "0001_initial": "8adf0b97639418378be7b2e93332e381980986c1598619025f1b380bc0cc6bc2",
    "0002_guarantees": "6a9cfd30460f98dde111c3e56136f9e1e5e654bb68a2d58a3e66d080a7efb543",
}
TABLES = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"


class PowerCut(Exception):
    """Something that no code expects."""


@pytest.fixture
def empty(empty_database_url: str) -> AbstractAsyncContextManager[None]:
    """An empty database, to be opened by the test."""
    return open_database(empty_database_url, pool_size=6)


def test_the_migrations_of_a_release_stay_as_they_were() -> None:
    folder = Path(migrations.__file__).parent

    digests = {name: hashlib.sha256((folder / f"{name}.py").read_bytes()).hexdigest() for name in RELEASED}

    assert digests == RELEASED


async def test_an_empty_database_is_migrated_once(empty: AbstractAsyncContextManager[None]) -> None:
    async with empty:
        missing = await schema.missing_migrations()
        first, second = await schema.migrate(), await schema.migrate()

        assert (missing, first, second) == (ALL, ALL, [])
        assert await schema.missing_migrations() == []


async def test_a_process_is_ready_only_when_every_migration_is_applied(
    empty: AbstractAsyncContextManager[None],
) -> None:
    async with empty:
        before = await readiness()
        await schema.migrate()

        assert before == [f"migration {name} is missing" for name in ALL]
        assert await readiness() == []


async def test_what_was_written_before_a_migration_survives_it(empty: AbstractAsyncContextManager[None]) -> None:
    async with empty:
        await schema.migrate(up_to="0001_initial")
        await execute(
            """INSERT INTO organization (name, domain, issuer, client_id, api_audience, created_at)
               VALUES ('Contoso', 'contoso.example', 'https://login.contoso.example', 'certlink', 'api', $1)""",
            START,
        )

        applied = await schema.migrate()

        assert applied == ALL[1:]
        assert await fetch_value("SELECT name FROM organization") == "Contoso"
        assert await violations() == []


async def test_of_many_that_migrate_at_once_one_applies_each_migration(
    empty: AbstractAsyncContextManager[None],
) -> None:
    async with empty:
        applied = await asyncio.gather(*(schema.migrate() for _ in range(6)))

        assert sorted(applied) == [[], [], [], [], [], ALL]


async def test_a_crash_in_the_middle_of_a_migration_leaves_nothing(
    empty: AbstractAsyncContextManager[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither tables nor the record that they were made; the next try does it all."""
    done = ops.RunSQL.database_forward

    async def crash(self: ops.RunSQL, *arguments: object, **named: object) -> None:
        await done(self, *arguments, **named)  # type: ignore[arg-type]
        if "credit_event_is_append_only" in str(self.sql):
            raise PowerCut

    async with empty:
        with monkeypatch.context() as patch, pytest.raises(PowerCut):
            patch.setattr(ops.RunSQL, "database_forward", crash)
            await schema.migrate()

        assert await fetch_value(TABLES) == 0
        assert await schema.migrate() == ALL


async def test_a_crash_just_before_the_commit_leaves_nothing(empty: AbstractAsyncContextManager[None]) -> None:
    async with empty:
        with pytest.raises(PowerCut):
            async with transaction():
                await schema.migrate()
                raise PowerCut

        assert await fetch_value(TABLES) == 0


async def test_migrations_say_all_that_the_models_say() -> None:
    # The models are loaded without a database, in a context that ends with the task.
    changes = await asyncio.create_task(schema.undeclared_changes())

    assert changes == []


async def test_of_many_that_import_the_catalog_at_once_all_write_the_same(database: str) -> None:
    before = await _catalog()

    numbers = await asyncio.gather(*(import_catalog(now=START) for _ in range(6)))

    assert len(set(numbers)) == 1
    assert await _catalog() == before


async def _catalog() -> object:
    return await fetch_value("SELECT json_agg(c ORDER BY code) FROM certification c")
