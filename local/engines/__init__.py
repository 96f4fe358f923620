"""How do a real PostgreSQL and a real Redis run on a machine that has neither?"""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from local.engines.directories import Directories, choose_directories, hold
from local.engines.postgres import database_url, make_database, postgres_part
from local.engines.redis import redis_part, redis_url
from local.stale_processes import end_leftovers
from local.supervisor import Supervisor


def to_stderr(line: str) -> None:
    """Tell people a line of progress, as long as somebody reads it."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


class Engines:
    """The engines that run, and their addresses."""

    def __init__(self, supervisor: Supervisor, directories: Directories) -> None:
        """Describe what `embedded_engines` started."""
        self._supervisor = supervisor
        self.database_url = database_url(directories)
        self.redis_url = redis_url(directories)

    async def stop_redis(self) -> None:
        """Take Redis away; all it held is lost."""
        await self._supervisor.stop("redis")

    async def start_redis(self) -> None:
        """Bring an empty Redis back at the same address."""
        await self._supervisor.restart("redis")

    async def stop_database(self) -> None:
        """Take PostgreSQL away."""
        await self._supervisor.stop("postgres")

    async def start_database(self) -> None:
        """Bring PostgreSQL back at the same address."""
        await self._supervisor.restart("postgres")


@asynccontextmanager
async def embedded_engines(
    data: Path, *, durable: bool = True, say: Callable[[str], None] = to_stderr
) -> AsyncIterator[Engines]:
    """Run PostgreSQL and Redis with their files in a data folder; without `durable` a crash may lose the data (tests).

    Raises: NotReady, PartFailed.
    """
    data = data.resolve()
    with hold(data):
        await end_leftovers(data / "processes", say)
        supervisor = Supervisor(records=data / "processes", say=say)
        with choose_directories(data, durable=durable, say=say) as chosen:
            try:
                await embedded_database(supervisor, chosen, durable=durable)
                await embedded_redis(supervisor, chosen)
                yield Engines(supervisor, chosen)
            finally:
                await supervisor.stop_all()


async def embedded_database(supervisor: Supervisor, directories: Directories, *, durable: bool) -> str:
    """Start PostgreSQL with certlink's database in it; give its address.

    Raises: NotReady, PartFailed.
    """
    await supervisor.start(await postgres_part(directories, durable=durable))
    await make_database(directories)
    return database_url(directories)


async def embedded_redis(supervisor: Supervisor, directories: Directories) -> str:
    """Start Redis; give its address.

    Raises: NotReady, PartFailed.
    """
    await supervisor.start(redis_part(directories))
    return redis_url(directories)
