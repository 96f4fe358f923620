"""Who is a member, and of what?"""

from dataclasses import dataclass
from datetime import datetime

from domain.database import fetch_row
from domain.rules.visibility import Viewer
from domain.rules.words import MemberRole, MemberStatus


@dataclass(frozen=True, kw_only=True)
class OfMember:
    """What a row tells of the member and the organization that it belongs to."""

    organization_id: int
    organization_name: str
    member_id: int
    member_name: str | None
    member_work_email: str
    member_role: MemberRole
    member_status: MemberStatus


@dataclass(frozen=True, kw_only=True)
class MemberRow(OfMember):
    """A member as its organization may see it."""

    invited_at: datetime
    activated_at: datetime | None
    removed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OrganizationRow:
    """An organization as its members may see it."""

    id: int
    name: str


# The columns of ``OfMember``, for queries that join both tables under these names.
OF_MEMBER = """m.organization_id, o.name AS organization_name, m.id AS member_id, m.name AS member_name,
    m.work_email AS member_work_email, m.role AS member_role, m.status AS member_status"""


async def member(viewer: Viewer, member_id: int) -> MemberRow | None:
    """Return a member: the viewer, or anybody of the viewer's organization for its admins."""
    return await fetch_row(
        MemberRow,
        f"""SELECT {OF_MEMBER}, m.invited_at, m.activated_at, m.removed_at
            FROM member m JOIN organization o ON o.id = m.organization_id
            WHERE m.id = $1 AND m.organization_id = $2 AND (m.id = $3 OR $4)""",
        member_id,
        viewer.organization_id,
        viewer.member_id,
        viewer.is_admin,
    )


async def organization(viewer: Viewer, organization_id: int) -> OrganizationRow | None:
    """Return the viewer's own organization and no other."""
    if organization_id != viewer.organization_id:
        return None
    return await fetch_row(OrganizationRow, "SELECT id, name FROM organization WHERE id = $1", organization_id)
