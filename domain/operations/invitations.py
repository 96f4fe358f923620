"""Invitations of people to an organization (R2).

Each address has an outcome of its own: one that is refused keeps no other from being invited (our decision).
"""

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
from domain.operations.steps.end_invitations import close_invitation
from domain.queries.organizations import operator_of
from domain.rules.administration import check_may_administer
from domain.rules.enums import MemberRole
from domain.rules.invitations import AlreadyMember, check_may_resend, work_address
from domain.settings import Settings

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
class WantedMember:
    """Somebody to invite, by an address as it was typed."""

    work_email: str
    role: MemberRole = MemberRole.MEMBER


@dataclass(frozen=True, kw_only=True)
class InvitationOutcome:
    """The outcome of one address: an invitation and its member, or why there is none."""

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
    """Invite people and let their messages be sent; return the outcome of each address.

    A refusal of one address is AlreadyMember, Forbidden (its role is higher than the admin's) or InvalidInput.

    Raises:
        Forbidden: they are no admin.
        InvalidInput: there is nobody to invite, or more than 100 people.
    """
    role, organization = await lock_own_organization(by)
    if not 1 <= len(wanted) <= MAX_AT_ONCE:
        raise InvalidInput(f"Invite 1 to {MAX_AT_ONCE} people at a time.")

    checked = [_checked(person, role, organization.mail_domains) for person in wanted]
    roles: dict[str, MemberRole] = {}
    for person in checked:
        if isinstance(person, WantedMember):
            roles.setdefault(person.work_email, person.role)

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
    return [_outcome(person, result, invited) for person, result in zip(wanted, checked, strict=True)]


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
    invitation, administered = await lock_open_invitation(by, invitation_id)
    address = work_address(work_email, mail_domains=administered.organization.mail_domains)
    if address == administered.member.work_email:
        raise InvalidInput("The invitation has this address already.")
    taken = await fetch_value(
        "SELECT id FROM member WHERE organization_id = $1 AND work_email = $2 AND status <> 'REMOVED'",
        administered.organization.id,
        address,
    )
    if taken is not None:
        raise AlreadyMember

    await execute("UPDATE member SET work_email = $2 WHERE id = $1", administered.member.id, address)
    await _request_delivery(transaction, invitation.id, to_another_address=True, now=now, settings=settings)
    await record_audit(
        administered.organization.id,
        actor=actor_of(by),
        action="invitation_corrected",
        subject=f"member:{administered.member.id}",
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
    invitation, administered = await lock_open_invitation(by, invitation_id)
    check_may_resend(invitation.requested_at, invitation.delivery_problem, now=now)

    await _request_delivery(transaction, invitation.id, to_another_address=False, now=now, settings=settings)
    await record_audit(
        administered.organization.id,
        actor=actor_of(by),
        action="invitation_resent",
        subject=f"member:{administered.member.id}",
        now=now,
    )


@operation
async def cancel_invitation(transaction: Transaction, *, by: Administrator, invitation_id: int, now: datetime) -> None:
    """Cancel an invitation without response: from now on a sign-in with its address finds no member.

    Raises:
        Forbidden: they are no admin, or the person is invited with a higher role than theirs.
        NotFound: there is no such invitation, or it was canceled.
        InvitationAnswered: the person has come.
    """
    _, administered = await lock_open_invitation(by, invitation_id)

    await execute("UPDATE member SET status = 'REMOVED', removed_at = $2 WHERE id = $1", administered.member.id, now)
    await close_invitation(administered.member.id, now=now)
    await record_audit(
        administered.organization.id,
        actor=actor_of(by),
        action="invitation_canceled",
        subject=f"member:{administered.member.id}",
        now=now,
    )


def _checked(wanted: WantedMember, role: MemberRole, mail_domains: Sequence[str]) -> WantedMember | Refusal:
    try:
        check_may_administer(role, wanted.role)
        return WantedMember(work_email=work_address(wanted.work_email, mail_domains=mail_domains), role=wanted.role)
    except Refusal as refusal:
        return refusal


async def _write(
    organization_id: int, roles: dict[str, MemberRole], *, now: datetime, settings: Settings
) -> list[_Invited]:
    """Write the members and invitations of the addresses that nobody has yet, in their order."""
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
        list(roles),
        list(roles.values()),
        now,
        settings.mail_server is not None,
    )


def _outcome(wanted: WantedMember, checked: WantedMember | Refusal, invited: dict[str, _Invited]) -> InvitationOutcome:
    """Return the outcome of an address; where it is requested twice, the first is invited."""
    if isinstance(checked, Refusal):
        return InvitationOutcome(work_email=wanted.work_email, refusal=checked)
    row = invited.pop(checked.work_email, None)
    if row is None:
        return InvitationOutcome(work_email=wanted.work_email, refusal=AlreadyMember())
    return InvitationOutcome(work_email=wanted.work_email, invitation_id=row.invitation_id, member_id=row.member_id)


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
