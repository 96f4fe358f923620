"""Members and their organization."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.database.pagination import Page, PageRequest, fetch_page
from domain.database.pool import fetch_row, fetch_rows, row_or_raise
from domain.queries.visible import rows_by_id, seen_by
from domain.rules.enums import MemberRole, MemberStatus, Scope, Track
from domain.rules.visibility import Viewer


@dataclass(frozen=True, kw_only=True)
class OfMember:
    organization_id: int
    organization_name: str
    organization_track: Track | None
    member_id: int
    member_name: str | None
    member_work_email: str
    member_role: MemberRole
    member_status: MemberStatus


@dataclass(frozen=True, kw_only=True)
class MemberRow(OfMember):
    id: int
    invited_at: datetime
    activated_at: datetime | None
    removed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class MemberFilter:
    """A filter of members; ``None`` does not restrict."""

    statuses: tuple[MemberStatus, ...] | None = None
    roles: tuple[MemberRole, ...] | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class _NewAccount:
    member_id: int
    requested_at: datetime


@dataclass(frozen=True, kw_only=True)
class OrganizationRow:
    id: int
    name: str
    track: Track | None


# The columns of ``OfMember``, for queries that join both tables under these names.
OF_MEMBER = """m.organization_id, o.name AS organization_name, o.track AS organization_track, m.id AS member_id,
    m.name AS member_name, m.work_email AS member_work_email, m.role AS member_role, m.status AS member_status"""


_SELECT = f"""SELECT {OF_MEMBER}, m.id, m.invited_at, m.activated_at, m.removed_at
    FROM member m JOIN organization o ON o.id = m.organization_id"""


async def member(viewer: Viewer, member_id: int) -> MemberRow | None:
    """Return a member: the viewer, or any member of their organization to its admins."""
    return (await visible_members(viewer, {member_id})).get(member_id)


async def visible_members(viewer: Viewer, member_ids: Collection[int]) -> dict[int, MemberRow]:
    """Return those members whom ``member`` returns, by id."""
    sql = f"{_SELECT} WHERE m.organization_id = $1 AND (m.id = $2 OR $3) AND m.id = ANY($4::bigint[])"
    return await rows_by_id(MemberRow, sql, *seen_by(viewer, Scope.MEMBERS_READ), ids=member_ids)


async def get_member_or_raise(viewer: Viewer, member_id: int) -> MemberRow:
    return row_or_raise(await member(viewer, member_id))


async def members_by_id(viewer: Viewer, member_ids: Collection[int]) -> dict[int, MemberRow]:
    """Return members of the viewer's organization, also removed ones, to a viewer of its attainments."""
    if not viewer.may(Scope.ATTAINMENTS_READ) or not member_ids:
        return {}
    sql = f"{_SELECT} WHERE m.organization_id = $1 AND m.id = ANY($2::bigint[])"
    return await rows_by_id(MemberRow, sql, viewer.organization_id, ids=member_ids)


async def members_of_organization(
    viewer: Viewer, organization_id: int, *, matching: MemberFilter, page: PageRequest
) -> Page[MemberRow] | None:
    """Return the members of the viewer's organization, the last invited first, to its admins only."""
    if not viewer.may(Scope.MEMBERS_READ) or organization_id != viewer.organization_id:
        return None
    return await fetch_page(
        MemberRow,
        # Not LIKE, in which % and _ of a person's text would stand for any character.
        f"""{_SELECT} WHERE m.organization_id = $1
            AND ($2::text[] IS NULL OR m.status = ANY($2)) AND ($3::text[] IS NULL OR m.role = ANY($3))
            AND ($4::text IS NULL OR position($4 IN lower(concat_ws(' ', m.name, m.work_email))) > 0)""",
        viewer.organization_id,
        None if matching.statuses is None else list(matching.statuses),
        None if matching.roles is None else list(matching.roles),
        None if matching.text is None else matching.text.lower(),
        page=page,
    )


async def new_accounts_of_members(viewer: Viewer, member_ids: Collection[int]) -> dict[int, datetime | None]:
    """Return since when a new work account of each member waits for an admin, to the organization's admins only."""
    rows = await fetch_rows(
        _NewAccount,
        """SELECT r.member_id, max(r.requested_at) AS requested_at
           FROM account_replacement r JOIN member m ON m.id = r.member_id
           WHERE m.organization_id = $1 AND $2 AND r.member_id = ANY($3::bigint[]) AND r.decided_at IS NULL
           GROUP BY r.member_id""",
        viewer.organization_id,
        viewer.is_admin,
        list(member_ids),
    )
    return dict.fromkeys(member_ids) | {row.member_id: row.requested_at for row in rows}


async def organization(viewer: Viewer, organization_id: int) -> OrganizationRow | None:
    """Return the viewer's own organization and no other."""
    if organization_id != viewer.organization_id:
        return None
    return await fetch_row(OrganizationRow, "SELECT id, name, track FROM organization WHERE id = $1", organization_id)
