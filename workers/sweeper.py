"""How is due work found when nobody wakes the worker?

Independent of Redis and arq: every few seconds it does whatever the database says is due.
"""

import asyncio

from workers.tasks import TASKS, Workplace


async def sweep(place: Workplace) -> None:
    """Do all that is due, each kind on its own: one that fails or is slow does not keep the others back."""
    await asyncio.wait([place.start(name) for name in TASKS])


async def sweep_forever(place: Workplace) -> None:
    """Sweep for each kind at once and then every few seconds, until cancelled."""
    await asyncio.gather(*(_sweep_forever(name, place) for name in TASKS))


async def _sweep_forever(name: str, place: Workplace) -> None:
    while True:
        await asyncio.wait([place.start(name)])
        await asyncio.sleep(place.settings.sweep_seconds)
