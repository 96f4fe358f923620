"""Cancellation of an operation at any moment."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Iterator

from domain.database.pool import execute, fetch_value, open_database, pool
from domain.database.transaction import transaction
from tests.clock import START

REQUESTS = 2_000
AT_ONCE = 10
MEAN_SECONDS = 0.005
POOL_SIZE = 8


async def test_two_thousand_cancelled_requests_leave_the_pool_whole(database_url: str) -> None:
    moments = random.Random(20261103)  # noqa: S311
    cancelled: Counter[str] = Counter()
    async with open_database(database_url, pool_size=POOL_SIZE):
        await fetch_value("SELECT 1")

        numbers = itertools.count(1)
        await asyncio.gather(*(_cancel_requests(numbers, cancelled, moments) for _ in range(AT_ONCE)))

        assert set(cancelled) == {"BEGIN", "statement", "COMMIT"}
        await _check_pool_is_whole()
        assert (
            await fetch_value("SELECT count(*) FROM learning_account GROUP BY profile_id HAVING count(*) <> 2") is None
        )


async def _cancel_requests(numbers: Iterator[int], cancelled: Counter[str], moments: random.Random) -> None:
    """Begin requests, each cancelled a little later unless it was faster, until enough of them were cancelled."""
    while cancelled.total() < REQUESTS:
        phase = ["BEGIN"]
        request = asyncio.create_task(_request(next(numbers), phase))
        asyncio.get_running_loop().call_later(moments.expovariate(1 / MEAN_SECONDS), request.cancel)
        try:
            await request
        except asyncio.CancelledError:
            cancelled[phase[0]] += 1


async def _request(number: int, phase: list[str]) -> None:
    """Write both accounts of a person or none."""
    async with transaction():
        phase[0] = "statement"
        for provider in ("MICROSOFT_LEARN", "PARTNER_UNIVERSITY"):
            await execute(
                "INSERT INTO learning_account (provider, profile_id, created_at) VALUES ($1, $2, $3)",
                provider,
                str(number),
                START,
            )
        phase[0] = "COMMIT"


async def _check_pool_is_whole() -> None:
    whole = pool()
    connections = [await whole.acquire(timeout=10) for _ in range(POOL_SIZE)]
    assert [connection.is_in_transaction() for connection in connections] == [False] * POOL_SIZE
    assert [await connection.fetchval("SELECT 1") for connection in connections] == [1] * POOL_SIZE
    others = await connections[0].fetch(
        """SELECT state, query FROM pg_stat_activity
           WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"""
    )
    assert [dict(other) for other in others] == []
    for connection in connections:
        await whole.release(connection)
    assert whole.get_idle_size() == whole.get_size() == POOL_SIZE
