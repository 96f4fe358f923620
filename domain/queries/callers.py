"""Members and API clients by session, token or key."""

from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest

from domain.database.pool import fetch_row
from domain.rules.api_clients import prefix_of
from domain.rules.enums import MemberRole, Scope
from domain.rules.visibility import ApiClientViewer, MemberViewer
from domain.secrets import hash_token


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """An active member's browser session, and the instant (aware, UTC) at which it expires."""

    member_id: int
    organization_id: int
    role: MemberRole
    expires_at: datetime

    @property
    def viewer(self) -> MemberViewer:
        return MemberViewer(member_id=self.member_id, organization_id=self.organization_id, role=self.role)


@dataclass(frozen=True, kw_only=True)
class ApiKeyRow:
    """A key that is valid at an instant, its client, and its expiry (aware, UTC)."""

    id: int
    key_hash: bytes = field(repr=False)
    expires_at: datetime
    last_used_at: datetime | None
    api_client_id: int
    organization_id: int
    scope_values: list[str]

    @property
    def viewer(self) -> ApiClientViewer:
        return ApiClientViewer(
            api_client_id=self.api_client_id,
            organization_id=self.organization_id,
            scopes=frozenset(map(Scope, self.scope_values)),
        )


_SELECT = """SELECT k.id, k.key_hash, k.expires_at, k.last_used_at, k.api_client_id, c.organization_id,
        c.scopes AS scope_values
    FROM api_key k JOIN api_client c ON c.id = k.api_client_id
    WHERE k.ended_at IS NULL AND k.expires_at > $1 AND c.revoked_at IS NULL"""


async def session(token: str, *, now: datetime) -> SessionRow | None:
    """Return the session of a browser's token that is open at an instant, if its member is active."""
    # With the member, whose status is read each time: who is removed is out at once (R8).
    return await fetch_row(
        SessionRow,
        """SELECT m.id AS member_id, m.organization_id, m.role, s.expires_at
           FROM browser_session s JOIN member m ON m.id = s.member_id
           WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND m.status = 'ACTIVE'""",
        hash_token(token),
        now,
    )


async def viewer_of_session(token: str, *, now: datetime) -> MemberViewer | None:
    """Return the active member of the session that a browser's token opens at an instant."""
    row = await session(token, now=now)
    return row.viewer if row else None


async def viewer_of_member(member_id: int) -> MemberViewer | None:
    """Return a member with their present role, if they are active."""
    return await fetch_row(
        MemberViewer,
        """SELECT m.id AS member_id, m.organization_id, m.role FROM member m
           WHERE m.id = $1 AND m.status = 'ACTIVE'""",
        member_id,
    )


async def viewer_of_identity(identity_issuer_id: int, subject: str) -> MemberViewer | None:
    """Return the active member who is bound to a subject of an issuer that their organization trusts."""
    # The token of an issuer that the organization no longer trusts opens nothing (R2).
    return await fetch_row(
        MemberViewer,
        """SELECT m.id AS member_id, m.organization_id, m.role
           FROM member m JOIN work_identity w ON w.member_id = m.id
           WHERE w.identity_issuer_id = $1 AND w.subject = $2 AND w.ended_at IS NULL AND m.status = 'ACTIVE'""",
        identity_issuer_id,
        subject,
    )


async def api_key(text: str, *, now: datetime) -> ApiKeyRow | None:
    """Return the key with a text, if it is valid at an instant (aware, UTC)."""
    prefix = prefix_of(text)
    if prefix is None:
        return None
    row = await fetch_row(ApiKeyRow, f"{_SELECT} AND k.prefix = $2", now, prefix)
    # Found by its public prefix, and compared in constant time: the time of an answer tells nothing of the secret.
    return row if row is not None and compare_digest(row.key_hash, hash_token(text)) else None


async def api_key_by_id(key_id: int, *, now: datetime) -> ApiKeyRow | None:
    """Return the key with an id, if it is valid at an instant (aware, UTC)."""
    return await fetch_row(ApiKeyRow, f"{_SELECT} AND k.id = $2", now, key_id)
