"""What does a worker do when it is woken for a kind of work?

Each does all that is due of its kind: the wake-up names no row.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from domain.errors import TryAgain
from domain.faults import describe_fault
from domain.jobs import (
    DeliverInvitations,
    ForgetIdempotencyKeys,
    ProcessCallback,
    PropagateCredits,
    RereadTranscripts,
)
from domain.operations.callbacks import process_callback
from domain.operations.credits import propagate_credits
from domain.operations.idempotency import forget_idempotency_keys
from domain.operations.invitation_delivery import deliver_invitation
from domain.operations.transcripts import reread_transcripts
from domain.providers.oidc import Issuers
from domain.rules.enums import LearningProvider
from domain.settings import Settings
from workers.circuit_breaker import Pauses

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """What every task needs, and what is at hand; ``clock`` tells the programme's instant, aware and in UTC."""

    settings: Settings
    clock: Callable[[], datetime]
    issuers: Issuers
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    at_hand: set[asyncio.Task[None]] = field(default_factory=set)
    pauses: Pauses = field(default_factory=Pauses)

    def start(self, name: str) -> asyncio.Task[None]:
        """Begin what is due of a kind, which goes on when whoever asked for it goes away.

        A code that was exchanged is burnt: losing Redis, or being told to stop, must not break off in between.
        """
        task = asyncio.create_task(_do(name, self))
        self.at_hand.add(task)
        task.add_done_callback(self.at_hand.discard)
        return task


CALLBACKS_AT_ONCE = 4
INVITATIONS_AT_ONCE = 4

Task = Callable[[Workplace], Awaitable[None]]


async def process_callbacks(place: Workplace) -> None:
    """Process callbacks, several at once since they wait for providers, until none can be claimed."""
    await _all(_process_callbacks_in_turn(place) for _ in range(CALLBACKS_AT_ONCE))


async def _process_callbacks_in_turn(place: Workplace) -> None:
    while not place.stop.is_set() and await process_callback(
        now=place.clock(), settings=place.settings, issuers=place.issuers
    ):
        continue


async def reread_due_transcripts(place: Workplace) -> None:
    """Read every transcript that is due, at each provider on its own, until none is left or the provider fails."""
    providers = (provider for provider in LearningProvider if place.settings.provider(provider) is not None)
    await _all(_reread_at(provider, place) for provider in providers)


async def _reread_at(provider: LearningProvider, place: Workplace) -> None:
    seconds = asyncio.get_running_loop().time
    while not place.stop.is_set() and not place.pauses.is_paused(provider, now_seconds=seconds()):
        page = await reread_transcripts(
            provider=provider, now=place.clock(), settings=place.settings, issuers=place.issuers
        )
        if page.taken == 0:
            return
        if page.retry_after is not None or page.unavailable == page.taken:
            place.pauses.fails(provider, now_seconds=seconds(), retry_after=page.retry_after)
        else:
            place.pauses.answers(provider)


async def deliver_invitations(place: Workplace) -> None:
    """Hand invitations to the mail server, several at once since they wait for it, until none can be claimed."""
    await _all(_deliver_in_turn(place) for _ in range(INVITATIONS_AT_ONCE))


async def _deliver_in_turn(place: Workplace) -> None:
    while not place.stop.is_set() and await deliver_invitation(now=place.clock(), settings=place.settings):
        continue


async def _all(turns: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for each turn: one that fails must not leave the others behind unseen."""
    for outcome in await asyncio.gather(*turns, return_exceptions=True):
        if outcome is not None:
            raise outcome


async def propagate_due_credits(place: Workplace) -> None:
    """Let every credit that is due take effect."""
    await propagate_credits(now=place.clock())


async def forget_expired_keys(place: Workplace) -> None:
    """Delete the idempotency keys that hold no more, batch by batch."""
    while not place.stop.is_set() and await forget_idempotency_keys(now=place.clock()):
        continue


TASKS: dict[str, Task] = {
    ProcessCallback.name: process_callbacks,
    PropagateCredits.name: propagate_due_credits,
    DeliverInvitations.name: deliver_invitations,
    RereadTranscripts.name: reread_due_transcripts,
    ForgetIdempotencyKeys.name: forget_expired_keys,
}


async def _do(name: str, place: Workplace) -> None:
    """Do what is due of a kind; what fails is found again by the sweeper."""
    try:
        await TASKS[name](place)
    except TryAgain:
        log.warning("database away, will look again", job=name)
    except Exception as error:
        log.error("job failed", job=name, **describe_fault(error))
