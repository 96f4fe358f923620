"""Invitations and the delivery of their messages (R2), for admins only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.database.pagination import Order, Page, PageRequest, fetch_page
from domain.database.pool import fetch_rows, row_or_raise
from domain.queries.members import OF_MEMBER, OfMember
from domain.queries.visible import rows_by_id
from domain.rules.enums import DeliveryProblem, Scope
from domain.rules.invitations import resend_available_at
from domain.rules.visibility import Viewer

OLDEST_FIRST = Order(name="INVITED_AT", expression="invited_at", kind=datetime)


@dataclass(frozen=True, kw_only=True)
class InvitationRow(OfMember):
    id: int
    invited_at: datetime
    requested_at: datetime
    sent_at: datetime | None
    send_count: int
    responded_at: datetime | None
    canceled_at: datetime | None
    delivery_problem: DeliveryProblem | None
    is_being_sent: bool

    @property
    def is_open(self) -> bool:
        return self.responded_at is None and self.canceled_at is None

    def age_days(self, *, at: datetime) -> int:
        """Return for how many whole days the invitation has been open, or was until it was answered or canceled."""
        return ((self.responded_at or self.canceled_at or at) - self.invited_at).days

    def resend_available_at(self, *, now: datetime) -> datetime | None:
        """Return the first instant from now on at which it may be sent again, if it is open."""
        return resend_available_at(self.requested_at, self.delivery_problem, now=now) if self.is_open else None


_SELECT = f"""SELECT {OF_MEMBER}, i.id, m.invited_at, i.requested_at, i.sent_at, i.send_count, i.responded_at,
    i.canceled_at, i.delivery_problem, i.claimable_at IS NOT NULL AS is_being_sent
    FROM invitation i
    JOIN member m ON m.id = i.member_id
    JOIN organization o ON o.id = i.organization_id"""
_VISIBLE = "i.organization_id = $1 AND $2"


async def visible_invitations(viewer: Viewer, invitation_ids: Collection[int]) -> dict[int, InvitationRow]:
    sql = f"{_SELECT} WHERE {_VISIBLE} AND i.id = ANY($3::bigint[])"
    seen = viewer.organization_id, viewer.may(Scope.MEMBERS_READ)
    return await rows_by_id(InvitationRow, sql, *seen, ids=invitation_ids)


async def get_invitation_or_raise(viewer: Viewer, invitation_id: int) -> InvitationRow:
    return row_or_raise((await visible_invitations(viewer, {invitation_id})).get(invitation_id))


async def invitations_of_members(viewer: Viewer, member_ids: Collection[int]) -> dict[int, InvitationRow | None]:
    """Return the invitations of members of the viewer's organization by the member's id, to its admins."""
    rows = await fetch_rows(
        InvitationRow,
        f"{_SELECT} WHERE {_VISIBLE} AND i.member_id = ANY($3::bigint[])",
        viewer.organization_id,
        viewer.may(Scope.MEMBERS_READ),
        list(member_ids),
    )
    return dict.fromkeys(member_ids) | {row.member_id: row for row in rows}


async def invitations_of_organization(
    viewer: Viewer, organization_id: int, *, without_response: bool | None, page: PageRequest
) -> Page[InvitationRow] | None:
    """Return the invitations of the viewer's organization, to its admins only.

    ``without_response`` keeps those that are open if true, and those that were answered if false.
    """
    if not viewer.may(Scope.MEMBERS_READ) or organization_id != viewer.organization_id:
        return None
    return await fetch_page(
        InvitationRow,
        f"""{_SELECT} WHERE {_VISIBLE} AND CASE
                WHEN $3::boolean THEN i.responded_at IS NULL AND i.canceled_at IS NULL
                WHEN NOT $3 THEN i.responded_at IS NOT NULL ELSE true END""",
        viewer.organization_id,
        viewer.may(Scope.MEMBERS_READ),
        without_response,
        page=page,
    )
