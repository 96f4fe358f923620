"""How does a browser stop being signed in?"""

from datetime import datetime

from domain.database import fetch_value
from domain.live import ACCESS_CHANNEL, member_access
from domain.secrets import hash_token
from domain.transaction import Transaction, operation


@operation
async def end_session(transaction: Transaction, *, token: str, now: datetime) -> None:
    """End the session that a cookie's token opens, if there is one."""
    member_id = await fetch_value(
        """UPDATE browser_session SET ended_at = greatest(created_at, $2)
           WHERE token_hash = $1 AND ended_at IS NULL RETURNING member_id""",
        hash_token(token),
        now,
    )
    if member_id is not None:
        await transaction.notify(ACCESS_CHANNEL, member_access(member_id))
