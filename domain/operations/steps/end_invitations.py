"""End a member's open invitation."""

from datetime import datetime

from domain.database.pool import execute


async def answer_invitation(member_id: int, *, now: datetime) -> None:
    """Record that the person has come, in the current transaction."""
    await execute(
        """UPDATE invitation SET responded_at = $2, claimable_at = NULL
           WHERE member_id = $1 AND responded_at IS NULL AND canceled_at IS NULL""",
        member_id,
        now,
    )


async def close_invitation(member_id: int, *, now: datetime) -> None:
    """Cancel the member's invitation, if one is open, in the current transaction."""
    await execute(
        """UPDATE invitation SET canceled_at = $2, claimable_at = NULL
           WHERE member_id = $1 AND responded_at IS NULL AND canceled_at IS NULL""",
        member_id,
        now,
    )
