"""How is due work found when nobody wakes the worker?

Independent of Redis and arq: every few seconds it does whatever the database says is due. Each kind of work has a loop
of its own, so that a slow provider does not keep credits back.
"""

import asyncio
from pathlib import Path

from workers.tasks import TASKS, Workplace


async def sweep(place: Workplace) -> None:
    """Do all that is due, once; a kind of work that fails does not keep the others back."""
    await asyncio.wait([place.start(name) for name in TASKS])


async def sweep_forever(place: Workplace) -> None:
    """Do all that is due, at once and then every few seconds, until cancelled."""
    await asyncio.gather(*(_do_forever(name, place) for name in TASKS))


async def _do_forever(name: str, place: Workplace) -> None:
    while True:
        await asyncio.wait([place.start(name)])
        _leave_a_sign_of_life(place)
        await asyncio.sleep(place.settings.sweep_seconds)


def _leave_a_sign_of_life(place: Workplace) -> None:
    if place.settings.heartbeat_file is not None:
        Path(place.settings.heartbeat_file).touch()
