"""Whose request is this?"""

from dataclasses import dataclass
from datetime import datetime

from domain.database import fetch_row
from domain.rules.visibility import Viewer
from domain.secrets import hash_token


@dataclass(frozen=True, kw_only=True)
class IssuerRow:
    """The organization that trusts an issuer, and for whom the issuer's tokens must be meant."""

    organization_id: int
    issuer: str
    api_audience: str


async def viewer_of_session(token: str, *, now: datetime) -> Viewer | None:
    """Return the active member whose browser holds a session's token at an instant."""
    return await fetch_row(
        Viewer,
        """SELECT m.id AS member_id, m.organization_id, m.role
           FROM browser_session s JOIN member m ON m.id = s.member_id
           WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND m.status = 'ACTIVE'""",
        hash_token(token),
        now,
    )


async def viewer_of_member(member_id: int) -> Viewer | None:
    """Return a member as they are now, if they are active."""
    return await fetch_row(
        Viewer,
        """SELECT m.id AS member_id, m.organization_id, m.role FROM member m
           WHERE m.id = $1 AND m.status = 'ACTIVE'""",
        member_id,
    )


async def viewer_of_subject(issuer: str, subject: str) -> Viewer | None:
    """Return the active member whom an organization's issuer knows as a subject."""
    return await fetch_row(
        Viewer,
        """SELECT m.id AS member_id, m.organization_id, m.role
           FROM member m JOIN organization o ON o.id = m.organization_id
           WHERE o.issuer = $1 AND m.subject = $2 AND m.status = 'ACTIVE'""",
        issuer,
        subject,
    )


async def trusted_issuer(issuer: str) -> IssuerRow | None:
    """Return the organization that trusts an issuer, if any does."""
    return await fetch_row(
        IssuerRow, "SELECT id AS organization_id, issuer, api_audience FROM organization WHERE issuer = $1", issuer
    )
