"""Who is it that signed in, and does a member wait for them (R2)?"""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row, fetch_rows, fetch_value
from domain.database.transaction import Transaction, operation
from domain.jobs import PropagateCredits
from domain.notifications import ACCESS_CHANNEL, member_access
from domain.operations.steps.audit import record_audit
from domain.operations.steps.end_credits import end_association, lock_credits
from domain.operations.steps.locks import (
    Administrator,
    LockedMember,
    actor_of,
    answer_invitation,
    check_other_admin,
    close_invitation,
    lock_member,
)
from domain.operations.steps.sessions import end_attempts, end_sessions
from domain.queries.callers import viewer_of_subject
from domain.rules.administration import check_admin, check_may_administer
from domain.rules.enums import AssociationEndReason, MemberRole, MemberStatus
from domain.rules.sign_in import Identity
from domain.rules.visibility import MemberViewer


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    member_id: int
    organization_id: int
    role: MemberRole
    status: MemberStatus


@dataclass(frozen=True, kw_only=True)
class EndedCredits:
    """How many credits were canceled, and how many count on until the refresh date or an earlier end."""

    canceled: int
    counting_on: int


@dataclass(frozen=True, kw_only=True)
class EndedMembership:
    """When a member left, and what ended with it."""

    left_at: datetime
    associations: int
    credits: EndedCredits


@dataclass(frozen=True, kw_only=True)
class _Active:
    id: int
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class _Open:
    id: int


@operation
async def activate_member(transaction: Transaction, *, identity: Identity, now: datetime) -> MemberViewer | None:
    """Return the member who is bound to the issuer's subject, bound now if a verified address says who they are.

    An address matters once: where it accepts an invitation, or after the organization has changed its issuer. Whom a
    subject belongs to stays as it is otherwise, whatever their address.
    """
    known = await viewer_of_subject(identity.issuer, identity.subject)
    if known is not None or identity.verified_email is None:
        return known
    waiting = await fetch_row(
        _Waiting,
        """SELECT m.id AS member_id, m.organization_id, m.role, m.status
           FROM member m JOIN organization o ON o.id = m.organization_id
           WHERE o.issuer = $1 AND m.work_email = $2
             AND (m.status = 'INVITED'
                  OR (m.status = 'ACTIVE' AND m.subject IS NULL AND split_part(m.work_email, '@', 2) = o.domain))
           FOR UPDATE OF m""",
        identity.issuer,
        identity.verified_email,
    )
    # The organization may have changed its issuer while this one waited for the member.
    if waiting is None or not await fetch_value(
        "SELECT id FROM organization WHERE id = $1 AND issuer = $2 FOR NO KEY UPDATE",
        waiting.organization_id,
        identity.issuer,
    ):
        return await viewer_of_subject(identity.issuer, identity.subject)
    # Somebody else's request may have bound the same person, by another address, while this one waited.
    known = await viewer_of_subject(identity.issuer, identity.subject)
    if known is not None:
        return known
    is_invited = waiting.status is MemberStatus.INVITED
    await execute(
        """UPDATE member SET issuer = $2, subject = $3, status = 'ACTIVE',
               name = CASE WHEN $4 THEN $5 ELSE name END, activated_at = CASE WHEN $4 THEN $6 ELSE activated_at END
           WHERE id = $1""",
        waiting.member_id,
        identity.issuer,
        identity.subject,
        is_invited,
        identity.name,
        now,
    )
    if is_invited:
        await answer_invitation(waiting.member_id, now=now)
    await record_audit(
        waiting.organization_id,
        actor=f"member:{waiting.member_id}",
        action="member_activated" if is_invited else "member_bound_again",
        subject=f"member:{waiting.member_id}",
        details={},
        now=now,
    )
    return MemberViewer(member_id=waiting.member_id, organization_id=waiting.organization_id, role=waiting.role)


@operation
async def change_member_role(
    transaction: Transaction, *, by: Administrator, member_id: int, role: MemberRole, now: datetime
) -> None:
    """Give an active or invited member a role; the one that they have already changes nothing.

    Raises:
        Forbidden: they are no admin, or one of the roles is higher than theirs.
        NotFound: there is no such member, or it has left.
        LastAdmin: nobody active could administer the organization any more.
    """
    found = await lock_member(by, member_id)
    member = found.member
    check_may_administer(found.own_role, role)
    await check_other_admin(member, stays_admin=role.is_admin)
    if member.role is role:
        return

    await execute("UPDATE member SET role = $2 WHERE id = $1", member.id, role)
    await transaction.notify(ACCESS_CHANNEL, member_access(member.id))
    await record_audit(
        member.organization_id,
        actor=actor_of(by),
        action="member_role_changed",
        subject=f"member:{member.id}",
        details={"from": member.role.value, "to": role.value},
        now=now,
    )


