"""Snapshot the database, to prove that a refusal changed nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.database.pool import fetch_value

_TABLES = """SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      AND relname NOT IN ('certification', 'certification_level', 'catalog_edition', 'tortoise_migrations')"""


async def trace() -> dict[str, str]:
    """Return each table's rows as one text; the catalog is left out."""
    tables: list[str] = await fetch_value(_TABLES)
    rows = " UNION ALL ".join(
        f"SELECT '{table}' AS name, coalesce(string_agg(r::text, ';' ORDER BY r::text), '') AS rows FROM {table} r"
        for table in tables
    )
    found: list[tuple[str, str]] = await fetch_value(f"SELECT array_agg((name, rows)) FROM ({rows}) listed")
    return dict(found)


@asynccontextmanager
async def leaving_no_trace() -> AsyncIterator[None]:
    """Assert that after the block every row is as it was before."""
    before = await trace()
    yield
    assert await trace() == before
