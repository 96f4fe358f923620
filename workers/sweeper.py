"""How is due work found when nobody wakes the worker?

Independent of Redis and arq: every few seconds it does whatever the database says is due. Each kind of work has a loop
of its own, so that a slow provider does not keep credits back.
"""

import asyncio
import traceback
from pathlib import Path

import structlog

from domain.errors import TryAgain
from workers.tasks import TASKS, Task, Workplace

log = structlog.get_logger(__name__)


async def sweep(place: Workplace) -> None:
    """Do all that is due, once; a kind of work that fails does not keep the others back."""
    await asyncio.gather(*(_do(name, task, place) for name, task in TASKS.items()))


async def sweep_forever(place: Workplace) -> None:
    """Do all that is due, at once and then every few seconds, until cancelled."""
    await asyncio.gather(*(_do_forever(name, task, place) for name, task in TASKS.items()))


async def _do_forever(name: str, task: Task, place: Workplace) -> None:
    while True:
        await _do(name, task, place)
        _leave_a_sign_of_life(place)
        await asyncio.sleep(place.settings.sweep_seconds)


async def _do(name: str, task: Task, place: Workplace) -> None:
    try:
        await task(place)
    except TryAgain:
        log.warning("database away, will look again", job=name)
    except Exception as error:
        where = traceback.format_tb(error.__traceback__)[-1]
        log.error("sweep failed", job=name, error=type(error).__name__, where=where)


def _leave_a_sign_of_life(place: Workplace) -> None:
    if place.settings.heartbeat_file is not None:
        Path(place.settings.heartbeat_file).touch()
