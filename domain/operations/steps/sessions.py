"""End members' browser sessions inside a transaction."""

from collections.abc import Sequence
from datetime import datetime

from domain.database.pool import fetch_value
from domain.database.transaction import Transaction
from domain.notifications import ACCESS_CHANNEL, member_access


async def end_sessions(transaction: Transaction, member_ids: Sequence[int], *, now: datetime) -> int:
    """End every session of locked members, in the current transaction, and return how many still were open.

    Their websockets look again at once, whatever opened them.
    """
    ended: int = await fetch_value(
        """WITH ended AS (
               UPDATE browser_session SET ended_at = greatest(created_at, $2)
               WHERE member_id = ANY($1::bigint[]) AND ended_at IS NULL RETURNING expires_at)
           SELECT count(*) FILTER (WHERE expires_at > $2) FROM ended""",
        member_ids,
        now,
    )
    await transaction.notify(ACCESS_CHANNEL, *map(member_access, member_ids))
    return ended
