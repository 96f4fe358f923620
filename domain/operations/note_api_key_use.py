"""How is it remembered when a key was last used, without any request waiting or failing for it?"""

import asyncio
from datetime import datetime, timedelta

import asyncpg

from domain.database.pool import execute
from domain.errors import TryAgain
from domain.queries.api_keys import ApiKeyRow

# So often at most is a key's use written down.
NOTED_EVERY = timedelta(minutes=1)
_PATIENCE_SECONDS = 1.0
UNWRITABLE = (TryAgain, TimeoutError, asyncpg.ReadOnlySQLTransactionError, asyncpg.InsufficientResourcesError)


async def note_api_key_use(key: ApiKeyRow, *, now: datetime) -> None:
    """Write down that a key is used at an instant (aware, UTC), unless that was done within the minute before it.

    A row that somebody else holds is left alone, and so is a database that is away: the next request will do.
    """
    if key.last_used_at is not None and key.last_used_at > now - NOTED_EVERY:
        return
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await execute(
                """UPDATE api_key SET last_used_at = $2 WHERE id = (
                       SELECT id FROM api_key
                       WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $2::timestamptz - $3::interval)
                       FOR NO KEY UPDATE SKIP LOCKED)""",
                key.id,
                now,
                NOTED_EVERY,
            )
    except UNWRITABLE:
        return
