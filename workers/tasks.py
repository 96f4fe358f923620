"""What does a worker do when it is woken for a kind of work?

Each does all that is due of its kind: the wake-up names no row.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from domain.errors import TryAgain
from domain.jobs import ProcessCallback, PropagateCredits
from domain.operations.process_callback import process_callback
from domain.operations.propagate_credits import propagate_credits
from domain.providers.oidc import Issuers
from domain.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """What every task needs, and what is at hand; ``clock`` tells the programme's instant, aware and in UTC."""

    settings: Settings
    clock: Callable[[], datetime]
    issuers: Issuers
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    at_hand: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, name: str) -> asyncio.Task[None]:
        """Begin what is due of a kind, which goes on when whoever asked for it goes away.

        A code that was exchanged is burnt: losing Redis, or being told to stop, must not break off in between.
        """
        task = asyncio.create_task(_do(name, self))
        self.at_hand.add(task)
        task.add_done_callback(self.at_hand.discard)
        return task


Task = Callable[[Workplace], Awaitable[None]]


async def process_callbacks(place: Workplace) -> None:
    """Process callbacks until none can be claimed, or the worker is to stop."""
    while not place.stop.is_set() and await process_callback(
        now=place.clock(), settings=place.settings, issuers=place.issuers
    ):
        continue


async def propagate_due_credits(place: Workplace) -> None:
    """Let every credit that is due take effect."""
    await propagate_credits(now=place.clock())


TASKS: dict[str, Task] = {
    ProcessCallback.name: process_callbacks,
    PropagateCredits.name: propagate_due_credits,
}


async def _do(name: str, place: Workplace) -> None:
    """Do what is due of a kind; what fails is found again by the sweeper."""
    try:
        await TASKS[name](place)
    except TryAgain:
        log.warning("database away, will look again", job=name)
    except Exception as error:
        # The message of an error may hold what is personal: only its kind and place are logged.
        where = traceback.format_tb(error.__traceback__)[-1]
        log.error("job failed", job=name, error=type(error).__name__, where=where)
