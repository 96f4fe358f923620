"""Lock whom an administrator acts upon, and check that they may."""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import fetch_row, fetch_value
from domain.errors import Forbidden, NotFound
from domain.operations.steps.locks import LockedMember, LockedOrganization, lock_members, lock_organization
from domain.rules.administration import Directory, Operator, check_admin, check_admin_stays, check_may_administer
from domain.rules.enums import DeliveryProblem, MemberRole, MemberStatus
from domain.rules.invitations import InvitationAnswered
from domain.rules.visibility import MemberViewer

Administrator = MemberViewer | Operator | Directory


@dataclass(frozen=True, kw_only=True)
class Administered:
    member: LockedMember
    organization: LockedOrganization
    own_role: MemberRole


@dataclass(frozen=True, kw_only=True)
class OpenInvitation:
    id: int
    requested_at: datetime
    delivery_problem: DeliveryProblem | None


def actor_of(by: Administrator) -> str:
    match by:
        case Operator():
            return "operator"
        case Directory():
            return "directory"
        case MemberViewer(member_id=member_id):
            return f"member:{member_id}"


async def lock_own_organization(by: Administrator) -> tuple[MemberRole, LockedOrganization]:
    """Lock the administrator and their organization; return the role that they have now.

    Raises:
        Forbidden: they are no admin, or no longer.
    """
    role = _current_role(by, await _lock_members(by))
    return role, await lock_organization(by.organization_id)


async def lock_administered_member(by: Administrator, member_id: int) -> Administered:
    """Lock the administrator, a member of their organization and the organization.

    Raises:
        Forbidden: they are no admin, or the member's role is higher than theirs.
        NotFound: there is no such member, or it has left.
    """
    # Checked before the member is looked up, so that nobody else learns which ids exist.
    check_admin(by.role)
    # Members are locked before their organization, as everywhere: see locks.py.
    members = await _lock_members(by, member_id)
    own_role = _current_role(by, members)
    member = members.get(member_id)
    if member is None or member.status is MemberStatus.REMOVED:
        raise NotFound
    check_may_administer(own_role, member.role)
    organization = await lock_organization(by.organization_id)
    return Administered(member=member, organization=organization, own_role=own_role)


async def lock_open_invitation(by: Administrator, invitation_id: int) -> tuple[OpenInvitation, Administered]:
    """Lock the administrator, an invitation of their organization that waits for its person, and the organization.

    Raises:
        Forbidden: they are no admin, or the person is invited with a higher role than theirs.
        NotFound: there is no such invitation, or it was canceled.
        InvitationAnswered: the person has come.
    """
    check_admin(by.role)
    # An invitation keeps its member, so it can be looked up before anything is locked.
    member_id = await fetch_value(
        "SELECT member_id FROM invitation WHERE id = $1 AND organization_id = $2", invitation_id, by.organization_id
    )
    if member_id is None:
        raise NotFound
    administered = await lock_administered_member(by, member_id)
    if administered.member.status is not MemberStatus.INVITED:
        raise InvitationAnswered
    invitation = await fetch_row(
        OpenInvitation, "SELECT id, requested_at, delivery_problem FROM invitation WHERE id = $1", invitation_id
    )
    assert invitation is not None
    return invitation, administered


async def check_other_admin(by: Administrator, member: LockedMember, *, stays_admin: bool) -> None:
    """Refuse what would leave the locked member's organization without an active admin.

    A directory, which nobody watches, also has to leave an admin who is invited, or bound to no issuer at the moment.

    Raises:
        LastAdmin: the member is the last one.
    """
    others: int = await fetch_value(
        """SELECT count(*) FROM member m
           WHERE organization_id = $1 AND id <> $2 AND status = 'ACTIVE'
             AND EXISTS (SELECT FROM work_identity w WHERE w.member_id = m.id AND w.ended_at IS NULL)
             AND role IN ('ACCOUNT_ADMIN', 'GLOBAL_ADMIN')""",
        member.organization_id,
        member.id,
    )
    is_admin = member.role.is_admin if isinstance(by, Directory) else member.is_active_admin
    check_admin_stays(is_active_admin=is_admin, stays_admin=stays_admin, other_active_admins=others)


async def _lock_members(by: Administrator, *member_ids: int) -> dict[int, LockedMember]:
    # Two admins who act upon each other wait for one another here, and the later one is no admin any more.
    own = [by.member_id] if isinstance(by, MemberViewer) else []
    return await lock_members([*own, *member_ids], organization_id=by.organization_id)


def _current_role(by: Administrator, members: dict[int, LockedMember]) -> MemberRole:
    if not isinstance(by, MemberViewer):
        return by.role
    admin = members.get(by.member_id)
    if admin is None or admin.status is not MemberStatus.ACTIVE or not admin.is_bound:
        raise Forbidden
    check_admin(admin.role)
    return admin.role
