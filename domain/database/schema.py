"""Migrate the database's schema."""

import asyncio
import pkgutil

from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor
from tortoise.migrations.writer import MigrationWriter

from domain import migrations
from domain.database.pool import APP, CONNECTION, fetch_value, tortoise_config
from domain.database.transaction import transaction

# Any number that no other advisory lock uses: concurrent migrations wait for each other at it.
MIGRATION_LOCK = 4_310_717
LOOK_AGAIN_SECONDS = 0.2
# The migration tool uses the models and migrations of it, and not the address.
_CONFIG = tortoise_config("postgres://localhost/nowhere", pool_size=2)


async def migrate(up_to: str | None = None) -> list[str]:
    """Apply every missing migration, or those up to one, and return their names."""
    # Tortoise locks nothing (5 of 5 concurrent runs failed) and records a migration after its transaction. One
    # transaction of ours holds the lock, the migrations and their record, so a crash leaves nothing.
    async with transaction():
        # A migration of much data takes longer than any request may.
        await fetch_value("SELECT set_config('statement_timeout', '0', true)")
        await fetch_value("SELECT set_config('lock_timeout', '10s', true)")
        # Asked again and again: another process's migrations may take longer than one statement of ours may wait.
        while not await fetch_value("SELECT pg_try_advisory_xact_lock($1)", MIGRATION_LOCK):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        client = get_connection(CONNECTION)
        executor = MigrationExecutor(client, _CONFIG["apps"])
        # The tool asks for its record before it makes it, and an error would abort the transaction.
        await executor.recorder.ensure_schema(AsyncpgSchemaEditor(client, atomic=False))
        before = await _applied()
        targets = None if up_to is None else [MigrationTarget(app_label=APP, name=up_to)]
        await executor.migrate(targets, direction="forward")
        return sorted(await _applied() - before)


async def missing_migrations() -> list[str]:
    """Return the names of the migrations that the database lacks, in order."""
    # Read by SQL of ours: the tool takes every error of the database for a database without migrations.
    is_recorded = await fetch_value("SELECT to_regclass('tortoise_migrations') IS NOT NULL")
    applied = await _applied() if is_recorded else set()
    return sorted({module.name for module in pkgutil.iter_modules(migrations.__path__)} - applied)


async def undeclared_changes() -> list[str]:
    """Return how the models differ from the migrations; needs no database."""
    return [operation.describe() for writer in await _changes() for operation in writer.operations]


async def write_migrations(name: str) -> list[str]:
    """Write a migration of what the models changed, and return its file; add constraints by hand, as SQL."""
    files = []
    for writer in await _changes():
        writer.name = f"{writer.name.partition('_')[0]}_{name}"
        files.append(str(writer.write()))
    return files


async def _changes() -> list[MigrationWriter]:
    await Tortoise.init(config=_CONFIG, init_connections=False)
    assert Tortoise.apps is not None
    return await MigrationAutodetector(Tortoise.apps, _CONFIG["apps"]).changes()


async def _applied() -> set[str]:
    names = await fetch_value("SELECT array_agg(name::text) FROM tortoise_migrations WHERE app = $1", APP)
    return set(names or ())
