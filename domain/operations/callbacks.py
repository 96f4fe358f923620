"""Callbacks of learning providers: receive and process them."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from domain.database.pool import execute, fetch_row
from domain.database.transaction import Transaction, operation
from domain.errors import Refusal, TryAgain
from domain.faults import describe_fault
from domain.jobs import ProcessCallback
from domain.notifications import ATTEMPT_CHANNEL
from domain.operations.associations import associate
from domain.operations.steps.leases import CALLBACKS, Lease, LeaseLost, acquire, check, release
from domain.operations.steps.locks import lock_attempt_of_state
from domain.providers.learning import CompletionRecord, profile_id_of, provider_client, read_transcript
from domain.providers.oidc import Issuers
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
from domain.secrets import hash_token
from domain.settings import Settings

log = structlog.get_logger(__name__)

FIRST_BACK_OFF_SECONDS = 1


@dataclass(frozen=True, kw_only=True)
class ReceivedCallback:
    attempt_id: int
    return_to: str | None


@dataclass(frozen=True, kw_only=True)
class CallbackLease(Lease):
    attempt_id: int
    provider: LearningProvider
    code_sealed: bytes | None
    grant_sealed: bytes | None
    issuer: str | None
    provider_error: str | None
    nonce: str | None
    verifier_sealed: bytes | None


@dataclass(frozen=True, kw_only=True)
class _Account:
    profile_id: str
    completions: list[CompletionRecord]
    grant_sealed: bytes | None


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
    attempt = await lock_attempt_of_state(provider, hash_token(state))
    if attempt is None or browser_token is None or hash_token(browser_token) != attempt.browser_hash:
        raise SignInNotKnown
    received = ReceivedCallback(attempt_id=attempt.id, return_to=attempt.return_to)
    if attempt.status != AttemptStatus.AWAITING_SIGN_IN:
        return received
    check_not_expired(attempt.expires_at, now=now)
    provider_settings, _ = provider_client(settings, provider)
    check_answering_issuer(issuer, expected=provider_settings.issuer)
    if not (error or is_code(code)):
        raise SignInNotAccepted

    # Nothing else happens in this request, so that nothing which fails later can lose the code.
    await execute(
        """INSERT INTO callback
               (provider, callback_id, attempt_id, status, code_sealed, issuer, provider_error, received_at,
                claimable_at, tries)
           VALUES ($1, $2, $3, 'PENDING', $4, $5, $6, $7, clock_timestamp(), 0)""",
        provider,
        hash_token(state).hex(),
        attempt.id,
        None if error or not is_code(code) else settings.master_key.seal(code),
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


async def process_callback(*, now: datetime, settings: Settings, issuers: Issuers) -> bool:
    """Process one callback that is due; tell whether there was one.

    Raises:
        TryAgain: the database is away; the lease lapses by itself.
    """
    lease = await lease_callback()
    if lease is None:
        return False
    with suppress(LeaseLost):
        unavailable = ProviderUnavailable(lease.provider.display_name)
        if lease.is_abandoned:
            await finish_callback(lease=lease, refusal=unavailable, now=now, error="ABANDONED")
            return True
        try:
            account = await _read(lease, now=now, settings=settings, issuers=issuers)
            await _conclude(lease=lease, account=account, now=now, settings=settings)
        except (TryAgain, LeaseLost):
            raise
        except ProviderUnavailable as refusal:
            await retry_callback(lease=lease, refusal=refusal, error=refusal.code, now=now)
        except Refusal as refusal:
            await finish_callback(lease=lease, refusal=refusal, now=now)
        except Exception as error:
            log.error("callback failed", callback=lease.id, tries=lease.tries, **describe_fault(error))
            await retry_callback(lease=lease, refusal=unavailable, error=type(error).__name__, now=now)
    return True


@operation
async def lease_callback(transaction: Transaction) -> CallbackLease | None:
    """Lease the callback that has been due longest, if one is due, and show that it is processed."""
    lease = await fetch_row(
        CallbackLease,
        """SELECT b.id, b.claimable_at AS leased_until, b.tries, b.attempt_id, b.provider, b.code_sealed,
               b.grant_sealed, b.issuer, b.provider_error, t.nonce, t.verifier_sealed
           FROM callback b JOIN association_attempt t ON t.id = b.attempt_id WHERE b.id = ANY($1::bigint[])""",
        await acquire(CALLBACKS),
    )
    if lease is not None:
        await execute("UPDATE association_attempt SET status = 'PROCESSING' WHERE id = $1", lease.attempt_id)
        await transaction.notify(ATTEMPT_CHANNEL, str(lease.attempt_id))
    return lease


async def _read(lease: CallbackLease, *, now: datetime, settings: Settings, issuers: Issuers) -> _Account:
    """Ask the provider who signed in and what they have completed.

    Raises:
        SignInDeclined: the person said no there.
        SignInNotAccepted: the provider refuses the code or the token.
        ProfileIncomplete: there is no certification profile (R3).
        ProviderUnavailable: the provider is down, slow or answers nonsense.
    """
    if lease.provider_error is not None:
        raise SignInDeclined if lease.provider_error == DECLINED else SignInNotAccepted
    provider, client = provider_client(settings, lease.provider)
    key = settings.master_key
    tokens: dict[str, Any]
    if lease.grant_sealed is None:
        assert lease.code_sealed is not None
        assert lease.verifier_sealed is not None
        assert lease.nonce is not None
        grant = await issuers.exchange(
            client,
            code=key.open(lease.code_sealed),
            named_issuer=lease.issuer,
            verifier=key.open(lease.verifier_sealed),
            nonce=lease.nonce,
            now=now,
        )
        tokens = {"access": grant.access_token, "refresh": grant.refresh_token}
        # The code is used up: a worker that dies after this leaves what it was exchanged for to the next one.
        await store_grant(lease=lease, grant_sealed=key.seal(json.dumps(tokens)))
    else:
        tokens = json.loads(key.open(lease.grant_sealed))
    access_token, refresh_token = tokens["access"], tokens["refresh"]
    profile_id = profile_id_of(lease.provider, await issuers.userinfo(client, access_token))
    if profile_id is None:
        raise ProfileIncomplete(lease.provider.display_name)
    await record_profile_found(lease=lease, now=now)
    completions = await read_transcript(
        issuers,
        url=provider.transcript_url,
        title=lease.provider.display_name,
        access_token=access_token,
        profile_id=profile_id,
    )
    return _Account(
        profile_id=profile_id,
        completions=completions,
        grant_sealed=None if refresh_token is None else key.seal(refresh_token),
    )


@operation
async def store_grant(transaction: Transaction, *, lease: CallbackLease, grant_sealed: bytes) -> None:
    """Store what the code was exchanged for; erase the code, which works only once.

    Raises:
        LeaseLost: the worker does not hold the callback any more.
    """
    await check(CALLBACKS, lease)
    await execute("UPDATE callback SET grant_sealed = $2, code_sealed = NULL WHERE id = $1", lease.id, grant_sealed)


@operation
async def record_profile_found(transaction: Transaction, *, lease: CallbackLease, now: datetime) -> None:
    """Record that the certification profile was found, and show it.

    Raises:
        LeaseLost: the worker does not hold the callback any more.
    """
    await check(CALLBACKS, lease)
    await execute(
        "UPDATE association_attempt SET profile_found_at = coalesce(profile_found_at, $2) WHERE id = $1",
        lease.attempt_id,
        now,
    )
    await transaction.notify(ATTEMPT_CHANNEL, str(lease.attempt_id))


@operation
async def _conclude(
    transaction: Transaction, *, lease: CallbackLease, account: _Account, now: datetime, settings: Settings
) -> None:
    # In one transaction: a callback that is done without its association would lose the person's sign-in.
    await finish_callback(lease=lease, refusal=None, now=now)
    await associate(
        attempt_id=lease.attempt_id,
        profile_id=account.profile_id,
        completions=account.completions,
        grant_sealed=account.grant_sealed,
        now=now,
        policy=settings.policy,
    )


@operation
async def finish_callback(
    transaction: Transaction, *, lease: CallbackLease, refusal: Refusal | None, now: datetime, error: str | None = None
) -> None:
    """End a callback and erase what it carried; with a refusal, end its attempt too and store the refusal there.

    With an error the callback stays as a dead letter.

    Raises:
        LeaseLost: the worker does not hold the callback any more.
    """
    await check(CALLBACKS, lease)
    await execute(
        """UPDATE callback SET status = $2, code_sealed = NULL, grant_sealed = NULL, finished_at = $3, last_error = $4
           WHERE id = $1""",
        lease.id,
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
            lease.attempt_id,
            refused_status(refusal.code),
            refusal.code,
            limit and limit.next_available_at,
            limit and limit.account and limit.account.id,
            now,
        )
        await transaction.notify(ATTEMPT_CHANNEL, str(lease.attempt_id))


@operation
async def retry_callback(
    transaction: Transaction, *, lease: CallbackLease, refusal: Refusal, error: str, now: datetime
) -> None:
    """Let a callback be tried again after a pause, twice as long each time; after the last try it is dead.

    Raises:
        LeaseLost: the worker does not hold the callback any more.
    """
    if lease.is_last_try:
        await finish_callback(lease=lease, refusal=refusal, now=now, error=error)
    else:
        await release(CALLBACKS, lease, pause_seconds=lease.back_off_seconds(FIRST_BACK_OFF_SECONDS))
        await execute("UPDATE callback SET last_error = $2 WHERE id = $1", lease.id, error)
