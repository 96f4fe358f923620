"""How does an organization let a program read?"""

from collections.abc import Collection
from datetime import datetime

from domain.database.pool import fetch_value
from domain.database.transaction import Transaction, operation
from domain.operations.administer import Administrator, actor_of, lock_organization
from domain.operations.audit import record_audit
from domain.operations.write_api_key import NewApiKey, write_api_key
from domain.rules.api_clients import check_room, client_name, free_slot, key_expiry, wanted_scopes
from domain.rules.visibility import MemberViewer
from domain.rules.words import Scope
from domain.settings import Settings


@operation
async def create_api_client(
    transaction: Transaction,
    *,
    by: Administrator,
    name: str,
    scopes: Collection[Scope],
    expires_at: datetime | None = None,
    now: datetime,
    settings: Settings,
) -> NewApiKey:
    """Write a client with its first key, which expires at an instant (aware, UTC) or after the longest lifetime.

    Raises:
        Forbidden: they are no admin, or no longer.
        InvalidInput: the name, the scopes or the instant cannot be.
        TooManyApiClients: the organization has enough.
    """
    _, organization = await lock_organization(by)
    name, words = client_name(name), wanted_scopes(scopes)
    expires_at = key_expiry(expires_at, now=now, lifetime=settings.api_key_lifetime)
    check_room(
        await fetch_value(
            "SELECT count(*) FROM api_client WHERE organization_id = $1 AND revoked_at IS NULL", organization.id
        )
    )

    number = await fetch_value(
        """INSERT INTO api_client (organization_id, name, scopes, created_at, created_by_id)
           VALUES ($1, $2, $3, $4, $5) RETURNING id""",
        organization.id,
        name,
        words,
        now,
        by.member_id if isinstance(by, MemberViewer) else None,
    )
    key = await write_api_key(number, slot=free_slot(None), expires_at=expires_at, now=now)
    await record_audit(
        organization.id,
        actor=actor_of(by),
        action="api_client_created",
        subject=f"api_client:{number}",
        details={"scopes": words, "prefix": key.prefix, "expiresAt": expires_at.isoformat()},
        now=now,
    )
    return key
