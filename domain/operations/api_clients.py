"""How does an organization let a program read?"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

import asyncpg
from pydantic import Field

from domain.database.pool import execute, fetch_rows, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import TryAgain
from domain.notifications import ACCESS_CHANNEL, api_client_access
from domain.operations.steps.audit import record_audit
from domain.operations.steps.locks import Administrator, actor_of, lock_api_client, lock_organization
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

# So often at most is a key's use written down.
TOUCHED_EVERY = timedelta(minutes=1)
TIMEOUT_SECONDS = 1.0
UNWRITABLE = (TryAgain, TimeoutError, asyncpg.ReadOnlySQLTransactionError, asyncpg.InsufficientResourcesError)


@dataclass(frozen=True, kw_only=True)
class NewApiKey:
    """A key just made: the only time that anybody sees the secret, which is kept out of logs and of stored outcomes."""

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
    """Write a client with its first key, which expires at an instant (aware, UTC) or after the longest lifetime.

    Raises:
        Forbidden: they are no admin, or no longer.
        InvalidInput: the name, the scopes or the instant cannot be.
        TooManyApiClients: the organization has enough.
    """
    _, organization = await lock_organization(by)
    name, words = client_name(name), ordered_scopes(scopes)
    expires_at = key_expiry(expires_at, now=now, lifetime=settings.api_key_lifetime)
    check_room(
        await fetch_value(
            "SELECT count(*) FROM api_client WHERE organization_id = $1 AND revoked_at IS NULL", organization.id
        )
    )

    number = await fetch_value(
        """INSERT INTO api_client (organization_id, name, scopes, created_at, created_by_id)
           VALUES ($1, $2, $3, $4, $5) RETURNING id""",
        organization.id,
        name,
        words,
        now,
        by.member_id if isinstance(by, MemberViewer) else None,
    )
    key = await write_api_key(number, slot=free_slot(None), expires_at=expires_at, now=now)
    await record_audit(
        organization.id,
        actor=actor_of(by),
        action="api_client_created",
        subject=f"api_client:{number}",
        details={"scopes": words, "prefix": key.prefix, "expiresAt": expires_at.isoformat()},
        now=now,
    )
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
    """Write a new key; the newest one that lives goes on beside it unless it is to end, and all others end now.

    Raises:
        Forbidden: they are no admin, or no longer.
        NotFound: there is no such client, or it is revoked.
        InvalidInput: the instant cannot be.
    """
    await lock_organization(by)
    await lock_api_client(by, api_client_id)
    expires_at = key_expiry(expires_at, now=now, lifetime=settings.api_key_lifetime)
    keys = await lock_open_keys(api_client_id)
    staying = key_that_stays(keys, now=now, end_previous=end_previous)

    ending = [key for key in keys if key is not staying]
    await end_keys(ending, now=now)
    await transaction.notify(ACCESS_CHANNEL, api_client_access(api_client_id))
    key = await write_api_key(api_client_id, slot=free_slot(staying), expires_at=expires_at, now=now)
    await record_audit(
        by.organization_id,
        actor=actor_of(by),
        action="api_client_secret_rotated",
        subject=f"api_client:{api_client_id}",
        details={
            "prefix": key.prefix,
            "expiresAt": expires_at.isoformat(),
            "ended": [each.prefix for each in ending],
        },
        now=now,
    )
    return key


@operation
async def revoke_api_client(transaction: Transaction, *, by: Administrator, api_client_id: int, now: datetime) -> None:
    """Revoke a client and end all its keys now; one that is revoked already stays as it is.

    Raises:
        Forbidden: they are no admin, or no longer.
        NotFound: there is no such client.
    """
    await lock_organization(by)
    client = await lock_api_client(by, api_client_id, revoked=True)
    if client.revoked_at is not None:
        return
    keys = await lock_open_keys(api_client_id)

    revoked_at = await fetch_value(
        """UPDATE api_client c SET revoked_at = greatest($2, c.created_at, (
               SELECT max(k.created_at) FROM api_key k WHERE k.api_client_id = c.id))
           WHERE c.id = $1 RETURNING revoked_at""",
        api_client_id,
        now,
    )
    await end_keys(keys, now=revoked_at)
    await transaction.notify(ACCESS_CHANNEL, api_client_access(api_client_id))
    await record_audit(
        by.organization_id,
        actor=actor_of(by),
        action="api_client_revoked",
        subject=f"api_client:{api_client_id}",
        details={"ended": [key.prefix for key in keys]},
        now=now,
    )


async def write_api_key(api_client_id: int, *, slot: int, expires_at: datetime, now: datetime) -> NewApiKey:
    """Make a key and write what it is recognized by, in the current transaction."""
    secret = api_key(random_text(PUBLIC_LENGTH + SECRET_LENGTH, ALPHABET))
    prefix = prefix_of(secret)
    assert prefix is not None
    await fetch_value(
        """INSERT INTO api_key (api_client_id, slot, prefix, key_hash, created_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6) RETURNING id""",
        api_client_id,
        slot,
        prefix,
        hash_token(secret),
        now,
        expires_at,
    )
    return NewApiKey(api_client_id=api_client_id, prefix=prefix, secret=secret, expires_at=expires_at)


async def lock_open_keys(api_client_id: int) -> list[OpenKey]:
    """Return the keys of a client that have not ended, which nobody else changes until the transaction ends."""
    return await fetch_rows(
        OpenKey,
        """SELECT id, slot, prefix, expires_at FROM api_key
           WHERE api_client_id = $1 AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE""",
        api_client_id,
    )


async def end_keys(keys: Sequence[OpenKey], *, now: datetime) -> None:
    """End keys now; one that a process with a clock ahead of ours made ends as it begins."""
    await execute(
        "UPDATE api_key SET ended_at = greatest(created_at, $2) WHERE id = ANY($1::bigint[])",
        [key.id for key in keys],
        now,
    )


async def touch_api_key(key: ApiKeyRow, *, now: datetime) -> None:
    """Write down that a key is used at an instant (aware, UTC), unless that was done within the minute before it.

    A row that somebody else holds is left alone, and so is a database that is away: the next request will do.
    """
    if key.last_used_at is not None and key.last_used_at > now - TOUCHED_EVERY:
        return
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await execute(
                """UPDATE api_key SET last_used_at = $2 WHERE id = (
                       SELECT id FROM api_key
                       WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $2::timestamptz - $3::interval)
                       FOR NO KEY UPDATE SKIP LOCKED)""",
                key.id,
                now,
                TOUCHED_EVERY,
            )
    except UNWRITABLE:
        return
