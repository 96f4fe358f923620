"""Nightly transcript reads (R9)."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from domain.database.pool import execute, fetch_rows, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import Refusal, TryAgain
from domain.faults import describe_fault
from domain.jobs import PropagateCredits
from domain.operations.steps.leases import TRANSCRIPTS, Lease, LeaseLost, acquire, extend, release
from domain.operations.steps.locks import lock_account, lock_readings
from domain.operations.steps.record_completions import record_completions
from domain.operations.steps.storing import store_surely
from domain.providers.learning import CompletionRecord, provider_client, read_transcript
from domain.providers.oidc import GrantRefused, Issuers
from domain.rules.enums import LearningProvider
from domain.rules.sign_in import ProviderUnavailable
from domain.rules.transcript_reading import LAST_READING, next_reading, next_try
from domain.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ReadPage:
    """How many transcripts were due, how many the provider refused to show for now, and the pause it asks for."""

    taken: int
    unavailable: int
    retry_after: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class TranscriptLease(Lease):
    learning_account_id: int
    profile_id: str
    provider: LearningProvider
    grant_sealed: bytes


async def reread_transcripts(
    *, provider: LearningProvider, now: datetime, settings: Settings, issuers: Issuers
) -> ReadPage:
    """Read one page of the transcripts that are due at a provider, at once.

    Raises:
        TryAgain: the database is away; the leases lapse by themselves.
    """
    leases = await lease_transcripts(provider=provider, at_once=settings.transcripts_at_once, now=now)
    readings = (_reread(lease, now=now, settings=settings, issuers=issuers) for lease in leases)
    # All are waited for: one that fails must not leave the others behind unseen.
    outcomes = await asyncio.gather(*readings, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, ProviderUnavailable):
            raise outcome
    unavailable = [outcome for outcome in outcomes if isinstance(outcome, ProviderUnavailable)]
    pauses = [outcome.retry_after for outcome in unavailable if outcome.retry_after is not None]
    return ReadPage(taken=len(leases), unavailable=len(unavailable), retry_after=max(pauses, default=None))


@operation
async def lease_transcripts(
    transaction: Transaction, *, provider: LearningProvider, at_once: int, now: datetime
) -> list[TranscriptLease]:
    """Lease the transcripts at a provider that have been due longest, as many as all workers may read at once."""
    await lock_readings(provider)
    being_read: int = await fetch_value(
        "SELECT count(*) FROM association WHERE provider = $1 AND read_leased_until > clock_timestamp()", provider
    )
    leases = await fetch_rows(
        TranscriptLease,
        """SELECT a.id, a.read_leased_until AS leased_until, a.read_tries AS tries, a.learning_account_id, l.profile_id,
               a.provider, a.grant_sealed
           FROM association a JOIN learning_account l ON l.id = a.learning_account_id WHERE a.id = ANY($1::bigint[])""",
        await acquire(TRANSCRIPTS, provider, now, limit=max(0, at_once - being_read)),
    )
    # Where the worker dies, the transcript is due again at this instant.
    await execute(
        """UPDATE association SET next_read_at = r.next_read_at
           FROM unnest($1::bigint[], $2::timestamptz[]) AS r (id, next_read_at) WHERE association.id = r.id""",
        [lease.id for lease in leases],
        [next_try(lease.learning_account_id, tries=lease.tries, now=now) for lease in leases],
    )
    return leases


async def _reread(
    lease: TranscriptLease, *, now: datetime, settings: Settings, issuers: Issuers
) -> ProviderUnavailable | None:
    # An unavailable provider is returned, so that one page tells how the provider fares.
    with suppress(LeaseLost):
        try:
            provider, client = provider_client(settings, lease.provider)
            key = settings.master_key
            renewed = await issuers.renew(client, key.open(lease.grant_sealed))
            # A refresh token may work only once, so the next one is stored before the transcript is read: a crash after
            # that loses nothing. One before it does, since the provider takes the old token for stolen when it is used
            # again: then the association says that its person has to sign in again.
            if renewed.refresh_token is not None:
                lease = await store_surely(store_grant, lease=lease, grant_sealed=key.seal(renewed.refresh_token))
            completions = await read_transcript(
                issuers,
                url=provider.transcript_url,
                title=lease.provider.display_name,
                access_token=renewed.access_token,
                profile_id=lease.profile_id,
            )
            await _conclude(lease=lease, completions=completions, now=now, settings=settings)
        except (TryAgain, LeaseLost):
            raise
        except GrantRefused:
            await give_up_reading(lease=lease, now=now)
        except ProviderUnavailable as refusal:
            await retry_reading(lease=lease, error=refusal.code, now=now, retry_after=refusal.retry_after)
            return refusal
        except Refusal as refusal:
            await retry_reading(lease=lease, error=refusal.code, now=now)
        except Exception as error:
            log.error("reading failed", association=lease.id, **describe_fault(error))
            await retry_reading(lease=lease, error=type(error).__name__[:60], now=now)
    return None


@operation
async def store_grant(transaction: Transaction, *, lease: TranscriptLease, grant_sealed: bytes) -> TranscriptLease:
    """Store the refresh token that replaces the one before; return the lease, which is extended for the transcript.

    Raises:
        LeaseLost: the worker does not hold the association any more.
    """
    extended = await extend(TRANSCRIPTS, lease)
    await execute("UPDATE association SET grant_sealed = $2 WHERE id = $1", lease.id, grant_sealed)
    return extended


@operation
async def _conclude(
    transaction: Transaction,
    *,
    lease: TranscriptLease,
    completions: list[CompletionRecord],
    now: datetime,
    settings: Settings,
) -> None:
    """Record what was read, unless the association has ended meanwhile (R9), and when to read next."""
    await lock_account(lease.learning_account_id)
    await release(TRANSCRIPTS, lease)
    first_due_at = await record_completions(lease.id, completions, now=now, policy=settings.policy)
    first_expiry: datetime | None = await fetch_value(
        """SELECT min(counts_until) FROM credit
           WHERE association_id = $1 AND end_reason = 'EXPIRED' AND counts_until > $2""",
        lease.id,
        now + LAST_READING,
    )
    await execute(
        """UPDATE association SET transcript_read_at = $2, next_read_at = $3, read_tries = 0, read_error = NULL
           WHERE id = $1""",
        lease.id,
        now,
        next_reading(lease.learning_account_id, after=now, first_expiry=first_expiry),
    )
    if first_due_at is not None:
        transaction.announce(PropagateCredits(at=first_due_at))


@operation
async def retry_reading(
    transaction: Transaction,
    *,
    lease: TranscriptLease,
    error: str,
    now: datetime,
    retry_after: timedelta | None = None,
) -> None:
    """Let a transcript be read later, after a longer pause each time.

    Raises:
        LeaseLost: the worker does not hold the association any more.
    """
    await release(TRANSCRIPTS, lease)
    await execute(
        "UPDATE association SET next_read_at = $2, read_error = $3 WHERE id = $1",
        lease.id,
        next_try(lease.learning_account_id, tries=lease.tries, now=now, retry_after=retry_after),
        error,
    )


@operation
async def give_up_reading(transaction: Transaction, *, lease: TranscriptLease, now: datetime) -> None:
    """Erase a grant that the provider refuses: the person has to sign in again.

    Raises:
        LeaseLost: the worker does not hold the association any more.
    """
    await release(TRANSCRIPTS, lease)
    await execute(
        """UPDATE association SET grant_sealed = NULL, next_read_at = NULL, grant_refused_at = $2, read_tries = 0,
               read_error = NULL
           WHERE id = $1""",
        lease.id,
        now,
    )
