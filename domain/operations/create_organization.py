"""How does an organization come to certlink?"""

from datetime import datetime

from domain.database.pool import execute, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import InvalidInput
from domain.operations.audit import record_audit
from domain.secrets import SecretKey
from domain.settings import Settings


@operation
async def create_organization(
    transaction: Transaction,
    *,
    name: str,
    domain: str,
    issuer: str,
    client_id: str,
    client_secret: str | None,
    api_audience: str,
    now: datetime,
    settings: Settings,
) -> int:
    """Write an organization with its mail domain and identity issuer; return its number.

    Raises:
        InvalidInput: another organization has the domain or the issuer, or the audience is the client's own id.
    """
    if api_audience == client_id:
        raise InvalidInput("The API's audience must differ from the client id: identity tokens are no access tokens.")
    taken = await fetch_value("SELECT id FROM organization WHERE domain = $1 OR issuer = $2", domain.lower(), issuer)
    if taken is not None:
        raise InvalidInput("Another organization has this mail domain or this issuer.")
    sealed = SecretKey(settings.secret_key.get_secret_value()).seal(client_secret) if client_secret else None
    inserted = await execute(
        """INSERT INTO organization
               (name, domain, issuer, client_id, client_secret_sealed, api_audience, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING""",
        name,
        domain.lower(),
        issuer,
        client_id,
        sealed,
        api_audience,
        now,
    )
    if inserted == 0:
        raise InvalidInput("Another organization has this mail domain or this issuer.")
    organization_id: int = await fetch_value("SELECT id FROM organization WHERE issuer = $1", issuer)
    await record_audit(
        organization_id,
        actor="operator",
        action="organization_created",
        subject=f"organization:{organization_id}",
        details={},
        now=now,
    )
    return organization_id
