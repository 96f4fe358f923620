"""End members' sessions, bindings, association attempts and invitations."""

from collections.abc import Sequence
from datetime import datetime

from domain.database.pool import execute, fetch_value
from domain.database.transaction import Transaction
from domain.notifications import ACCESS_CHANNEL, ATTEMPT_CHANNEL, member_access


async def end_sessions(transaction: Transaction, member_ids: Sequence[int], *, now: datetime) -> int:
    """End every session of locked members, in the current transaction, and return how many were still open."""
    ended: int = await fetch_value(
        """WITH ended AS (
               UPDATE browser_session SET ended_at = greatest(created_at, $2), refresh_sealed = NULL,
                   next_check_at = NULL
               WHERE member_id = ANY($1::bigint[]) AND ended_at IS NULL RETURNING expires_at)
           SELECT count(*) FILTER (WHERE expires_at > $2) FROM ended""",
        member_ids,
        now,
    )
    # Also where no session was open: a bearer token may have opened a websocket.
    await transaction.notify(ACCESS_CHANNEL, *map(member_access, member_ids))
    return ended


async def end_bindings(member_id: int, *, now: datetime) -> None:
    """End the bindings of a locked member to their subjects, in the current transaction."""
    await execute(
        "UPDATE work_identity SET ended_at = greatest(bound_at, $2) WHERE member_id = $1 AND ended_at IS NULL",
        member_id,
        now,
    )
    await refuse_replacements(member_id, now=now)


async def refuse_replacements(member_id: int, *, now: datetime) -> None:
    """Refuse the new work accounts that wait for an admin's word about a locked member."""
    await execute(
        """UPDATE account_replacement SET decided_at = greatest(requested_at, $2), is_confirmed = false
           WHERE member_id = $1 AND decided_at IS NULL""",
        member_id,
        now,
    )


async def end_attempts(transaction: Transaction, member_ids: Sequence[int], *, now: datetime) -> None:
    """End what waits for members' sign-ins or for a worker, and erase what it carried, in the current transaction."""
    # A clock ahead of ours may have written the attempt, and an end never lies before its beginning.
    attempts: list[int] = await fetch_value(
        """WITH ended AS (
               UPDATE association_attempt
               SET status = 'REFUSED', refusal_code = 'NOT_FOUND', finished_at = greatest(created_at, $2),
                   verifier_sealed = NULL
               WHERE member_id = ANY($1::bigint[]) AND finished_at IS NULL RETURNING id)
           SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM ended""",
        member_ids,
        now,
    )
    await execute(
        """UPDATE callback SET status = 'DONE', code_sealed = NULL, grant_sealed = NULL, finished_at = $2
           WHERE attempt_id = ANY($1::bigint[]) AND status = 'PENDING'""",
        attempts,
        now,
    )
    await transaction.notify(ATTEMPT_CHANNEL, *map(str, attempts))


async def end_invitation(member_id: int, *, is_answered: bool, now: datetime) -> None:
    """End the member's invitation, if one is open, in the current transaction: it is answered, or else canceled."""
    await execute(
        """UPDATE invitation SET responded_at = CASE WHEN $3 THEN $2::timestamptz END,
               canceled_at = CASE WHEN NOT $3 THEN $2::timestamptz END, claimable_at = NULL
           WHERE member_id = $1 AND responded_at IS NULL AND canceled_at IS NULL""",
        member_id,
        now,
        is_answered,
    )
