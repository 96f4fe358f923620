"""Sweeper: find due work without Redis and arq.

Every few seconds it does whatever the database says is due. Each kind of work has a loop of its own, so that a slow
provider does not keep credits back.
"""

import asyncio
from pathlib import Path

from workers.tasks import TASKS, WorkerContext


async def sweep_forever(context: WorkerContext) -> None:
    """Do all that is due, at once and then every few seconds, until canceled."""
    await asyncio.gather(*(_sweep_forever(name, context) for name in TASKS))


async def _sweep_forever(name: str, context: WorkerContext) -> None:
    while True:
        await asyncio.wait([context.start(name)])
        _touch_heartbeat(context)
        await asyncio.sleep(context.settings.sweep_seconds)


def _touch_heartbeat(context: WorkerContext) -> None:
    if context.settings.heartbeat_file is not None:
        Path(context.settings.heartbeat_file).touch()
