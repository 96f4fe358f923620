"""How does one worker at a time hold a callback, and how does it let go of it?

What calls outside cannot hold a row lock meanwhile, so a claim is a lease: it lapses by the database's clock, and
``tries`` tells a late holder that somebody else has it now.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row
from domain.database.transaction import Transaction, operation
from domain.errors import Refusal
from domain.notifications import ATTEMPT_CHANNEL
from domain.rules.association_limits import LimitRefusal
from domain.rules.attempt_refusal import refused_status
from domain.rules.words import LearningProvider

LEASE_SECONDS = 90
MAX_TRIES = 6
FIRST_DELAY_SECONDS = 1


class ClaimLost(Exception):
    """The lease lapsed and somebody else holds the callback now, or has finished it."""


@dataclass(frozen=True, kw_only=True)
class CallbackClaim:
    """A callback that this worker holds, with what its attempt remembers."""

    id: int
    attempt_id: int
    provider: LearningProvider
    code_sealed: bytes | None
    grant_sealed: bytes | None
    issuer: str | None
    provider_error: str | None
    tries: int
    nonce: str | None
    verifier_sealed: bytes | None


@operation
async def claim_callback(transaction: Transaction) -> CallbackClaim | None:
    """Take the callback that has waited longest, if there is one to take."""
    claim = await fetch_row(
        CallbackClaim,
        """UPDATE callback SET tries = tries + 1, claimable_at = clock_timestamp() + make_interval(secs => $1)
           FROM association_attempt t
           WHERE t.id = callback.attempt_id AND callback.id = (
               SELECT id FROM callback WHERE status = 'PENDING' AND claimable_at <= clock_timestamp()
               ORDER BY claimable_at LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING callback.id, callback.attempt_id, callback.provider, callback.code_sealed,
               callback.grant_sealed, callback.issuer, callback.provider_error, callback.tries, t.nonce,
               t.verifier_sealed""",
        LEASE_SECONDS,
    )
    if claim is not None:
        await execute("UPDATE association_attempt SET status = 'PROCESSING' WHERE id = $1", claim.attempt_id)
        await transaction.notify(ATTEMPT_CHANNEL, str(claim.attempt_id))
    return claim


@operation
async def keep_grant(transaction: Transaction, *, claim: CallbackClaim, grant_sealed: bytes) -> None:
    """Keep what the code was exchanged for; the code itself is burnt and erased."""
    await _hold(claim)
    await execute("UPDATE callback SET grant_sealed = $2, code_sealed = NULL WHERE id = $1", claim.id, grant_sealed)


@operation
async def found_profile(transaction: Transaction, *, claim: CallbackClaim, now: datetime) -> None:
    """Show that the certification profile was found."""
    await _hold(claim)
    await execute(
        "UPDATE association_attempt SET profile_found_at = coalesce(profile_found_at, $2) WHERE id = $1",
        claim.attempt_id,
        now,
    )
    await transaction.notify(ATTEMPT_CHANNEL, str(claim.attempt_id))


@operation
async def finish_callback(
    transaction: Transaction, *, claim: CallbackClaim, refusal: Refusal | None, now: datetime, error: str | None = None
) -> None:
    """End a callback and forget what it carried; with a refusal, end its attempt too and keep what it was told.

    With an error the callback stays in the dead letters.
    """
    await _hold(claim)
    await execute(
        """UPDATE callback SET status = $2, code_sealed = NULL, grant_sealed = NULL, finished_at = $3, last_error = $4
           WHERE id = $1""",
        claim.id,
        "DEAD" if error else "DONE",
        now,
        error,
    )
    if refusal is not None:
        limit = refusal if isinstance(refusal, LimitRefusal) else None
        await execute(
            """UPDATE association_attempt SET status = $2, refusal_code = $3, refusal_available_at = $4,
                   refusal_account_id = $5, finished_at = $6, verifier_sealed = NULL
               WHERE id = $1""",
            claim.attempt_id,
            refused_status(refusal.code),
            refusal.code,
            limit and limit.next_available_at,
            limit and limit.account and limit.account.id,
            now,
        )
        await transaction.notify(ATTEMPT_CHANNEL, str(claim.attempt_id))


async def retry_callback(*, claim: CallbackClaim, refusal: Refusal, error: str, now: datetime) -> None:
    """Let a callback be tried again later, each time later than before; after the last try it is dead."""
    if claim.tries >= MAX_TRIES:
        await finish_callback(claim=claim, refusal=refusal, now=now, error=error)
    else:
        await _release(claim=claim, error=error)


@operation
async def _release(transaction: Transaction, *, claim: CallbackClaim, error: str) -> None:
    await _hold(claim)
    await execute(
        """UPDATE callback SET claimable_at = clock_timestamp() + make_interval(secs => $2), last_error = $3
           WHERE id = $1""",
        claim.id,
        FIRST_DELAY_SECONDS * 2 ** (claim.tries - 1),
        error,
    )


async def _hold(claim: CallbackClaim) -> None:
    """Lock the callback for the rest of the transaction.

    Raises:
        ClaimLost: it is no longer ours.
    """
    held = await fetch_row(
        _Held,
        "SELECT id FROM callback WHERE id = $1 AND tries = $2 AND status = 'PENDING' FOR UPDATE",
        claim.id,
        claim.tries,
    )
    if held is None:
        raise ClaimLost


@dataclass(frozen=True, kw_only=True)
class _Held:
    id: int
