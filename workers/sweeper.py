"""How is due work found when nobody wakes the worker?

Independent of Redis and arq: every few seconds it does whatever the database says is due.
"""

import asyncio
import traceback

import structlog

from domain.errors import TryAgain
from workers.tasks import TASKS, Workplace

log = structlog.get_logger(__name__)


async def sweep(place: Workplace) -> None:
    """Do all that is due, each kind on its own: one that fails does not keep the others back."""
    for name, task in TASKS.items():
        try:
            await task(place)
        except TryAgain:
            log.warning("database away, will look again", job=name)
        except Exception as error:
            where = traceback.format_tb(error.__traceback__)[-1]
            log.error("sweep failed", job=name, error=type(error).__name__, where=where)


async def sweep_forever(place: Workplace) -> None:
    """Sweep at once and then every few seconds, until cancelled."""
    while True:
        await sweep(place)
        await asyncio.sleep(place.settings.sweep_seconds)
