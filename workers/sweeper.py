"""How is due work found when nobody wakes the worker?

Independent of Redis and arq: every few seconds it does whatever the database says is due. Each kind of work has a loop
of its own, so that a slow provider does not keep credits back.
"""

import asyncio
from pathlib import Path

from workers.tasks import TASKS, WorkerContext


async def sweep(context: WorkerContext) -> None:
    """Do all that is due, once; a kind of work that fails does not keep the others back."""
    await asyncio.wait([context.start(name) for name in TASKS])


async def sweep_forever(context: WorkerContext) -> None:
    """Do all that is due, at once and then every few seconds, until cancelled."""
    await asyncio.gather(*(_do_forever(name, context) for name in TASKS))


async def _do_forever(name: str, context: WorkerContext) -> None:
    while True:
        await asyncio.wait([context.start(name)])
        _leave_a_sign_of_life(context)
        await asyncio.sleep(context.settings.sweep_seconds)


def _leave_a_sign_of_life(context: WorkerContext) -> None:
    if context.settings.heartbeat_file is not None:
        Path(context.settings.heartbeat_file).touch()
