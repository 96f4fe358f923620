"""What does a worker do with a callback?

A code cannot be exchanged twice, so what it was exchanged for is kept, sealed, until the end: a crash after the
exchange loses nothing. Every callback ends in a visible state.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog

from domain.database.transaction import Transaction, operation
from domain.errors import Refusal, TryAgain
from domain.faults import describe_fault
from domain.operations.associate import associate
from domain.operations.callback_claim import (
    MAX_TRIES,
    CallbackClaim,
    ClaimLost,
    claim_callback,
    finish_callback,
    found_profile,
    keep_grant,
    retry_callback,
)
from domain.operations.receive_callback import DECLINED
from domain.operations.resume_reading import resume_reading
from domain.providers.learning import CompletionRecord, provider_client, read_transcript
from domain.providers.oidc import Client, Issuers
from domain.providers.registry import PROFILE_READERS
from domain.rules.sign_in import ProfileIncomplete, ProviderUnavailable, SignInDeclined, SignInNotAccepted
from domain.secrets import SecretKey
from domain.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Tokens:
    access: str
    refresh: str | None


@dataclass(frozen=True, kw_only=True)
class _Account:
    profile_id: str
    completions: list[CompletionRecord]
    grant_sealed: bytes | None


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
    profile_id = PROFILE_READERS[claim.provider].profile_id(await issuers.userinfo(client, tokens.access))
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
        await keep_grant(claim=claim, grant_sealed=key.seal(json.dumps(asdict(tokens))))
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
