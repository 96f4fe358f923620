"""Which API client is it that holds a key?"""

from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest

from domain.database.pool import fetch_row
from domain.rules.api_keys import prefix_of
from domain.rules.visibility import ApiClientViewer
from domain.rules.words import Scope
from domain.secrets import hash_token


@dataclass(frozen=True, kw_only=True)
class ApiKeyRow:
    """A key that is good at the instant asked for, its client, and until when it is good (aware, UTC)."""

    id: int
    key_hash: bytes = field(repr=False)
    expires_at: datetime
    last_used_at: datetime | None
    api_client_id: int
    organization_id: int
    scope_words: list[str]

    @property
    def viewer(self) -> ApiClientViewer:
        """Return the client as the one who asks."""
        return ApiClientViewer(
            api_client_id=self.api_client_id,
            organization_id=self.organization_id,
            scopes=frozenset(map(Scope, self.scope_words)),
        )


_SELECT = """SELECT k.id, k.key_hash, k.expires_at, k.last_used_at, k.api_client_id, c.organization_id,
        c.scopes AS scope_words
    FROM api_key k JOIN api_client c ON c.id = k.api_client_id
    WHERE k.ended_at IS NULL AND k.expires_at > $1 AND c.revoked_at IS NULL"""


async def api_key(text: str, *, now: datetime) -> ApiKeyRow | None:
    """Return the key that a text is, where it is good at an instant (aware, UTC)."""
    prefix = prefix_of(text)
    if prefix is None:
        return None
    row = await fetch_row(ApiKeyRow, f"{_SELECT} AND k.prefix = $2", now, prefix)
    return row if row is not None and compare_digest(row.key_hash, hash_token(text)) else None


async def api_key_again(key_id: int, *, now: datetime) -> ApiKeyRow | None:
    """Return a key that was good once, where it still is at an instant (aware, UTC)."""
    return await fetch_row(ApiKeyRow, f"{_SELECT} AND k.id = $2", now, key_id)