@operation
async def remove_member(
    transaction: Transaction, *, by: Administrator, member_id: int, now: datetime
) -> EndedMembership:
    """Remove an active or invited member: access ends at once, what counts counts on until the refresh date.

    An admin may remove themself.

    Raises:
        Forbidden: they are no admin, or the member's role is higher than theirs.
        NotFound: there is no such member, or it has left.
        LastAdmin: nobody active could administer the organization any more.
    """
    check_admin(by.role)
    await lock_membership(member_id, organization_id=by.organization_id)
    found = await lock_member(by, member_id)
    await check_other_admin(found.member, stays_admin=False)

    return await end_membership(transaction, found.member, actor=actor_of(by), now=now)


async def lock_membership(member_id: int, *, organization_id: int) -> None:
    """Lock what a member of the organization has under way, before the member is locked.

    In the order in which whoever concludes an attempt does: callback, attempt, account, credits, member, organization.
    """
    for open_rows in (
        """SELECT b.id FROM callback b JOIN association_attempt t ON t.id = b.attempt_id
           JOIN member m ON m.id = t.member_id
           WHERE m.id = $1 AND m.organization_id = $2 AND b.status = 'PENDING' ORDER BY b.id FOR UPDATE OF b""",
        """SELECT t.id FROM association_attempt t JOIN member m ON m.id = t.member_id
           WHERE m.id = $1 AND m.organization_id = $2 AND t.finished_at IS NULL ORDER BY t.id FOR UPDATE OF t""",
        """SELECT l.id FROM learning_account l JOIN association a ON a.learning_account_id = l.id
           WHERE a.member_id = $1 AND a.organization_id = $2 AND a.ended_at IS NULL ORDER BY l.id FOR UPDATE OF l""",
        """SELECT c.id FROM credit c JOIN association a ON a.id = c.association_id
           WHERE a.member_id = $1 AND a.organization_id = $2 AND a.ended_at IS NULL ORDER BY c.id FOR UPDATE OF c""",
    ):
        await fetch_rows(_Open, open_rows, member_id, organization_id)


async def end_membership(
    transaction: Transaction, member: LockedMember, *, actor: str, now: datetime
) -> EndedMembership:
    """End a locked member's access, sessions, attempts and associations, in the current transaction."""
    active = await fetch_rows(
        _Active,
        "SELECT id, started_at FROM association WHERE member_id = $1 AND ended_at IS NULL ORDER BY id",
        member.id,
    )
    left_at = now
    for association in active:
        left_at = await lock_credits(association.id, now=max(left_at, association.started_at))
    for association in active:
        await end_association(
            association.id,
            organization_id=member.organization_id,
            ended_at=left_at,
            reason=AssociationEndReason.MEMBER_REMOVED,
            actor=actor,
        )
    await end_attempts(transaction, [member.id], now=left_at)
    await end_sessions(transaction, [member.id], now=left_at)
    await execute("UPDATE member SET status = 'REMOVED', removed_at = $2 WHERE id = $1", member.id, left_at)
    await close_invitation(member.id, now=left_at)
    ended = EndedMembership(
        left_at=left_at, associations=len(active), credits=await _ended_credits([each.id for each in active], left_at)
    )
    await record_audit(
        member.organization_id,
        actor=actor,
        action="member_removed",
        subject=f"member:{member.id}",
        details={"associations": ended.associations},
        now=left_at,
    )
    transaction.announce(PropagateCredits())
    return ended


async def _ended_credits(association_ids: list[int], left_at: datetime) -> EndedCredits:
    ended = await fetch_row(
        EndedCredits,
        """SELECT count(*) FILTER (WHERE counts_until = $2 AND end_reason = 'MEMBER_REMOVED') AS canceled,
               count(*) FILTER (WHERE counts_until > $2) AS counting_on
           FROM credit WHERE association_id = ANY($1::bigint[])""",
        association_ids,
        left_at,
    )
    assert ended is not None
    return ended
