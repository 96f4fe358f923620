"""What does a worker do with a callback?

A code cannot be exchanged twice, so what it was exchanged for is kept, sealed, until the end: a crash after the
exchange loses nothing. Every callback ends in a visible state.
"""

import traceback
from contextlib import suppress
from datetime import datetime

import structlog

from domain.errors import Refusal, TryAgain
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
from domain.providers.learning import CompletionRecord, provider_client, read_transcript
from domain.providers.oidc import Issuers
from domain.providers.registry import PROFILE_READERS
from domain.rules.sign_in import ProfileIncomplete, ProviderUnavailable, SignInDeclined, SignInNotAccepted
from domain.secrets import SecretKey
from domain.settings import Settings
from domain.transaction import Transaction, operation

log = structlog.get_logger(__name__)


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
        profile_id, completions = await _read(claim, now=now, settings=settings, issuers=issuers)
        await _conclude(claim=claim, profile_id=profile_id, completions=completions, now=now, settings=settings)
    except (TryAgain, ClaimLost):
        raise
    except ProviderUnavailable as refusal:
        await retry_callback(claim=claim, refusal=refusal, error=refusal.code, now=now)
    except Refusal as refusal:
        await finish_callback(claim=claim, refusal=refusal, now=now)
    except Exception as error:
        # The message of an error may hold what a provider sent: only its kind and place are logged.
        place = traceback.format_tb(error.__traceback__)[-1]
        log.error("callback failed", callback=claim.id, tries=claim.tries, error=type(error).__name__, place=place)
        unavailable = ProviderUnavailable(claim.provider.display_name)
        await retry_callback(claim=claim, refusal=unavailable, error=type(error).__name__, now=now)


async def _read(
    claim: CallbackClaim, *, now: datetime, settings: Settings, issuers: Issuers
) -> tuple[str, list[CompletionRecord]]:
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
    if claim.grant_sealed is None:
        assert claim.code_sealed is not None
        assert claim.verifier_sealed is not None
        assert claim.nonce is not None
        grant = await issuers.exchange(
            client,
            code=key.open(claim.code_sealed),
            verifier=key.open(claim.verifier_sealed),
            nonce=claim.nonce,
            now=now,
        )
        access_token = grant.access_token
        await keep_grant(claim=claim, grant_sealed=key.seal(access_token))
    else:
        access_token = key.open(claim.grant_sealed)
    profile_id = PROFILE_READERS[claim.provider].profile_id(await issuers.userinfo(client, access_token))
    if profile_id is None:
        raise ProfileIncomplete(claim.provider.display_name)
    await found_profile(claim=claim, now=now)
    completions = await read_transcript(
        issuers,
        url=provider.transcript_url,
        title=claim.provider.display_name,
        access_token=access_token,
        profile_id=profile_id,
    )
    return profile_id, completions


@operation
async def _conclude(
    transaction: Transaction,
    *,
    claim: CallbackClaim,
    profile_id: str,
    completions: list[CompletionRecord],
    now: datetime,
    settings: Settings,
) -> None:
    """Associate and finish the callback in one transaction."""
    await finish_callback(claim=claim, refusal=None, now=now)
    await associate(
        attempt_id=claim.attempt_id,
        profile_id=profile_id,
        completions=completions,
        now=now,
        policy=settings.policy,
    )
