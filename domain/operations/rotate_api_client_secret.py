"""How does an API client get a new key while the one it uses goes on?"""

from datetime import datetime

from domain.database.transaction import Transaction, operation
from domain.notifications import ACCESS_CHANNEL, api_client_access
from domain.operations.administer import Administrator, actor_of, lock_organization
from domain.operations.api_client_lock import lock_api_client
from domain.operations.audit import record_audit
from domain.operations.write_api_key import NewApiKey, end_keys, lock_open_keys, write_api_key
from domain.rules.api_clients import free_slot, key_expiry, key_that_stays
from domain.settings import Settings


@operation
async def rotate_api_client_secret(
    transaction: Transaction,
    *,
    by: Administrator,
    api_client_id: int,
    expires_at: datetime | None = None,
    end_previous: bool = False,
    now: datetime,
    settings: Settings,
) -> NewApiKey:
    """Write a new key; the newest one that lives goes on beside it unless it is to end, and all others end now.

    Raises:
        Forbidden: they are no admin, or no longer.
        NotFound: there is no such client, or it is revoked.
        InvalidInput: the instant cannot be.
    """
    await lock_organization(by)
    await lock_api_client(by, api_client_id)
    expires_at = key_expiry(expires_at, now=now, lifetime=settings.api_key_lifetime)
    keys = await lock_open_keys(api_client_id)
    staying = key_that_stays(keys, now=now, end_previous=end_previous)

    ending = [key for key in keys if key is not staying]
    await end_keys(ending, now=now)
    await transaction.notify(ACCESS_CHANNEL, api_client_access(api_client_id))
    key = await write_api_key(api_client_id, slot=free_slot(staying), expires_at=expires_at, now=now)
    await record_audit(
        by.organization_id,
        actor=actor_of(by),
        action="api_client_secret_rotated",
        subject=f"api_client:{api_client_id}",
        details={
            "prefix": key.prefix,
            "expiresAt": expires_at.isoformat(),
            "ended": [each.prefix for each in ending],
        },
        now=now,
    )
    return key
