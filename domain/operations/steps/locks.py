"""Whom does an admin act upon, and may they: who holds what until the mutation_call is done?

Members are locked by ascending number and before their organization, so that two admins who act upon each other wait
for one another and the later one is no admin any more.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row, fetch_rows, fetch_value
from domain.errors import Forbidden, NotFound
from domain.rules.administration import Operator, check_admin, check_admin_stays, check_may_administer
from domain.rules.enums import DeliveryProblem, MemberRole, MemberStatus
from domain.rules.invitations import InvitationAnswered
from domain.rules.visibility import MemberViewer

Administrator = MemberViewer | Operator


@dataclass(frozen=True, kw_only=True)
class LockedMember:
    """A member whom nobody else changes until the transaction ends."""

    id: int
    organization_id: int
    work_email: str
    role: MemberRole
    status: MemberStatus
    # Bound to a subject of the issuer that the organization trusts.
    is_bound: bool

    @property
    def is_active_admin(self) -> bool:
        """Tell whether the member can administer the organization now."""
        return self.status is MemberStatus.ACTIVE and self.is_bound and self.role.is_admin


@dataclass(frozen=True, kw_only=True)
class LockedOrganization:
    """An organization whose members nobody else administers until the transaction ends."""

    id: int
    name: str
    domain: str


@dataclass(frozen=True, kw_only=True)
class Administered:
    """A member and their organization, locked, and the role that the administrator has now."""

    member: LockedMember
    organization: LockedOrganization
    own_role: MemberRole


def actor_of(by: Administrator) -> str:
    """Return the name under which the audit knows who acts."""
    return "operator" if isinstance(by, Operator) else f"member:{by.member_id}"


async def lock_organization(by: Administrator) -> tuple[MemberRole, LockedOrganization]:
    """Lock the administrator and their organization; return the role that they have now.

    Raises:
        Forbidden: they are no admin, or no longer.
    """
    people = await _lock_members(by)
    role = _role_now(by, people)
    return role, await _lock_organization(by.organization_id)


async def lock_member(by: Administrator, member_id: int) -> Administered:
    """Lock the administrator, a member of their organization and the organization.

    Raises:
        Forbidden: they are no admin, or the member's role is higher than theirs.
        NotFound: there is no such member, or it has left.
    """
    # Asked before anything is looked up, so that nobody else learns which ids exist.
    check_admin(by.role)
    people = await _lock_members(by, member_id)
    role = _role_now(by, people)
    found = people.get(member_id)
    if found is None or found.status is MemberStatus.REMOVED:
        raise NotFound
    check_may_administer(role, found.role)
    organization = await _lock_organization(by.organization_id)
    return Administered(member=found, organization=organization, own_role=role)


async def check_other_admin(member: LockedMember, *, stays_admin: bool) -> None:
    """Refuse what would leave the locked member's organization without an active admin.

    Raises:
        LastAdmin: the member is the last one.
    """
    others: int = await fetch_value(
        """SELECT count(*) FROM member
           WHERE organization_id = $1 AND id <> $2 AND status = 'ACTIVE' AND subject IS NOT NULL
             AND role IN ('ACCOUNT_ADMIN', 'GLOBAL_ADMIN')""",
        member.organization_id,
        member.id,
    )
    check_admin_stays(is_active_admin=member.is_active_admin, stays_admin=stays_admin, other_active_admins=others)


async def _lock_members(by: Administrator, *member_ids: int) -> dict[int, LockedMember]:
    own = [by.member_id] if isinstance(by, MemberViewer) else []
    found = await fetch_rows(
        LockedMember,
        """SELECT id, organization_id, work_email, role, status, subject IS NOT NULL AS is_bound FROM member
           WHERE id = ANY($1::bigint[]) AND organization_id = $2 ORDER BY id FOR UPDATE""",
        [*own, *member_ids],
        by.organization_id,
    )
    return {member.id: member for member in found}


def _role_now(by: Administrator, people: dict[int, LockedMember]) -> MemberRole:
    if isinstance(by, Operator):
        return by.role
    admin = people.get(by.member_id)
    if admin is None or admin.status is not MemberStatus.ACTIVE or not admin.is_bound:
        raise Forbidden
    check_admin(admin.role)
    return admin.role


async def _lock_organization(organization_id: int) -> LockedOrganization:
    found = await fetch_row(
        LockedOrganization,
        "SELECT id, name, domain FROM organization WHERE id = $1 FOR NO KEY UPDATE",
        organization_id,
    )
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, kw_only=True)
class LockedApiClient:
    """A client that nobody else changes until the transaction ends."""

    id: int
    revoked_at: datetime | None


async def lock_api_client(by: Administrator, api_client_id: int, *, revoked: bool = False) -> LockedApiClient:
    """Lock a client of the administrator's organization, whose lock they hold already; also one ``revoked``, if so.

    Raises:
        NotFound: there is no such client, or it is revoked.
    """
    found = await fetch_row(
        LockedApiClient,
        "SELECT id, revoked_at FROM api_client WHERE id = $1 AND organization_id = $2 FOR NO KEY UPDATE",
        api_client_id,
        by.organization_id,
    )
    if found is None or (found.revoked_at is not None and not revoked):
        raise NotFound
    return found


@dataclass(frozen=True, kw_only=True)
class OpenInvitation:
    """An invitation without response, whose member and organization are locked."""

    id: int
    requested_at: datetime
    delivery_problem: DeliveryProblem | None


async def lock_invitation(by: Administrator, invitation_id: int) -> tuple[OpenInvitation, Administered]:
    """Lock an invitation of the administrator's organization that waits for its person.

    Raises:
        Forbidden: they are no admin, or the person is invited with a higher role than theirs.
        NotFound: there is no such invitation, or it was canceled.
        InvitationAnswered: the person has come.
    """
    # Asked before anything is looked up, so that nobody else learns which ids exist.
    check_admin(by.role)
    member_id = await fetch_value(
        "SELECT member_id FROM invitation WHERE id = $1 AND organization_id = $2", invitation_id, by.organization_id
    )
    if member_id is None:
        raise NotFound
    administered = await lock_member(by, member_id)
    if administered.member.status is not MemberStatus.INVITED:
        raise InvitationAnswered
    found = await fetch_row(
        OpenInvitation, "SELECT id, requested_at, delivery_problem FROM invitation WHERE id = $1", invitation_id
    )
    assert found is not None
    return found, administered


async def answer_invitation(member_id: int, *, now: datetime) -> None:
    """Record that the person has come, in the current transaction; a message that waits is not sent any more."""
    await execute(
        """UPDATE invitation SET responded_at = $2, claimable_at = NULL
           WHERE member_id = $1 AND responded_at IS NULL AND canceled_at IS NULL""",
        member_id,
        now,
    )


async def close_invitation(member_id: int, *, now: datetime) -> None:
    """Cancel a member's invitation that waits, if there is one, in the current transaction."""
    await execute(
        """UPDATE invitation SET canceled_at = $2, claimable_at = NULL
           WHERE member_id = $1 AND responded_at IS NULL AND canceled_at IS NULL""",
        member_id,
        now,
    )


async def check_active(viewer: MemberViewer) -> None:
    """Hold the viewer's membership for the rest of the transaction: nobody removes or unbinds them meanwhile.

    Raises:
        Forbidden: they have been removed, or the organization has changed its issuer.
    """
    if not await fetch_value(
        "SELECT id FROM member WHERE id = $1 AND status = 'ACTIVE' AND subject IS NOT NULL FOR SHARE", viewer.member_id
    ):
        raise Forbidden
