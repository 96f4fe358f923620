"""Embedded engines: a real PostgreSQL and a real Redis."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local.engines.directories import Directories, choose_directories, hold
from local.engines.postgres import database_url, make_database, postgres_part
from local.engines.redis import redis_part, redis_url
from local.stale_processes import end_stale_processes
from local.supervisor import Supervisor


def to_stderr(line: str) -> None:
    """Tell people a line of progress, as long as somebody reads it."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Engines:
    """The embedded engines that run: their addresses, and the supervisor of `postgres` and `redis`."""

    supervisor: Supervisor
    database_url: str
    redis_url: str


@asynccontextmanager
async def embedded_engines(
    data: Path, *, durable: bool = True, say: Callable[[str], None] = to_stderr
) -> AsyncIterator[Engines]:
    """Run PostgreSQL and Redis with their files in a data folder; without `durable` a crash may lose the data (tests).

    Raises:
        NotReady: the machine lacks something.
        PartFailed: an engine does not start.
    """
    data = data.resolve()
    with hold(data):
        await end_stale_processes(data / "processes", say)
        supervisor = Supervisor(records=data / "processes", say=say)
        with choose_directories(data, durable=durable, say=say) as directories:
            try:
                yield Engines(
                    supervisor,
                    database_url=await embedded_database(supervisor, directories, durable=durable),
                    redis_url=await embedded_redis(supervisor, directories),
                )
            finally:
                await supervisor.stop_all()


async def embedded_database(supervisor: Supervisor, directories: Directories, *, durable: bool) -> str:
    """Start PostgreSQL with certlink's database in it, and return its address.

    Raises:
        NotReady: there is no PostgreSQL for this machine, or its folder holds something else.
        PartFailed: it does not start.
    """
    await supervisor.start(await postgres_part(directories, durable=durable))
    await make_database(directories)
    return database_url(directories)


async def embedded_redis(supervisor: Supervisor, directories: Directories) -> str:
    """Start Redis and return its address.

    Raises:
        NotReady: there is no Redis on this machine.
        PartFailed: it does not start.
    """
    await supervisor.start(redis_part(directories))
    return redis_url(directories)
