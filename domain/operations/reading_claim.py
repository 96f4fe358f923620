"""How does one worker at a time hold an association whose transcript is due, and how does it let go of it?

A claim is a lease by the database's clock, which ``read_tries`` tells apart from later ones. It also sets the next try:
a worker that never comes back delays a transcript and holds nothing up.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.database.pool import execute, fetch_rows, fetch_value
from domain.database.transaction import Transaction, operation
from domain.operations.callback_claim import LEASE_SECONDS, ClaimLost
from domain.rules.transcript_reading import LAST_LOOK, next_reading, next_try
from domain.rules.words import LearningProvider


@dataclass(frozen=True, kw_only=True)
class ReadingClaim:
    """An association whose transcript this worker reads."""

    id: int
    learning_account_id: int
    profile_id: str
    provider: LearningProvider
    grant_sealed: bytes
    read_tries: int


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
async def keep_renewed_grant(transaction: Transaction, *, claim: ReadingClaim, grant_sealed: bytes) -> None:
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
        now + LAST_LOOK,
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
