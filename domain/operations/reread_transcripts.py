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

from domain.database.pool import fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import Refusal, TryAgain
from domain.faults import describe_fault
from domain.jobs import PropagateCredits
from domain.models import Association
from domain.operations.callback_claim import ClaimLost
from domain.operations.reading_claim import (
    ReadingClaim,
    claim_readings,
    finish_reading,
    give_up_reading,
    hold_reading,
    keep_renewed_grant,
    retry_reading,
)
from domain.operations.record_completions import record_completions
from domain.providers.learning import CompletionRecord, provider_client, read_transcript
from domain.providers.oidc import GrantRefused, Issuers
from domain.rules.sign_in import ProviderUnavailable
from domain.rules.words import LearningProvider
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
            await keep_renewed_grant(claim=claim, grant_sealed=grant_sealed)
        except TryAgain:
            await asyncio.sleep(seconds)
        else:
            return
    await keep_renewed_grant(claim=claim, grant_sealed=grant_sealed)


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
