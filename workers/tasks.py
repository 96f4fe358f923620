"""Tasks: do all that is due of one kind of work."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import structlog

from domain.errors import TryAgain
from domain.faults import describe_fault
from domain.jobs import (
    CheckSessions,
    DeliverInvitations,
    ForgetIdempotencyKeys,
    ProcessCallback,
    PropagateCredits,
    RereadTranscripts,
    WarnOfExpiry,
)
from domain.operations.callbacks import process_callback
from domain.operations.credits import propagate_credits
from domain.operations.idempotency import forget_idempotency_keys
from domain.operations.invitation_delivery import deliver_invitation
from domain.operations.sessions import check_session
from domain.operations.transcripts import reread_transcripts
from domain.providers.oidc import Issuers
from domain.queries.issuers import expiring_issuers
from domain.rules.enums import LearningProvider
from domain.settings import Settings
from workers.circuit_breaker import CircuitBreaker

log = structlog.get_logger(__name__)

# All wait for others, providers, issuers and the mail server, most of their time.
CALLBACKS_AT_ONCE = 4
INVITATIONS_AT_ONCE = 4
SESSIONS_AT_ONCE = 4


@dataclass(frozen=True, kw_only=True)
class WorkerContext:
    """What every task needs, and the tasks that run; ``clock`` returns the present instant, aware and in UTC."""

    settings: Settings
    clock: Callable[[], datetime]
    issuers: Issuers
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    circuit_breaker: CircuitBreaker[LearningProvider] = field(default_factory=CircuitBreaker)
    # Of identity issuers, by id.
    issuers_circuit_breaker: CircuitBreaker[int] = field(default_factory=CircuitBreaker)
    # The days (UTC) on which this process has warned. No table holds them: another process's line, or one more after a
    # restart, harms nobody.
    warned_on: set[date] = field(default_factory=set)

    def start(self, name: str) -> asyncio.Task[None]:
        # It outlives its caller. A code works only once, so neither a lost Redis nor a stop may cancel at once what
        # follows its exchange.
        task = asyncio.create_task(_run(name, self))
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task


async def process_callbacks(context: WorkerContext) -> None:
    await _repeat(
        lambda: process_callback(now=context.clock(), settings=context.settings, issuers=context.issuers),
        context,
        at_once=CALLBACKS_AT_ONCE,
    )


async def propagate_due_credits(context: WorkerContext) -> None:
    await propagate_credits(now=context.clock())


async def deliver_invitations(context: WorkerContext) -> None:
    await _repeat(
        lambda: deliver_invitation(now=context.clock(), settings=context.settings),
        context,
        at_once=INVITATIONS_AT_ONCE,
    )


async def reread_due_transcripts(context: WorkerContext) -> None:
    """Read every transcript that is due, at each provider by itself, until none is left or the provider fails."""
    seconds, breaker = asyncio.get_running_loop().time, context.circuit_breaker

    async def reread_at(provider: LearningProvider) -> None:
        while not context.stop.is_set() and not breaker.is_open(provider, now_seconds=seconds()):
            page = await reread_transcripts(
                provider=provider, now=context.clock(), settings=context.settings, issuers=context.issuers
            )
            if page.taken == 0:
                return
            # A single account may be at fault; where no transcript of a page can be read, the provider is.
            if page.retry_after is not None or page.unavailable == page.taken:
                breaker.record_failure(provider, now_seconds=seconds(), retry_after=page.retry_after)
            else:
                breaker.record_success(provider)

    await _all(reread_at(provider) for provider in LearningProvider if context.settings.provider(provider))


async def check_due_sessions(context: WorkerContext) -> None:
    """Check every session that is due, several at once, but none at an issuer that has just failed."""
    seconds, breaker = asyncio.get_running_loop().time, context.issuers_circuit_breaker

    async def check() -> bool:
        checked = await check_session(
            now=context.clock(),
            settings=context.settings,
            issuers=context.issuers,
            without=breaker.all_open(now_seconds=seconds()),
        )
        if checked is None:
            return False
        issuer, refusal = checked.identity_issuer_id, checked.refusal
        if refusal is None:
            breaker.record_success(issuer)
        else:
            breaker.record_failure(issuer, now_seconds=seconds(), retry_after=refusal.retry_after)
        return True

    await _repeat(check, context, at_once=SESSIONS_AT_ONCE)


async def forget_expired_keys(context: WorkerContext) -> None:
    await _repeat(lambda: forget_idempotency_keys(now=context.clock()), context)


async def warn_of_expiry(context: WorkerContext) -> None:
    """Warn once a day of issuers that will soon refuse our client, or do already."""
    now = context.clock()
    if now.date() in context.warned_on:
        return
    for row in await expiring_issuers(now=now):
        log.warning(
            "issuer credentials expire",
            organization=row.organization_id,
            issuer=row.issuer,
            expires_at=row.expires_at.isoformat(),
            has_expired=row.expires_at <= now,
        )
    context.warned_on.clear()
    context.warned_on.add(now.date())


TASKS: dict[str, Callable[[WorkerContext], Awaitable[None]]] = {
    ProcessCallback.name: process_callbacks,
    PropagateCredits.name: propagate_due_credits,
    DeliverInvitations.name: deliver_invitations,
    RereadTranscripts.name: reread_due_transcripts,
    ForgetIdempotencyKeys.name: forget_expired_keys,
    CheckSessions.name: check_due_sessions,
    WarnOfExpiry.name: warn_of_expiry,
}


async def _run(name: str, context: WorkerContext) -> None:
    # No fault goes further: the sweeper finds again what is still due.
    try:
        await TASKS[name](context)
    except TryAgain:
        log.warning("database away, will look again", job=name)
    except Exception as error:
        log.error("job failed", job=name, **describe_fault(error))


async def _repeat(step: Callable[[], Awaitable[bool]], context: WorkerContext, *, at_once: int = 1) -> None:
    """Repeat a step until it finds nothing to do or the worker stops."""

    async def repeat() -> None:
        while not context.stop.is_set() and await step():
            continue

    await _all(repeat() for _ in range(at_once))


async def _all(coroutines: Iterable[Coroutine[Any, Any, None]]) -> None:
    # A task group would cancel the others when one fails, after their code was exchanged.
    for outcome in await asyncio.gather(*coroutines, return_exceptions=True):
        if outcome is not None:
            raise outcome
