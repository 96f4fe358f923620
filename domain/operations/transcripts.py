"""How are transcripts read again, so that renewals, revocations and new completions become known (R9)?

A refresh token may work only once, so the one that takes its place is kept before the transcript is read: a crash
after that loses nothing. A crash before it does, since the provider takes the old one for stolen if it is used again:
the association then says that its person has to sign in again.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from domain.database.pool import execute, fetch_row, fetch_rows, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import Refusal, TryAgain
from domain.faults import describe_fault
from domain.jobs import PropagateCredits
from domain.models import Association
from domain.notifications import ATTEMPT_CHANNEL
from domain.operations.associations import PendingAttempt, locked_attempt
from domain.operations.steps.audit import record_audit
from domain.operations.steps.leases import LEASE_SECONDS, ClaimLost
from domain.operations.steps.record_completions import record_completions
from domain.providers.learning import CompletionRecord, provider_client, read_transcript
from domain.providers.oidc import GrantRefused, Issuers
from domain.rules.enums import LearningProvider
from domain.rules.policy import Policy
from domain.rules.sign_in import ProviderUnavailable
from domain.rules.transcript_reading import LAST_READING, next_night_reading, next_reading, next_try
from domain.secrets import SecretKey
from domain.settings import Settings

log = structlog.get_logger(__name__)

KEEP_PAUSES_SECONDS = (0.2, 1, 2, 4)


@dataclass(frozen=True, kw_only=True)
class ReadPage:
    """How many transcripts of a page were taken in hand, how many the provider kept back, and for how long."""

    taken: int
    unavailable: int
    retry_after: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class ReadingClaim:
    """An association whose transcript this worker reads."""

    id: int
    learning_account_id: int
    profile_id: str
    provider: LearningProvider
    grant_sealed: bytes
    read_tries: int


@dataclass(frozen=True, kw_only=True)
class _Refused:
    id: int
    learning_account_id: int


async def reread_transcripts(
    *, provider: LearningProvider, now: datetime, settings: Settings, issuers: Issuers
) -> ReadPage:
    """Read one page of the transcripts that are due at a provider, at once.

    Raises:
        TryAgain: the database is away; the claims lapse by themselves.
    """
    claims = await claim_readings(provider=provider, at_once=settings.transcripts_at_once, now=now)
    reading = (_reread(claim, now=now, settings=settings, issuers=issuers) for claim in claims)
    # Each is waited for: one that fails must not leave the others behind unseen.
    outcomes = await asyncio.gather(*reading, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, ProviderUnavailable):
            raise outcome
    kept_back = [outcome for outcome in outcomes if isinstance(outcome, ProviderUnavailable)]
    waits = [outcome.retry_after for outcome in kept_back if outcome.retry_after is not None]
    return ReadPage(taken=len(claims), unavailable=len(kept_back), retry_after=max(waits, default=None))


async def _reread(
    claim: ReadingClaim, *, now: datetime, settings: Settings, issuers: Issuers
) -> ProviderUnavailable | None:
    """Read one transcript again; return what the provider refused it with, if it did."""
    with suppress(ClaimLost):
        try:
            records = await _read(claim, settings=settings, issuers=issuers)
            await _conclude(claim=claim, records=records, now=now, settings=settings)
        except (TryAgain, ClaimLost):
            raise
        except GrantRefused:
            await give_up_reading(claim=claim, now=now)
        except ProviderUnavailable as refusal:
            await retry_reading(claim=claim, error=refusal.code, now=now, retry_after=refusal.retry_after)
            return refusal
        except Refusal as refusal:
            await retry_reading(claim=claim, error=refusal.code, now=now)
        except Exception as error:
            log.error("reading failed", association=claim.id, **describe_fault(error))
            await retry_reading(claim=claim, error=type(error).__name__[:60], now=now)
    return None


async def _read(claim: ReadingClaim, *, settings: Settings, issuers: Issuers) -> list[CompletionRecord]:
    """Ask the provider what the account has completed by now.

    Raises:
        GrantRefused: the refresh token is not accepted any more.
        SignInNotAccepted: the transcript is kept from us.
        ProviderUnavailable: the provider is down, slow, or answers nonsense.
        ClaimLost: somebody else reads it now, or the association has ended.
    """
    provider, client = provider_client(settings, claim.provider)
    key = SecretKey(settings.secret_key.get_secret_value())
    renewed = await issuers.renew(client, key.open(claim.grant_sealed))
    if renewed.refresh_token is not None:
        await _keep(claim, key.seal(renewed.refresh_token))
    return await read_transcript(
        issuers,
        url=provider.transcript_url,
        title=claim.provider.display_name,
        access_token=renewed.access_token,
        profile_id=claim.profile_id,
    )


async def _keep(claim: ReadingClaim, grant_sealed: bytes) -> None:
    """Keep the next refresh token, with patience: the one before is used up."""
    for seconds in KEEP_PAUSES_SECONDS:
        try:
            await store_renewed_grant(claim=claim, grant_sealed=grant_sealed)
        except TryAgain:
            await asyncio.sleep(seconds)
        else:
            return
    await store_renewed_grant(claim=claim, grant_sealed=grant_sealed)


@operation
async def _conclude(
    transaction: Transaction,
    *,
    claim: ReadingClaim,
    records: list[CompletionRecord],
    now: datetime,
    settings: Settings,
) -> None:
    """Record what was read, unless the association has ended meanwhile (R9)."""
    await fetch_value("SELECT id FROM learning_account WHERE id = $1 FOR UPDATE", claim.learning_account_id)
    await hold_reading(claim)
    association = await Association.get(id=claim.id)
    due_at = await record_completions(association, records, now=now, policy=settings.policy)
    await finish_reading(claim, now=now)
    if due_at is not None:
        transaction.announce(PropagateCredits(at=due_at))


@operation
async def claim_readings(
    transaction: Transaction, *, provider: LearningProvider, at_once: int, now: datetime
) -> list[ReadingClaim]:
    """Take a page of the associations at a provider that have waited longest, as many as may be read at once."""
    # All workers together keep to the limit: whoever claims at this provider counts alone.
    await fetch_value("SELECT pg_advisory_xact_lock(hashtext($1))", f"readings at {provider}")
    claims = await fetch_rows(
        ReadingClaim,
        """UPDATE association SET read_tries = read_tries + 1,
               read_leased_until = clock_timestamp() + make_interval(secs => $4)
           FROM learning_account l
           WHERE l.id = association.learning_account_id AND association.id = ANY(ARRAY(
               SELECT id FROM association
               WHERE provider = $1 AND next_read_at <= $2
                 AND (read_leased_until IS NULL OR read_leased_until <= clock_timestamp())
               ORDER BY next_read_at, id
               LIMIT greatest(0, $3 - (SELECT count(*) FROM association
                   WHERE provider = $1 AND read_leased_until > clock_timestamp()))
               FOR NO KEY UPDATE SKIP LOCKED))
           RETURNING association.id, association.learning_account_id, l.profile_id, association.provider,
               association.grant_sealed, association.read_tries""",
        provider,
        now,
        at_once,
        LEASE_SECONDS,
    )
    await execute(
        """UPDATE association SET next_read_at = r.next_read_at
           FROM unnest($1::bigint[], $2::timestamptz[]) AS r (id, next_read_at) WHERE association.id = r.id""",
        [claim.id for claim in claims],
        [next_try(claim.learning_account_id, tries=claim.read_tries, now=now) for claim in claims],
    )
    return claims


@operation
async def store_renewed_grant(transaction: Transaction, *, claim: ReadingClaim, grant_sealed: bytes) -> None:
    """Keep the refresh token that the provider put in the place of the one before, and hold on to the claim.

    Raises:
        ClaimLost: it is no longer ours.
    """
    await hold_reading(claim)
    await execute(
        """UPDATE association SET grant_sealed = $2,
               read_leased_until = clock_timestamp() + make_interval(secs => $3) WHERE id = $1""",
        claim.id,
        grant_sealed,
        LEASE_SECONDS,
    )


async def finish_reading(claim: ReadingClaim, *, now: datetime) -> None:
    """Note that a transcript was read, in the current transaction, and when it is read next."""
    first_expiry: datetime | None = await fetch_value(
        """SELECT min(counts_until) FROM credit
           WHERE association_id = $1 AND end_reason = 'EXPIRED' AND counts_until > $2""",
        claim.id,
        now + LAST_READING,
    )
    await execute(
        """UPDATE association SET transcript_read_at = $2, next_read_at = $3, read_tries = 0, read_error = NULL,
               read_leased_until = NULL
           WHERE id = $1""",
        claim.id,
        now,
        next_reading(claim.learning_account_id, after=now, first_expiry=first_expiry),
    )


@operation
async def retry_reading(
    transaction: Transaction, *, claim: ReadingClaim, error: str, now: datetime, retry_after: timedelta | None = None
) -> None:
    """Let a transcript be read later, each time later than before.

    Raises:
        ClaimLost: it is no longer ours.
    """
    await hold_reading(claim)
    await execute(
        "UPDATE association SET next_read_at = $2, read_error = $3, read_leased_until = NULL WHERE id = $1",
        claim.id,
        next_try(claim.learning_account_id, tries=claim.read_tries, now=now, retry_after=retry_after),
        error,
    )


@operation
async def give_up_reading(transaction: Transaction, *, claim: ReadingClaim, now: datetime) -> None:
    """Forget a grant that the provider refuses: the person has to sign in again.

    Raises:
        ClaimLost: it is no longer ours.
    """
    await hold_reading(claim)
    await execute(
        """UPDATE association SET grant_sealed = NULL, next_read_at = NULL, grant_refused_at = $2, read_tries = 0,
               read_error = NULL, read_leased_until = NULL
           WHERE id = $1""",
        claim.id,
        now,
    )


async def hold_reading(claim: ReadingClaim) -> None:
    """Lock the association for the rest of the transaction.

    Raises:
        ClaimLost: somebody else reads it now, or it has ended.
    """
    held = await fetch_value(
        """SELECT id FROM association WHERE id = $1 AND read_tries = $2 AND grant_sealed IS NOT NULL
           FOR NO KEY UPDATE""",
        claim.id,
        claim.read_tries,
    )
    if held is None:
        raise ClaimLost


@operation
async def resume_reading(
    transaction: Transaction,
    *,
    attempt_id: int,
    profile_id: str,
    completions: list[CompletionRecord],
    grant_sealed: bytes | None,
    now: datetime,
    policy: Policy,
) -> bool:
    """Go on with the member's active association if its grant was refused; tell whether there was one to go on with.

    Nothing starts, so R6 does not count it. Another account than the associated one is not a case of this.

    Raises:
        NotFound: the attempt has ended.
    """
    attempt = await locked_attempt(attempt_id)
    refused = await _locked_refused(attempt, profile_id)
    if refused is None:
        return False
    await execute(
        """UPDATE association SET grant_sealed = $2, grant_refused_at = NULL, transcript_read_at = $3,
               next_read_at = $4
           WHERE id = $1""",
        refused.id,
        grant_sealed,
        now,
        None if grant_sealed is None else next_night_reading(refused.learning_account_id, after=now),
    )
    association = await Association.get(id=refused.id)
    first_due_at = await record_completions(association, completions, now=now, policy=policy)
    await record_audit(
        attempt.organization_id,
        actor=attempt.actor,
        action="transcript_reading_resumed",
        subject=f"association:{association.id}",
        details={"provider": attempt.provider.value},
        now=now,
    )
    await execute(
        """UPDATE association_attempt SET status = 'ASSOCIATED', association_id = $2, linked_at = $3,
               imported_at = $3, finished_at = $3, verifier_sealed = NULL
           WHERE id = $1""",
        attempt.id,
        association.id,
        now,
    )
    await transaction.notify(ATTEMPT_CHANNEL, str(attempt.id))
    transaction.announce(PropagateCredits(at=first_due_at))
    return True


async def _locked_refused(attempt: PendingAttempt, profile_id: str) -> _Refused | None:
    # The account is locked before its associations are read, as whoever moves it does.
    account_id = await fetch_value(
        "SELECT id FROM learning_account WHERE provider = $1 AND profile_id = $2 FOR UPDATE",
        attempt.provider,
        profile_id,
    )
    return await fetch_row(
        _Refused,
        """SELECT id, learning_account_id FROM association
           WHERE learning_account_id = $1 AND member_id = $2 AND ended_at IS NULL AND grant_refused_at IS NOT NULL
           FOR NO KEY UPDATE""",
        account_id,
        attempt.member_id,
    )
