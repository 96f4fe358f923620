"""How does an operation become one transaction?

Tortoise's own block leaks a connection when it is canceled in BEGIN, and rolls back without an error when a conflict
was swallowed. This one begins on asyncpg itself, binds the connection for models and SQL alike, and asks the database
before COMMIT whether the transaction is still sound.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
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
    pool,
)
from domain.errors import TryAgain
from domain.jobs import Job, announce

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

RETRIES = 4
RETRIED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


class Transaction:
    """What an operation may do with its transaction besides reading and writing."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def announce(self, job: Job) -> None:
        """Wake a worker once the transaction is committed."""
        self._jobs.append(job)

    async def notify(self, channel: str, *payloads: str) -> None:
        """Tell every listener of a channel once the transaction is committed, each payload once."""
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
    this = Transaction()
    with database_refusals():
        async with pool().acquire() as current, current.transaction():
            with _bound(current, this):
                yield this
            # An error swallowed inside has aborted the transaction: then this raises, where COMMIT would
            # roll back without a word.
            await current.fetchval("SELECT pg_current_xact_id_if_assigned()")
    for job in dict.fromkeys(this._jobs):
        await announce(job)


@contextmanager
def _bound(raw: object, this: Transaction) -> Iterator[None]:
    """Bind a connection for models and SQL of this task while the block runs."""
    outer = current_client()
    assert isinstance(outer, PooledClient)
    connections = get_connections()
    storage = connections.set(CONNECTION, TransactionClient(outer, raw))
    token = _current.set(this)
    try:
        yield
    finally:
        _current.reset(token)
        connections.reset(storage)


def operation(
    function: Callable[Concatenate[Transaction, Parameters], Awaitable[Result]],
) -> Callable[Parameters, Awaitable[Result]]:
    """Make a function one transaction, tried again after a deadlock or a serialization failure.

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
                # Inside another operation, that one is tried again as a whole.
                if _current.get() is not None:
                    raise
                if attempt == RETRIES - 1:
                    raise TryAgain from error
                await asyncio.sleep(0.01 * 2**attempt)
        raise AssertionError

    return run
