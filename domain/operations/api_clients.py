"""API clients of an organization, and their keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import Field

from domain.database.pool import execute, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import NotFound
from domain.models import ApiClient, ApiKey
from domain.notifications import ACCESS_CHANNEL, api_client_access
from domain.operations.steps.administration import Administrator, actor_of, lock_own_organization
from domain.operations.steps.audit import record_audit
from domain.operations.steps.locks import lock_api_client, lock_open_keys
from domain.operations.steps.touch import touch
from domain.queries.callers import ApiKeyRow
from domain.rules.api_clients import (
    ALPHABET,
    PUBLIC_LENGTH,
    SECRET_LENGTH,
    OpenKey,
    api_key,
    check_room,
    client_name,
    free_slot,
    key_expiry,
    key_that_stays,
    ordered_scopes,
    prefix_of,
)
from domain.rules.enums import Scope
from domain.rules.visibility import MemberViewer
from domain.secrets import hash_token, random_text
from domain.settings import Settings


@dataclass(frozen=True, kw_only=True)
class NewApiKey:
    """A new key with its secret, which is shown this once and kept out of logs and stored outcomes."""

    api_client_id: int
    prefix: str
    expires_at: datetime
    secret: Annotated[str | None, Field(exclude=True)] = field(default=None, repr=False)


@operation
async def create_api_client(
    transaction: Transaction,
    *,
    by: Administrator,
    name: str,
    scopes: Collection[Scope],
    expires_at: datetime | None = None,
    now: datetime,
    settings: Settings,
) -> NewApiKey:
    """Create a client with its first key, which expires at an instant (aware, UTC) or after the longest lifetime.

    Raises:
        Forbidden: they are no admin, or no longer.
        InvalidInput: the name, the scopes or the instant is not allowed.
        TooManyApiClients: the organization has the most that it may have.
    """
    _, organization = await lock_own_organization(by)
    name, scope_values = client_name(name), ordered_scopes(scopes)
    expires_at = key_expiry(expires_at, now=now, lifetime=settings.api_key_lifetime)
    check_room(
        await fetch_value(
            "SELECT count(*) FROM api_client WHERE organization_id = $1 AND revoked_at IS NULL", organization.id
        )
    )

    client = await ApiClient.create(
        organization_id=organization.id,
        name=name,
        scopes=scope_values,
        created_at=now,
        created_by_id=by.member_id if isinstance(by, MemberViewer) else None,
    )
    key = await _create_api_key(client.id, slot=free_slot(None), expires_at=expires_at, now=now)
    details = {"scopes": scope_values, "prefix": key.prefix, "expiresAt": expires_at.isoformat()}
    await record_audit(organization.id, actor_of(by), "api_client_created", f"api_client:{client.id}", details, now=now)
    return key


@operation
async def rotate_api_client_secret(
    transaction: Transaction,
    *,
    by: Administrator,
    api_client_id: int,
    expires_at: datetime | None = None,
    end_previous: bool = False,
    now: datetime,
    settings: Settings,
) -> NewApiKey:
    """Create a new key; the newest one that is valid stays beside it unless it is to end, and all others end now.

    Raises:
        Forbidden: they are no admin, or no longer.
        NotFound: there is no such client, or it is revoked.
        InvalidInput: the instant is not allowed.
    """
    await lock_own_organization(by)
    if await lock_api_client(api_client_id, organization_id=by.organization_id):
        raise NotFound
    expires_at = key_expiry(expires_at, now=now, lifetime=settings.api_key_lifetime)
    keys = await lock_open_keys(api_client_id)
    staying = key_that_stays(keys, now=now, end_previous=end_previous)

    ending = [key for key in keys if key is not staying]
    await _end_keys(ending, now=now)
    key = await _create_api_key(api_client_id, slot=free_slot(staying), expires_at=expires_at, now=now)
    ended = [old.prefix for old in ending]
    await record_audit(
        by.organization_id,
        actor_of(by),
        "api_client_secret_rotated",
        f"api_client:{api_client_id}",
        {"prefix": key.prefix, "expiresAt": expires_at.isoformat(), "ended": ended},
        now=now,
    )
    await transaction.notify(ACCESS_CHANNEL, api_client_access(api_client_id))
    return key


@operation
async def revoke_api_client(transaction: Transaction, *, by: Administrator, api_client_id: int, now: datetime) -> None:
    """Revoke a client and end all its keys now; one that is revoked already stays as it is.

    Raises:
        Forbidden: they are no admin, or no longer.
        NotFound: there is no such client.
    """
    await lock_own_organization(by)
    if await lock_api_client(api_client_id, organization_id=by.organization_id):
        return
    keys = await lock_open_keys(api_client_id)

    # A clock ahead of ours may have created the client or a key.
    revoked_at = await fetch_value(
        """UPDATE api_client c SET revoked_at = greatest($2, c.created_at, (
               SELECT max(k.created_at) FROM api_key k WHERE k.api_client_id = c.id))
           WHERE c.id = $1 RETURNING revoked_at""",
        api_client_id,
        now,
    )
    await _end_keys(keys, now=revoked_at)
    await record_audit(
        by.organization_id,
        actor_of(by),
        "api_client_revoked",
        f"api_client:{api_client_id}",
        {"ended": [key.prefix for key in keys]},
        now=now,
    )
    await transaction.notify(ACCESS_CHANNEL, api_client_access(api_client_id))


async def touch_api_key(key: ApiKeyRow, *, now: datetime) -> None:
    """Record that a key is used at an instant (aware, UTC)."""
    await touch("api_key", key.id, last_used_at=key.last_used_at, now=now)


async def _create_api_key(api_client_id: int, *, slot: int, expires_at: datetime, now: datetime) -> NewApiKey:
    secret = api_key(random_text(PUBLIC_LENGTH + SECRET_LENGTH, ALPHABET))
    prefix = prefix_of(secret)
    assert prefix is not None
    await ApiKey.create(
        api_client_id=api_client_id,
        slot=slot,
        prefix=prefix,
        key_hash=hash_token(secret),
        created_at=now,
        expires_at=expires_at,
    )
    return NewApiKey(api_client_id=api_client_id, prefix=prefix, secret=secret, expires_at=expires_at)


async def _end_keys(keys: Sequence[OpenKey], *, now: datetime) -> None:
    # A key that a process with a clock ahead of ours created ends at its creation.
    await execute(
        "UPDATE api_key SET ended_at = greatest(created_at, $2) WHERE id = ANY($1::bigint[])",
        [key.id for key in keys],
        now,
    )
