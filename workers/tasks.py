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
from workers.circuit_breaker import CircuitBreaker

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class WorkerContext:
    """What every task needs, and what is at hand; ``clock`` tells the programme's instant, aware and in UTC."""

    settings: Settings
    clock: Callable[[], datetime]
    issuers: Issuers
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)

    def start(self, name: str) -> asyncio.Task[None]:
        """Begin what is due of a kind, which goes on when whoever asked for it goes away.

        A code that was exchanged is burnt: losing Redis, or being told to stop, must not break off in between.
        """
        task = asyncio.create_task(_do(name, self))
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task


CALLBACKS_AT_ONCE = 4
INVITATIONS_AT_ONCE = 4

Task = Callable[[WorkerContext], Awaitable[None]]


async def process_callbacks(context: WorkerContext) -> None:
    """Process callbacks, several at once since they wait for providers, until none can be claimed."""
    await _all(_process_callbacks_in_turn(context) for _ in range(CALLBACKS_AT_ONCE))


async def _process_callbacks_in_turn(context: WorkerContext) -> None:
    while not context.stop.is_set() and await process_callback(
        now=context.clock(), settings=context.settings, issuers=context.issuers
    ):
        continue


async def reread_due_transcripts(context: WorkerContext) -> None:
    """Read every transcript that is due, at each provider on its own, until none is left or the provider fails."""
    providers = (provider for provider in LearningProvider if context.settings.provider(provider) is not None)
    await _all(_reread_at(provider, context) for provider in providers)


async def _reread_at(provider: LearningProvider, context: WorkerContext) -> None:
    seconds = asyncio.get_running_loop().time
    while not context.stop.is_set() and not context.circuit_breaker.is_open(provider, now_seconds=seconds()):
        page = await reread_transcripts(
            provider=provider, now=context.clock(), settings=context.settings, issuers=context.issuers
        )
        if page.taken == 0:
            return
        if page.retry_after is not None or page.unavailable == page.taken:
            context.circuit_breaker.record_failure(provider, now_seconds=seconds(), retry_after=page.retry_after)
        else:
            context.circuit_breaker.record_success(provider)


async def deliver_invitations(context: WorkerContext) -> None:
    """Hand invitations to the mail server, several at once since they wait for it, until none can be claimed."""
    await _all(_deliver_in_turn(context) for _ in range(INVITATIONS_AT_ONCE))


async def _deliver_in_turn(context: WorkerContext) -> None:
    while not context.stop.is_set() and await deliver_invitation(now=context.clock(), settings=context.settings):
        continue


async def _all(turns: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for each turn: one that fails must not leave the others behind unseen."""
    for outcome in await asyncio.gather(*turns, return_exceptions=True):
        if outcome is not None:
            raise outcome


async def propagate_due_credits(context: WorkerContext) -> None:
    """Let every credit that is due take effect."""
    await propagate_credits(now=context.clock())


async def forget_expired_keys(context: WorkerContext) -> None:
    """Delete the idempotency keys that hold no more, batch by batch."""
    while not context.stop.is_set() and await forget_idempotency_keys(now=context.clock()):
        continue


TASKS: dict[str, Task] = {
    ProcessCallback.name: process_callbacks,
    PropagateCredits.name: propagate_due_credits,
    DeliverInvitations.name: deliver_invitations,
    RereadTranscripts.name: reread_due_transcripts,
    ForgetIdempotencyKeys.name: forget_expired_keys,
}


async def _do(name: str, context: WorkerContext) -> None:
    """Do what is due of a kind; what fails is found again by the sweeper."""
    try:
        await TASKS[name](context)
    except TryAgain:
        log.warning("database away, will look again", job=name)
    except Exception as error:
        log.error("job failed", job=name, **describe_fault(error))
