"""Tokens by which an organization's directory provisions its people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.database.pool import execute
from domain.database.transaction import Transaction, operation
from domain.errors import NotFound
from domain.models import ScimToken
from domain.operations.steps.administration import actor_of, lock_own_organization
from domain.operations.steps.audit import record_audit
from domain.operations.steps.locks import lock_open_scim_tokens
from domain.operations.steps.touch import touch
from domain.queries.directory import ScimTokenRow
from domain.rules.administration import Operator
from domain.rules.api_clients import (
    ALPHABET,
    PUBLIC_LENGTH,
    SECRET_LENGTH,
    OpenKey,
    api_key,
    free_slot,
    key_expiry,
    key_that_stays,
    prefix_of,
)
from domain.rules.directory import SCIM_MARK
from domain.secrets import hash_token, random_text
from domain.settings import Settings


@dataclass(frozen=True, kw_only=True)
class NewScimToken:
    """A new token with its secret, which is shown this once and kept out of logs."""

    prefix: str
    expires_at: datetime
    secret: str = field(repr=False)


@operation
async def create_scim_token(
    transaction: Transaction,
    *,
    by: Operator,
    expires_at: datetime | None = None,
    end_previous: bool = False,
    now: datetime,
    settings: Settings,
) -> NewScimToken:
    """Create a token; the newest one that is valid stays beside it unless it is to end, and all others end now.

    Raises:
        InvalidInput: the instant is not in the future, or later than the longest lifetime allows.
    """
    _, organization = await lock_own_organization(by)
    expires_at = key_expiry(expires_at, now=now, lifetime=settings.api_key_lifetime)
    tokens = await lock_open_scim_tokens(organization.id)
    staying = key_that_stays(tokens, now=now, end_previous=end_previous)

    ending = [token for token in tokens if token is not staying]
    await _end(ending, now=now)
    secret = api_key(random_text(PUBLIC_LENGTH + SECRET_LENGTH, ALPHABET), mark=SCIM_MARK)
    prefix = prefix_of(secret, mark=SCIM_MARK)
    assert prefix is not None
    await ScimToken.create(
        organization_id=organization.id,
        slot=free_slot(staying),
        prefix=prefix,
        token_hash=hash_token(secret),
        created_at=now,
        expires_at=expires_at,
    )
    await record_audit(
        organization.id,
        actor=actor_of(by),
        action="scim_token_created",
        subject=f"organization:{organization.id}",
        details={
            "prefix": prefix,
            "expiresAt": expires_at.isoformat(),
            "ended": [token.prefix for token in ending],
        },
        now=now,
    )
    return NewScimToken(prefix=prefix, expires_at=expires_at, secret=secret)


@operation
async def revoke_scim_tokens(
    transaction: Transaction, *, by: Operator, prefix: str | None = None, now: datetime
) -> list[str]:
    """End one token of the organization now, or all of them; return their prefixes.

    Raises:
        NotFound: no token with the prefix is open.
    """
    _, organization = await lock_own_organization(by)
    tokens = [token for token in await lock_open_scim_tokens(organization.id) if prefix in (None, token.prefix)]
    if not tokens and prefix is not None:
        raise NotFound("The organization has no such token, or it has ended: `certlink scim token list` shows them.")
    if not tokens:
        return []
    await _end(tokens, now=now)
    prefixes = [token.prefix for token in tokens]
    await record_audit(
        organization.id,
        actor=actor_of(by),
        action="scim_tokens_revoked",
        subject=f"organization:{organization.id}",
        details={"ended": prefixes},
        now=now,
    )
    return prefixes


async def touch_scim_token(token: ScimTokenRow, *, now: datetime) -> None:
    """Record that a token is used at an instant (aware, UTC)."""
    await touch("scim_token", token.id, last_used_at=token.last_used_at, now=now)


async def _end(tokens: Sequence[OpenKey], *, now: datetime) -> None:
    await execute(
        "UPDATE scim_token SET ended_at = greatest(created_at, $2) WHERE id = ANY($1::bigint[])",
        [token.id for token in tokens],
        now,
    )
