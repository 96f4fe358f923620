"""Whose request is this?"""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import fetch_row
from domain.rules.visibility import MemberViewer
from domain.rules.words import MemberRole
from domain.secrets import hash_token


@dataclass(frozen=True, kw_only=True)
class IssuerRow:
    """The organization that trusts an issuer, and for whom the issuer's tokens must be meant."""

    organization_id: int
    issuer: str
    api_audience: str


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """An active member's browser session, and the instant (aware, UTC) at which it ends by itself."""

    member_id: int
    organization_id: int
    role: MemberRole
    expires_at: datetime

    @property
    def viewer(self) -> MemberViewer:
        """Return the member whose session it is."""
        return MemberViewer(member_id=self.member_id, organization_id=self.organization_id, role=self.role)


async def session(token: str, *, now: datetime) -> SessionRow | None:
    """Return the session that a browser's token opens at an instant, where its member is active."""
    return await fetch_row(
        SessionRow,
        """SELECT m.id AS member_id, m.organization_id, m.role, s.expires_at
           FROM browser_session s JOIN member m ON m.id = s.member_id
           WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND m.status = 'ACTIVE'""",
        hash_token(token),
        now,
    )


async def viewer_of_session(token: str, *, now: datetime) -> MemberViewer | None:
    """Return the active member whose browser holds a session's token at an instant."""
    found = await session(token, now=now)
    return found.viewer if found else None


async def viewer_of_member(member_id: int) -> MemberViewer | None:
    """Return a member as they are now, if they are active."""
    return await fetch_row(
        MemberViewer,
        """SELECT m.id AS member_id, m.organization_id, m.role FROM member m
           WHERE m.id = $1 AND m.status = 'ACTIVE'""",
        member_id,
    )


async def viewer_of_subject(issuer: str, subject: str) -> MemberViewer | None:
    """Return the active member who is bound to a subject of the issuer that their organization trusts."""
    return await fetch_row(
        MemberViewer,
        """SELECT m.id AS member_id, m.organization_id, m.role
           FROM member m JOIN organization o ON o.id = m.organization_id
           WHERE m.issuer = $1 AND m.subject = $2 AND m.status = 'ACTIVE' AND o.issuer = m.issuer""",
        issuer,
        subject,
    )


async def trusted_issuer(issuer: str) -> IssuerRow | None:
    """Return the organization that trusts an issuer, if any does."""
    return await fetch_row(
        IssuerRow, "SELECT id AS organization_id, issuer, api_audience FROM organization WHERE issuer = $1", issuer
    )
