"""What ends when a member leaves, and in which order is it locked (R8)?

Whoever removes a member, an admin or the organization's directory, locks and ends the same things.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row, fetch_rows, fetch_value
from domain.database.transaction import Transaction
from domain.jobs import PropagateCredits
from domain.notifications import ATTEMPT_CHANNEL
from domain.operations.administer import LockedMember
from domain.operations.audit import record_audit
from domain.operations.end_association import end_association, lock_credits
from domain.operations.end_session import end_sessions
from domain.operations.invitation_lock import close_invitation
from domain.rules.words import AssociationEndReason


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
    await _end_attempts(transaction, member.id, now=left_at)
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


async def _end_attempts(transaction: Transaction, member_id: int, *, now: datetime) -> None:
    """End what waits for a sign-in or for a worker, and forget what it carried."""
    attempts: list[int] = await fetch_value(
        """WITH ended AS (
               UPDATE association_attempt
               SET status = 'REFUSED', refusal_code = 'NOT_FOUND', finished_at = $2, verifier_sealed = NULL
               WHERE member_id = $1 AND finished_at IS NULL RETURNING id)
           SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM ended""",
        member_id,
        now,
    )
    await execute(
        """UPDATE callback SET status = 'DONE', code_sealed = NULL, grant_sealed = NULL, finished_at = $2
           WHERE attempt_id = ANY($1::bigint[]) AND status = 'PENDING'""",
        attempts,
        now,
    )
    for attempt_id in attempts:
        await transaction.notify(ATTEMPT_CHANNEL, str(attempt_id))


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
