"""How does a browser stop being signed in?"""

from datetime import datetime

from domain.database import execute
from domain.secrets import hash_token
from domain.transaction import Transaction, operation


@operation
async def end_session(transaction: Transaction, *, token: str, now: datetime) -> None:
    """End the session that a cookie's token opens, if there is one."""
    await execute(
        "UPDATE browser_session SET ended_at = greatest(created_at, $2) WHERE token_hash = $1 AND ended_at IS NULL",
        hash_token(token),
        now,
    )
