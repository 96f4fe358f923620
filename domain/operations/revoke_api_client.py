"""How is a program kept from reading any more?"""

from datetime import datetime

from domain.database.pool import fetch_value
from domain.database.transaction import Transaction, operation
from domain.notifications import ACCESS_CHANNEL, api_client_access
from domain.operations.administer import Administrator, actor_of, lock_organization
from domain.operations.api_client_lock import lock_api_client
from domain.operations.audit import record_audit
from domain.operations.write_api_key import end_keys, lock_open_keys


@operation
async def revoke_api_client(transaction: Transaction, *, by: Administrator, api_client_id: int, now: datetime) -> None:
    """Revoke a client and end all its keys now; one that is revoked already stays as it is.

    Raises:
        Forbidden: they are no admin, or no longer.
        NotFound: there is no such client.
    """
    await lock_organization(by)
    client = await lock_api_client(by, api_client_id, revoked=True)
    if client.revoked_at is not None:
        return
    keys = await lock_open_keys(api_client_id)

    revoked_at = await fetch_value(
        """UPDATE api_client c SET revoked_at = greatest($2, c.created_at, (
               SELECT max(k.created_at) FROM api_key k WHERE k.api_client_id = c.id))
           WHERE c.id = $1 RETURNING revoked_at""",
        api_client_id,
        now,
    )
    await end_keys(keys, now=revoked_at)
    await transaction.notify(ACCESS_CHANNEL, api_client_access(api_client_id))
    await record_audit(
        by.organization_id,
        actor=actor_of(by),
        action="api_client_revoked",
        subject=f"api_client:{api_client_id}",
        details={"ended": [key.prefix for key in keys]},
        now=now,
    )
