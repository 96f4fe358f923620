"""One round of a worker's tasks."""

import asyncio

from workers.tasks import TASKS, WorkerContext


async def sweep(context: WorkerContext) -> None:
    """Run every task once, as the sweeper does again and again."""
    await asyncio.wait([context.start(name) for name in TASKS])
