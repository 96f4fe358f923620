"""What does a worker do when it is woken for a kind of work?

Each does all that is due of its kind: the wake-up names no row. ``**_`` takes what a newer announcer may send.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.jobs import ProcessCallback, PropagateCredits
from domain.operations.process_callback import process_callback
from domain.operations.propagate_credits import propagate_credits
from domain.providers.oidc import Issuers
from domain.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """What every task needs; ``clock`` tells the programme's instant, aware and in UTC."""

    settings: Settings
    clock: Callable[[], datetime]
    issuers: Issuers


CALLBACKS_AT_ONCE = 4

Task = Callable[[Workplace], Awaitable[None]]


async def process_callbacks(place: Workplace) -> None:
    """Process callbacks, several at once since they wait for providers, until none can be claimed."""
    await asyncio.gather(*(_process_callbacks_in_turn(place) for _ in range(CALLBACKS_AT_ONCE)))


async def _process_callbacks_in_turn(place: Workplace) -> None:
    while await process_callback(now=place.clock(), settings=place.settings, issuers=place.issuers):
        continue


async def propagate_due_credits(place: Workplace) -> None:
    """Let every credit that is due take effect."""
    await propagate_credits(now=place.clock())


TASKS: dict[str, Task] = {
    ProcessCallback.name: process_callbacks,
    PropagateCredits.name: propagate_due_credits,
}


def arq_function(task: Task) -> Callable[..., Coroutine[Any, Any, None]]:
    """Return a task in the form that arq calls."""

    async def run(context: dict[str, Any], **_: object) -> None:
        await task(context["place"])

    return run
