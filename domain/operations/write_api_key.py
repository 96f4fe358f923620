"""How does an API client get a key, and how do keys end?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import Field

from domain.database.pool import execute, fetch_rows, fetch_value
from domain.rules.api_clients import OpenKey
from domain.rules.api_keys import ALPHABET, PUBLIC_LENGTH, SECRET_LENGTH, api_key, prefix_of
from domain.secrets import hash_token, random_text


@dataclass(frozen=True, kw_only=True)
class NewApiKey:
    """A key just made: the only time that anybody sees the secret, which is kept out of logs and of stored outcomes."""

    api_client_id: int
    prefix: str
    expires_at: datetime
    secret: Annotated[str | None, Field(exclude=True)] = field(default=None, repr=False)


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
