"""Record that a key or token is used."""

import asyncio
from datetime import datetime, timedelta
from typing import Literal

import asyncpg

from domain.database.pool import execute
from domain.errors import TryAgain

# A use is recorded at most this often.
TOUCHED_EVERY = timedelta(minutes=1)
TIMEOUT_SECONDS = 1.0
UNWRITABLE = (TryAgain, TimeoutError, asyncpg.ReadOnlySQLTransactionError, asyncpg.InsufficientResourcesError)


async def touch(
    table: Literal["api_key", "scim_token"], row_id: int, *, last_used_at: datetime | None, now: datetime
) -> None:
    """Record that a key is used at an instant (aware, UTC), unless a use within the minute before is recorded.

    Where the row is locked or the database is away, the next request does it.
    """
    if last_used_at is not None and last_used_at > now - TOUCHED_EVERY:
        return
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await execute(
                f"""UPDATE {table} SET last_used_at = $2 WHERE id = (
                        SELECT id FROM {table}
                        WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $2::timestamptz - $3::interval)
                        FOR NO KEY UPDATE SKIP LOCKED)""",
                row_id,
                now,
                TOUCHED_EVERY,
            )
    except UNWRITABLE:
        return
