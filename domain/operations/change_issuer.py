"""How does an organization change the identity issuer that it trusts?"""

from datetime import datetime

from domain.database import fetch_value
from domain.errors import InvalidInput, NotFound
from domain.operations.audit import record_audit
from domain.queries.organizations import NO_SUCH_ORGANIZATION
from domain.transaction import Transaction, operation


@operation
async def change_issuer(transaction: Transaction, *, organization_domain: str, issuer: str, now: datetime) -> None:
    """Trust another issuer from now on; members are known by its subjects.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: another organization has the issuer.
    """
    if await fetch_value(
        "SELECT id FROM organization WHERE issuer = $2 AND domain <> $1", organization_domain.lower(), issuer
    ):
        raise InvalidInput("Another organization has this issuer.")
    organization_id = await fetch_value(
        "UPDATE organization SET issuer = $2 WHERE domain = $1 RETURNING id", organization_domain.lower(), issuer
    )
    if organization_id is None:
        raise NotFound(NO_SUCH_ORGANIZATION)
    await record_audit(
        organization_id,
        actor="operator",
        action="issuer_changed",
        subject=f"organization:{organization_id}",
        details={},
        now=now,
    )
