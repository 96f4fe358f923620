"""Invitations of people to an organization (R2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

from domain.database.pool import execute, fetch_rows, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import Forbidden, InvalidInput, Refusal
from domain.jobs import DeliverInvitations
from domain.operations.steps.administration import (
    Administrator,
    actor_of,
    lock_open_invitation,
    lock_own_organization,
)
from domain.operations.steps.audit import AuditEntry, record_audit, record_audits
from domain.operations.steps.end_sessions import end_invitation
from domain.queries.organizations import operator_of
from domain.rules.administration import check_may_administer
from domain.rules.enums import MemberRole
from domain.rules.invitations import AlreadyMember, check_may_resend, work_address
from domain.settings import Settings

# The organization stays locked until all of them are invited.
MAX_AT_ONCE = 100

_REFUSALS: dict[str, Callable[[str], Refusal]] = {
    AlreadyMember.code: lambda _: AlreadyMember(),
    Forbidden.code: Forbidden,
    InvalidInput.code: InvalidInput,
}
# A refusal that one address can meet, as an idempotency key stores it.
StoredRefusal = Annotated[
    Refusal,
    PlainValidator(lambda stored: _REFUSALS[stored["code"]](stored["message"])),
    PlainSerializer(lambda refusal: {"code": refusal.code, "message": refusal.message}),
]


@dataclass(frozen=True, kw_only=True)
class Invitee:
    """Somebody to invite, by an address as it was typed."""

    work_email: str
    role: MemberRole = MemberRole.MEMBER


@dataclass(frozen=True, kw_only=True)
class InvitationOutcome:
    """An invitation and its member, or why there is none; the address is as it was typed."""

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
    transaction: Transaction, *, by: Administrator, invitees: Sequence[Invitee], now: datetime, settings: Settings
) -> list[InvitationOutcome]:
    """Invite people and let their messages be sent; return the outcome of each address.

    A refusal of one address is AlreadyMember, Forbidden (its role is higher than the admin's) or InvalidInput.

    Raises:
        Forbidden: they are no admin.
        InvalidInput: there is nobody to invite, or more than 100 people.
    """
    role, organization = await lock_own_organization(by)
    if not 1 <= len(invitees) <= MAX_AT_ONCE:
        raise InvalidInput(f"Invite 1 to {MAX_AT_ONCE} people at a time.")

    # One address that is refused keeps no other from being invited (our decision).
    checked: list[Invitee | Refusal] = []
    for invitee in invitees:
        try:
            check_may_administer(role, invitee.role)
            address = work_address(invitee.work_email, mail_domains=organization.mail_domains)
            checked.append(Invitee(work_email=address, role=invitee.role))
        except Refusal as refusal:
            checked.append(refusal)
    roles: dict[str, MemberRole] = {}
    for result in checked:
        if isinstance(result, Invitee):
            roles.setdefault(result.work_email, result.role)

    invited = {row.work_email: row for row in await _write(organization.id, roles, now=now, settings=settings)}
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
    outcomes = []
    for invitee, result in zip(invitees, checked, strict=True):
        # Where an address comes twice, the first is invited.
        row = invited.pop(result.work_email, None) if isinstance(result, Invitee) else None
        no_refusal = None if row else AlreadyMember()
        outcomes.append(
            InvitationOutcome(
                work_email=invitee.work_email,
                invitation_id=row.invitation_id if row else None,
                member_id=row.member_id if row else None,
                refusal=result if isinstance(result, Refusal) else no_refusal,
            )
        )
    return outcomes


async def invite_member(
    *, organization_domain: str, work_email: str, role: MemberRole, now: datetime, settings: Settings
) -> int:
    """Invite one person to the organization with a mail domain; return the member's id.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: the address is none, or one of another domain.
        AlreadyMember: somebody has the address already.
    """
    operator = await operator_of(organization_domain)
    invitees = [Invitee(work_email=work_email, role=role)]
    (outcome,) = await invite_members(by=operator, invitees=invitees, now=now, settings=settings)
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
    invitation, administered = await lock_open_invitation(by, invitation_id)
    member = administered.member
    address = work_address(work_email, mail_domains=administered.organization.mail_domains)
    if address == member.work_email:
        raise InvalidInput("The invitation has this address already.")
    taken = await fetch_value(
        "SELECT id FROM member WHERE organization_id = $1 AND work_email = $2 AND status <> 'REMOVED'",
        member.organization_id,
        address,
    )
    if taken is not None:
        raise AlreadyMember

    await execute("UPDATE member SET work_email = $2 WHERE id = $1", member.id, address)
    await _request_delivery(transaction, invitation.id, to_another_address=True, now=now, settings=settings)
    await record_audit(member.organization_id, actor_of(by), "invitation_corrected", f"member:{member.id}", now=now)


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
    invitation, administered = await lock_open_invitation(by, invitation_id)
    member = administered.member
    check_may_resend(invitation.requested_at, invitation.delivery_problem, now=now)

    await _request_delivery(transaction, invitation.id, to_another_address=False, now=now, settings=settings)
    await record_audit(member.organization_id, actor_of(by), "invitation_resent", f"member:{member.id}", now=now)


@operation
async def cancel_invitation(transaction: Transaction, *, by: Administrator, invitation_id: int, now: datetime) -> None:
    """Cancel an invitation without response: from now on a sign-in with its address finds no member.

    Raises:
        Forbidden: they are no admin, or the person is invited with a higher role than theirs.
        NotFound: there is no such invitation, or it was canceled.
        InvitationAnswered: the person has come.
    """
    member = (await lock_open_invitation(by, invitation_id))[1].member

    await execute("UPDATE member SET status = 'REMOVED', removed_at = $2 WHERE id = $1", member.id, now)
    await end_invitation(member.id, is_answered=False, now=now)
    await record_audit(member.organization_id, actor_of(by), "invitation_canceled", f"member:{member.id}", now=now)


async def _write(
    organization_id: int, roles: dict[str, MemberRole], *, now: datetime, settings: Settings
) -> list[_Invited]:
    """Write the members and invitations of the addresses that nobody has yet, in their order."""
    return await fetch_rows(
        _Invited,
        """WITH invitee AS (
               SELECT * FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS i (work_email, role, position)),
           added AS (
               INSERT INTO member (organization_id, work_email, role, status, invited_at)
               SELECT $1, work_email, role, 'INVITED', $4 FROM invitee ORDER BY position
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
        list(roles),
        list(roles.values()),
        now,
        settings.mail_server is not None,
    )


async def _request_delivery(
    transaction: Transaction, invitation_id: int, *, to_another_address: bool, now: datetime, settings: Settings
) -> None:
    """Let an invitation's message be sent; without a mail server the invitation says so at once."""
    await execute(
        """UPDATE invitation SET requested_at = $2, tries = 0,
               sent_at = CASE WHEN NOT $3 THEN sent_at END,
               claimable_at = CASE WHEN $4 THEN clock_timestamp() END,
               delivery_problem = CASE WHEN NOT $4 THEN 'NOT_SET_UP' END
           WHERE id = $1""",
        invitation_id,
        now,
        to_another_address,
        settings.mail_server is not None,
    )
    if settings.mail_server is not None:
        transaction.announce(DeliverInvitations())
