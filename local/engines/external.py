"""Wait for engines that run elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from certlink.readiness import NotReady

TIMEOUT_SECONDS = 15.0
POLL_INTERVAL_SECONDS = 0.5


async def database_answers(database_url: str) -> None:
    """Wait until PostgreSQL answers.

    Raises:
        NotReady: it gives no answer in time.
    """

    async def ask() -> None:
        connection = await asyncpg.connect(database_url, timeout=TIMEOUT_SECONDS)
        try:
            await connection.fetchval("SELECT 1")
        finally:
            await connection.close()

    await _until_answered(ask, "DATABASE_URL")


async def redis_answers(redis_url: str) -> None:
    """Wait until Redis answers.

    Raises:
        NotReady: it gives no answer in time.
    """

    async def ask() -> None:
        client = Redis.from_url(redis_url)
        try:
            await client.ping()
        finally:
            await client.aclose()

    await _until_answered(ask, "REDIS_URL")


async def _until_answered(ask: Callable[[], Awaitable[None]], setting: str) -> None:
    reason = "no answer"
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while True:
                try:
                    return await ask()
                except (OSError, RedisError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
                    # The kind only: the text may hold the address and its password.
                    reason = type(error).__name__
                await asyncio.sleep(POLL_INTERVAL_SECONDS)
    except TimeoutError:
        raise NotReady(f"what {setting} names gives no answer within {TIMEOUT_SECONDS:g} s ({reason})") from None
