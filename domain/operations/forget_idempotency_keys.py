"""How are the idempotency keys forgotten that hold no more?"""

from datetime import datetime

from domain.database.pool import execute
from domain.database.transaction import Transaction, operation

BATCH = 1_000


@operation
async def forget_idempotency_keys(transaction: Transaction, *, now: datetime) -> bool:
    """Delete a batch of keys that have expired, with their outcomes; return whether there may be more."""
    # Those that are just being claimed anew are left alone.
    deleted = await execute(
        """DELETE FROM idempotency_key WHERE id IN (
               SELECT id FROM idempotency_key WHERE expires_at <= $1
               ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)""",
        now,
        BATCH,
    )
    return deleted == BATCH
