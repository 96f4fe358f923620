"""Sweeper: find due work without Redis and arq."""

import asyncio
from pathlib import Path

from workers.tasks import TASKS, WorkerContext


async def sweep_forever(context: WorkerContext) -> None:
    """Do all that is due, at once and then every few seconds, until canceled."""

    async def sweep(name: str) -> None:
        while True:
            await asyncio.wait([context.start(name)])
            _touch_heartbeat(context)
            await asyncio.sleep(context.settings.sweep_seconds)

    # Each kind of work has a loop of its own: a slow provider must not keep credits back.
    await asyncio.gather(*map(sweep, TASKS))


def _touch_heartbeat(context: WorkerContext) -> None:
    if context.settings.heartbeat_file is not None:
        Path(context.settings.heartbeat_file).touch()
