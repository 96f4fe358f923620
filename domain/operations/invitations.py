"""How are people invited to an organization (R2)?

Each address is an outcome of its own: one that is refused keeps no other from being invited (our decision).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_rows, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import InvalidInput, Refusal
from domain.jobs import DeliverInvitations
from domain.operations.idempotency import StoredRefusal
from domain.operations.invitation_delivery import request_delivery
from domain.operations.steps.audit import AuditEntry, record_audit, record_audits
from domain.operations.steps.locks import Administrator, actor_of, close_invitation, lock_invitation, lock_organization
from domain.queries.organizations import operator_of
from domain.rules.administration import check_may_administer
from domain.rules.enums import MemberRole
from domain.rules.invitations import AlreadyMember, check_may_resend, work_address
from domain.settings import Settings

MAX_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class WantedMember:
    """Somebody to invite, by an address as it was typed."""

    work_email: str
    role: MemberRole = MemberRole.MEMBER


@dataclass(frozen=True, kw_only=True)
class InvitationOutcome:
    """What came of one address: an invitation and its member, or why there is none."""

    work_email: str
    invitation_id: int | None = None
    member_id: int | None = None
    refusal: StoredRefusal | None = None


@dataclass(frozen=True, kw_only=True)
class _Invited:
    invitation_id: int
    member_id: int
    work_email: str
    role: MemberRole


@operation
async def invite_members(
    transaction: Transaction, *, by: Administrator, wanted: Sequence[WantedMember], now: datetime, settings: Settings
) -> list[InvitationOutcome]:
    """Write members who wait for their first sign-in, and let each be told; return what came of each address.

    A refusal of one address is AlreadyMember, Forbidden (its role is higher than the admin's) or InvalidInput.

    Raises:
        Forbidden: they are no admin.
        InvalidInput: nobody is to be invited, or more than 100 people.
    """
    role, organization = await lock_organization(by)
    if not 1 <= len(wanted) <= MAX_AT_ONCE:
        raise InvalidInput(f"Invite 1 to {MAX_AT_ONCE} people at a time.")

    checked = [_checked(each, role, organization.domain) for each in wanted]
    addresses = {each.work_email: each.role for each in reversed(checked) if isinstance(each, WantedMember)}

    invited = {row.work_email: row for row in await _write(organization.id, addresses, now=now, settings=settings)}
    await record_audits(
        organization.id,
        [
            AuditEntry(action="member_invited", subject=f"member:{row.member_id}", details={"role": row.role.value})
            for row in invited.values()
        ],
        actor=actor_of(by),
        now=now,
    )
    if invited and settings.mail_server is not None:
        transaction.announce(DeliverInvitations())
    return [_outcome(each, refused_or_wanted, invited) for each, refused_or_wanted in zip(wanted, checked, strict=True)]


def _checked(wanted: WantedMember, role: MemberRole, domain: str) -> WantedMember | Refusal:
    try:
        check_may_administer(role, wanted.role)
        return WantedMember(work_email=work_address(wanted.work_email, domain=domain), role=wanted.role)
    except Refusal as refusal:
        return refusal


async def _write(
    organization_id: int, addresses: dict[str, MemberRole], *, now: datetime, settings: Settings
) -> list[_Invited]:
    """Write the members and invitations of the addresses that nobody has yet, in the order of their asking."""
    ordered = list(reversed(addresses.items()))
    return await fetch_rows(
        _Invited,
        """WITH wanted AS (
               SELECT * FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS w (work_email, role, position)),
           added AS (
               INSERT INTO member (organization_id, work_email, role, status, invited_at)
               SELECT $1, work_email, role, 'INVITED', $4 FROM wanted ORDER BY position
               ON CONFLICT (organization_id, work_email) WHERE status <> 'REMOVED' DO NOTHING
               RETURNING id, work_email, role),
           invited AS (
               INSERT INTO invitation (organization_id, member_id, requested_at, send_count, tries, claimable_at,
                   delivery_problem)
               SELECT $1, id, $4, 0, 0, CASE WHEN $5 THEN clock_timestamp() END, CASE WHEN NOT $5 THEN 'NOT_SET_UP' END
               FROM added ORDER BY id RETURNING id, member_id)
           SELECT invited.id AS invitation_id, member_id, work_email, role
           FROM invited JOIN added ON added.id = invited.member_id ORDER BY invited.id""",
        organization_id,
        [work_email for work_email, _ in ordered],
        [role for _, role in ordered],
        now,
        settings.mail_server is not None,
    )


def _outcome(wanted: WantedMember, checked: WantedMember | Refusal, invited: dict[str, _Invited]) -> InvitationOutcome:
    """Return what came of an address; of one that is asked for twice the first is invited."""
    if isinstance(checked, Refusal):
        return InvitationOutcome(work_email=wanted.work_email, refusal=checked)
    row = invited.pop(checked.work_email, None)
    if row is None:
        return InvitationOutcome(work_email=wanted.work_email, refusal=AlreadyMember())
    return InvitationOutcome(work_email=wanted.work_email, invitation_id=row.invitation_id, member_id=row.member_id)


async def invite_member(
    *, organization_domain: str, work_email: str, role: MemberRole, now: datetime, settings: Settings
) -> int:
    """Write a member who waits for their first sign-in, and let them be told; return the member's number.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: the address is none, or one of another domain.
        AlreadyMember: somebody has the address already.
    """
    operator = await operator_of(organization_domain)
    wanted = [WantedMember(work_email=work_email, role=role)]
    (outcome,) = await invite_members(by=operator, wanted=wanted, now=now, settings=settings)
    if outcome.refusal is not None:
        raise outcome.refusal
    assert outcome.member_id is not None
    return outcome.member_id


@operation
async def correct_invitation(
    transaction: Transaction,
    *,
    by: Administrator,
    invitation_id: int,
    work_email: str,
    now: datetime,
    settings: Settings,
) -> None:
    """Change the address of an invitation without response, and let it be sent there at once.

    Raises:
        Forbidden: they are no admin, or the person is invited with a higher role than theirs.
        NotFound: there is no such invitation, or it was canceled.
        InvitationAnswered: the person has come.
        InvalidInput: the address is none, is one of another domain, or is what it was.
        AlreadyMember: somebody else has the address.
    """
    invitation, found = await lock_invitation(by, invitation_id)
    address = work_address(work_email, domain=found.organization.domain)
    if address == found.member.work_email:
        raise InvalidInput("The invitation has this address already.")
    taken = await fetch_value(
        "SELECT id FROM member WHERE organization_id = $1 AND work_email = $2 AND status <> 'REMOVED'",
        found.organization.id,
        address,
    )
    if taken is not None:
        raise AlreadyMember

    await execute("UPDATE member SET work_email = $2 WHERE id = $1", found.member.id, address)
    await request_delivery(transaction, invitation.id, to_another_address=True, now=now, settings=settings)
    await record_audit(
        found.organization.id,
        actor=actor_of(by),
        action="invitation_corrected",
        subject=f"member:{found.member.id}",
        details={},
        now=now,
    )


@operation
async def resend_invitation(
    transaction: Transaction, *, by: Administrator, invitation_id: int, now: datetime, settings: Settings
) -> None:
    """Let an invitation without response be sent once more, a day after the last time at the earliest.

    Raises:
        Forbidden: they are no admin, or the person is invited with a higher role than theirs.
        NotFound: there is no such invitation, or it was canceled.
        InvitationAnswered: the person has come.
        ResentTooSoon: the day is not over.
    """
    invitation, found = await lock_invitation(by, invitation_id)
    check_may_resend(invitation.requested_at, invitation.delivery_problem, now=now)

    await request_delivery(transaction, invitation.id, to_another_address=False, now=now, settings=settings)
    await record_audit(
        found.organization.id,
        actor=actor_of(by),
        action="invitation_resent",
        subject=f"member:{found.member.id}",
        details={},
        now=now,
    )


@operation
async def cancel_invitation(transaction: Transaction, *, by: Administrator, invitation_id: int, now: datetime) -> None:
    """Cancel an invitation without response: a sign-in with its address is nobody's from now on.

    Raises:
        Forbidden: they are no admin, or the person is invited with a higher role than theirs.
        NotFound: there is no such invitation, or it was canceled.
        InvitationAnswered: the person has come.
    """
    _, found = await lock_invitation(by, invitation_id)

    await execute("UPDATE member SET status = 'REMOVED', removed_at = $2 WHERE id = $1", found.member.id, now)
    await close_invitation(found.member.id, now=now)
    await record_audit(
        found.organization.id,
        actor=actor_of(by),
        action="invitation_canceled",
        subject=f"member:{found.member.id}",
        details={},
        now=now,
    )
