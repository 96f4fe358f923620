"""What happens when a provider sends a browser back to us?

The callback is committed before anything else, and nothing else happens in the request.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard

from domain.database.pool import execute, fetch_row
from domain.database.transaction import Transaction, operation
from domain.jobs import ProcessCallback
from domain.notifications import ATTEMPT_CHANNEL
from domain.providers.learning import provider_client
from domain.rules.sign_in import SignInNotAccepted, SignInNotKnown, check_answering_issuer, check_not_expired
from domain.rules.words import AttemptStatus, LearningProvider
from domain.secrets import SecretKey, hash_token
from domain.settings import Settings

MAX_CODE = 4096
DECLINED = "access_denied"


@dataclass(frozen=True, kw_only=True)
class ReceivedCallback:
    """The attempt that a callback belongs to, and where its person wants to go on."""

    attempt_id: int
    return_to: str | None


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    id: int
    status: AttemptStatus
    browser_hash: bytes
    expires_at: datetime
    return_to: str | None


@operation
async def receive_callback(
    transaction: Transaction,
    *,
    provider: LearningProvider,
    state: str,
    code: str | None,
    error: str | None,
    issuer: str | None,
    browser_token: str | None,
    now: datetime,
    settings: Settings,
) -> ReceivedCallback:
    """Commit a callback and wake a worker; a repeated one of the same browser changes nothing.

    Raises:
        SignInNotKnown: the state is forged, or another browser's.
        SignInExpired: the attempt's ten minutes are over.
        SignInNotAccepted: another issuer speaks, or neither code nor error came.
    """
    attempt = await _locked_attempt(provider, state)
    if attempt is None or browser_token is None or hash_token(browser_token) != attempt.browser_hash:
        raise SignInNotKnown
    received = ReceivedCallback(attempt_id=attempt.id, return_to=attempt.return_to)
    if attempt.status != AttemptStatus.AWAITING_SIGN_IN:
        return received
    check_not_expired(attempt.expires_at, now=now)
    found, _ = provider_client(settings, provider)
    check_answering_issuer(issuer, expected=found.issuer)
    if not (error or is_code(code)):
        raise SignInNotAccepted

    await execute(
        """INSERT INTO callback
               (provider, callback_id, attempt_id, status, code_sealed, issuer, provider_error, received_at,
                claimable_at, tries)
           VALUES ($1, $2, $3, 'PENDING', $4, $5, $6, $7, clock_timestamp(), 0)""",
        provider,
        hash_token(state).hex(),
        attempt.id,
        None if error or not is_code(code) else SecretKey(settings.secret_key.get_secret_value()).seal(code),
        issuer,
        (DECLINED if error == DECLINED else "other") if error else None,
        now,
    )
    await execute(
        "UPDATE association_attempt SET status = 'RECEIVED', signed_in_at = $2 WHERE id = $1",
        attempt.id,
        None if error else now,
    )
    await transaction.notify(ATTEMPT_CHANNEL, str(attempt.id))
    transaction.announce(ProcessCallback())
    return received


def is_code(code: str | None) -> TypeGuard[str]:
    """Tell whether an answer's code can be one (RFC 6749, A.11: visible ASCII)."""
    return code is not None and 0 < len(code) <= MAX_CODE and code.isascii() and code.isprintable()


async def _locked_attempt(provider: LearningProvider, state: str) -> _Attempt | None:
    return await fetch_row(
        _Attempt,
        """SELECT id, status, browser_hash, expires_at, return_to FROM association_attempt
           WHERE state_hash = $1 AND provider = $2 FOR UPDATE""",
        hash_token(state),
        provider,
    )
