"""Create, empty and check the databases of tests.

To copy a template takes some three hundred files, so a database is emptied and used again. One whose schema a test has
changed, or that cannot be emptied, is dropped, and so is one that was used often: what is deleted leaves its traces.
"""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from local.engines import Engines

MOST_USES = 50
# What the template has in it is copied to a schema of its own, from which it is put back.
_KEEP = """DO $$ DECLARE kept record; has_rows boolean; BEGIN
    CREATE SCHEMA pristine;
    FOR kept IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', kept.name) INTO has_rows;
        IF has_rows THEN EXECUTE format('CREATE TABLE pristine.%1$I AS TABLE public.%1$I', kept.name); END IF;
    END LOOP;
    CREATE TABLE pristine."the sequences" AS
        SELECT sequencename AS name, coalesce(last_value, start_value) AS number, last_value IS NOT NULL AS is_used
        FROM pg_sequences WHERE schemaname = 'public';
END $$"""
_EMPTY = """DO $$ DECLARE used record; is_so boolean; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR used IN SELECT tablename AS name, to_regclass(format('pristine.%I', tablename)) IS NOT NULL AS is_kept
                FROM pg_tables WHERE schemaname = 'public' LOOP
        IF used.is_kept THEN
            EXECUTE format('SELECT EXISTS ((TABLE public.%1$I EXCEPT TABLE pristine.%1$I) UNION ALL
                                           (TABLE pristine.%1$I EXCEPT TABLE public.%1$I))', used.name) INTO is_so;
        ELSE
            EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', used.name) INTO is_so;
        END IF;
        IF is_so THEN EXECUTE format('DELETE FROM public.%I', used.name); END IF;
        IF is_so AND used.is_kept THEN
            EXECUTE format('INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE TABLE pristine.%1$I', used.name);
        END IF;
    END LOOP;
    PERFORM setval(format('public.%I', name)::regclass, number, is_used) FROM pristine."the sequences";
END $$"""
_SCHEMA = """SELECT md5(string_agg(said, ' ' ORDER BY said)) FROM (
    SELECT format('%s %s %s', oid, relname, relchecks) AS said FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s %s', attrelid, attname, attnotnull) FROM pg_attribute
        JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s %s', oid, conname, convalidated) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s %s', oid, tgname, tgenabled) FROM pg_trigger
    UNION ALL SELECT format('%s %s', oid, proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = current_database()) told"""
_OTHERS = """SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


async def keep_as_template(url: str) -> None:
    """Note what a database has in it, so that its copies can be brought back to that."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_KEEP)
    finally:
        await connection.close()


@dataclass
class _Database:
    name: str
    cleaner: asyncpg.Connection
    schema: str
    uses: int = 0


class Databases:
    """The databases of one run, copies of a template."""

    def __init__(self, engines: Engines, template: str) -> None:
        self._engines = engines
        self._template = template
        self._numbers = itertools.count(1)
        self._free: list[_Database] = []

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[str]:
        """Yield the address of a database as the template is."""
        database = self._free.pop() if self._free else await self._made()
        try:
            yield self.address(database.name)
        finally:
            database.uses += 1
            if database.uses < MOST_USES and await self._is_emptied(database):
                self._free.append(database)
            else:
                await self._dropped(database)

    def close(self) -> None:
        """Let go of the databases; they end with their engine."""
        for database in self._free:
            database.cleaner.terminate()

    def address(self, name: str) -> str:
        """Return the address of a database by its name."""
        return self._engines.database_url.replace("/certlink?", f"/{name}?")

    async def run(self, sql: str) -> None:
        """Run a statement outside of all those databases."""
        connection = await asyncpg.connect(self._engines.database_url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def _made(self) -> _Database:
        name = f"test_{next(self._numbers)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        cleaner = await asyncpg.connect(self.address(name))
        return _Database(name, cleaner, await cleaner.fetchval(_SCHEMA))

    async def _is_emptied(self, database: _Database) -> bool:
        try:
            await database.cleaner.fetchval(_OTHERS)
            if await database.cleaner.fetchval(_SCHEMA) != database.schema:
                return False
            await database.cleaner.execute(_EMPTY)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    async def _dropped(self, database: _Database) -> None:
        database.cleaner.terminate()
        await self.run(f"DROP DATABASE {database.name} WITH (FORCE)")
