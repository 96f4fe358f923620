"""Run an operation as one transaction."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Concatenate, ParamSpec, TypeVar

import asyncpg
from tortoise.connection import get_connections

from domain.database.pool import (
    CONNECTION,
    PooledClient,
    TransactionClient,
    connection,
    current_client,
    database_refusals,
    execute,
)
from domain.errors import TryAgain
from domain.jobs import Job, announce

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

RETRIES = 4
RETRIED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


class Transaction:
    """Messages that an operation sends when its transaction commits."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def announce(self, job: Job) -> None:
        self._jobs.append(job)

    async def notify(self, channel: str, *payloads: str) -> None:
        """Send each payload once to every listener of a channel when the transaction commits."""
        await execute("SELECT pg_notify($1, payload) FROM unnest($2::text[]) payload", channel, payloads)


_current: ContextVar[Transaction | None] = ContextVar("transaction", default=None)


@asynccontextmanager
async def transaction() -> AsyncIterator[Transaction]:
    """Run the block as one transaction; inside another, as a savepoint of it."""
    outer = _current.get()
    if outer is not None:
        async with connection() as current, current.transaction():
            yield outer
        return
    own = Transaction()
    client = current_client()
    assert isinstance(client, PooledClient)
    # Tortoise's own block leaks a connection when it is canceled in BEGIN (5 after 23 cancellations), and rolls back
    # without an error when a conflict was swallowed. So the transaction begins on asyncpg itself, and models and SQL of
    # this task find its connection where Tortoise looks for one.
    connections = get_connections()
    with database_refusals():
        async with client.pool.acquire() as current, current.transaction():
            storage = connections.set(CONNECTION, TransactionClient(client, current))
            token = _current.set(own)
            try:
                yield own
            finally:
                _current.reset(token)
                connections.reset(storage)
            # An error that was swallowed inside has aborted the transaction. This raises then, where COMMIT would
            # roll back without an error.
            await current.fetchval("SELECT pg_current_xact_id_if_assigned()")
    # Only now: a worker that is woken before the commit finds nothing.
    for job in dict.fromkeys(own._jobs):
        await announce(job)


def operation(
    function: Callable[Concatenate[Transaction, Parameters], Awaitable[Result]],
) -> Callable[Parameters, Awaitable[Result]]:
    """Make a function one transaction that is retried after a deadlock or a serialization failure.

    Raises:
        TryAgain: the database is away, or busy beyond its time limits; nothing was done.
    """

    @functools.wraps(function)
    async def run(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        for attempt in range(RETRIES):
            try:
                async with transaction() as current:
                    return await function(current, *arguments, **named)
            except RETRIED as error:
                # Inside another operation, the outer one is retried as a whole.
                if _current.get() is not None:
                    raise
                if attempt == RETRIES - 1:
                    raise TryAgain from error
                await asyncio.sleep(0.01 * 2**attempt)
        raise AssertionError

    return run
