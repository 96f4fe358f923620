"""What happens when a provider sends a browser back to us?

The callback is committed before anything else, and nothing else happens in the request.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog

from domain.database.pool import execute, fetch_row
from domain.database.transaction import Transaction, operation
from domain.errors import Refusal, TryAgain
from domain.faults import describe_fault
from domain.jobs import ProcessCallback
from domain.notifications import ATTEMPT_CHANNEL
from domain.operations.associations import associate
from domain.operations.steps.leases import LEASE_SECONDS, ClaimLost
from domain.operations.transcripts import resume_reading
from domain.providers.learning import CompletionRecord, provider_client, read_transcript
from domain.providers.oidc import Client, Issuers
from domain.providers.profiles import PROFILE_IDS
from domain.rules.association_limits import LimitRefusal
from domain.rules.attempt_refusal import refused_status
from domain.rules.enums import AttemptStatus, LearningProvider
from domain.rules.sign_in import (
    DECLINED,
    ProfileIncomplete,
    ProviderUnavailable,
    SignInDeclined,
    SignInNotAccepted,
    SignInNotKnown,
    check_answering_issuer,
    check_not_expired,
    is_code,
)
from domain.secrets import SecretKey, hash_token
from domain.settings import Settings

log = structlog.get_logger(__name__)

MAX_TRIES = 6
FIRST_DELAY_SECONDS = 1


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


@dataclass(frozen=True, kw_only=True)
class _Tokens:
    access: str
    refresh: str | None


@dataclass(frozen=True, kw_only=True)
class _Account:
    profile_id: str
    completions: list[CompletionRecord]
    grant_sealed: bytes | None


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


@dataclass(frozen=True, kw_only=True)
class _Held:
    id: int


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


async def _locked_attempt(provider: LearningProvider, state: str) -> _Attempt | None:
    return await fetch_row(
        _Attempt,
        """SELECT id, status, browser_hash, expires_at, return_to FROM association_attempt
           WHERE state_hash = $1 AND provider = $2 FOR UPDATE""",
        hash_token(state),
        provider,
    )


async def process_callback(*, now: datetime, settings: Settings, issuers: Issuers) -> bool:
    """Process one callback that can be claimed; tell whether there was one.

    Raises:
        TryAgain: the database is away; the claim lapses by itself.
    """
    claim = await claim_callback()
    if claim is None:
        return False
    with suppress(ClaimLost):
        if claim.tries > MAX_TRIES:
            # Whoever held it each time never came back to say so.
            unavailable = ProviderUnavailable(claim.provider.display_name)
            await finish_callback(claim=claim, refusal=unavailable, now=now, error="ABANDONED")
            return True
        await _process(claim, now=now, settings=settings, issuers=issuers)
    return True


async def _process(claim: CallbackClaim, *, now: datetime, settings: Settings, issuers: Issuers) -> None:
    try:
        account = await _read(claim, now=now, settings=settings, issuers=issuers)
        await _conclude(claim=claim, account=account, now=now, settings=settings)
    except (TryAgain, ClaimLost):
        raise
    except ProviderUnavailable as refusal:
        await retry_callback(claim=claim, refusal=refusal, error=refusal.code, now=now)
    except Refusal as refusal:
        await finish_callback(claim=claim, refusal=refusal, now=now)
    except Exception as error:
        log.error("callback failed", callback=claim.id, tries=claim.tries, **describe_fault(error))
        unavailable = ProviderUnavailable(claim.provider.display_name)
        await retry_callback(claim=claim, refusal=unavailable, error=type(error).__name__, now=now)


async def _read(claim: CallbackClaim, *, now: datetime, settings: Settings, issuers: Issuers) -> _Account:
    """Ask the provider who signed in and what they completed.

    Raises:
        SignInDeclined: the person said no there.
        SignInNotAccepted: the provider refuses the code or the token.
        ProfileIncomplete: there is no certification profile (R3).
        ProviderUnavailable: the provider is down, slow or answers nonsense.
    """
    if claim.provider_error is not None:
        raise SignInDeclined if claim.provider_error == DECLINED else SignInNotAccepted
    provider, client = provider_client(settings, claim.provider)
    key = SecretKey(settings.secret_key.get_secret_value())
    tokens = await _tokens(claim, client, key, now=now, issuers=issuers)
    profile_id = PROFILE_IDS[claim.provider](await issuers.userinfo(client, tokens.access))
    if profile_id is None:
        raise ProfileIncomplete(claim.provider.display_name)
    await found_profile(claim=claim, now=now)
    completions = await read_transcript(
        issuers,
        url=provider.transcript_url,
        title=claim.provider.display_name,
        access_token=tokens.access,
        profile_id=profile_id,
    )
    return _Account(
        profile_id=profile_id,
        completions=completions,
        grant_sealed=None if tokens.refresh is None else key.seal(tokens.refresh),
    )


async def _tokens(claim: CallbackClaim, client: Client, key: SecretKey, *, now: datetime, issuers: Issuers) -> _Tokens:
    """Exchange the code and keep what it gives, or return what it gave to the try before."""
    if claim.grant_sealed is None:
        assert claim.code_sealed is not None
        assert claim.verifier_sealed is not None
        assert claim.nonce is not None
        grant = await issuers.exchange(
            client,
            code=key.open(claim.code_sealed),
            named_issuer=claim.issuer,
            verifier=key.open(claim.verifier_sealed),
            nonce=claim.nonce,
            now=now,
        )
        tokens = _Tokens(access=grant.access_token, refresh=grant.refresh_token)
        await store_grant(claim=claim, grant_sealed=key.seal(json.dumps(asdict(tokens))))
        return tokens
    return _Tokens(**json.loads(key.open(claim.grant_sealed)))


@operation
async def _conclude(
    transaction: Transaction,
    *,
    claim: CallbackClaim,
    account: _Account,
    now: datetime,
    settings: Settings,
) -> None:
    """Associate, or read on what was associated before, and finish the callback in one transaction."""
    await finish_callback(claim=claim, refusal=None, now=now)
    resumed = await resume_reading(
        attempt_id=claim.attempt_id,
        profile_id=account.profile_id,
        completions=account.completions,
        grant_sealed=account.grant_sealed,
        now=now,
        policy=settings.policy,
    )
    if not resumed:
        await associate(
            attempt_id=claim.attempt_id,
            profile_id=account.profile_id,
            completions=account.completions,
            grant_sealed=account.grant_sealed,
            now=now,
            policy=settings.policy,
        )


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
async def store_grant(transaction: Transaction, *, claim: CallbackClaim, grant_sealed: bytes) -> None:
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
