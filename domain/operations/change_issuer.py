"""Change the identity issuer that an organization trusts."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from domain.database.pool import execute, fetch_row, fetch_rows
from domain.database.transaction import Transaction, operation
from domain.errors import InvalidInput, NotFound
from domain.operations.audit import record_audit
from domain.operations.end_session import end_sessions
from domain.queries.organizations import NO_SUCH_ORGANIZATION


@dataclass(frozen=True, kw_only=True)
class ChangedIssuer:
    """What a change of issuer ended."""

    organization_id: int
    bindings_cleared: int
    sessions_ended: int


@dataclass(frozen=True, kw_only=True)
class _Organization:
    id: int
    issuer: str


@dataclass(frozen=True, kw_only=True)
class _Bound:
    id: int


@operation
async def change_issuer(
    transaction: Transaction, *, organization_domain: str, issuer: str, now: datetime
) -> ChangedIssuer | None:
    """Trust another issuer from now on, and nothing that the one before vouched for; the same issuer changes nothing.

    Members stay what they are, with their associations and credits, but are bound to nobody until they sign in again.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: another organization has the issuer.
    """
    organization = await fetch_row(
        _Organization, "SELECT id, issuer FROM organization WHERE domain = $1", organization_domain.lower()
    )
    if organization is None:
        raise NotFound(NO_SUCH_ORGANIZATION)
    # Members before their organization, as everybody locks them. Whoever opens a session holds their binding.
    await fetch_rows(
        _Bound,
        """SELECT id FROM member WHERE organization_id = $1 AND subject IS NOT NULL AND status <> 'REMOVED'
           ORDER BY id FOR UPDATE""",
        organization.id,
    )
    try:
        changed = await execute(
            "UPDATE organization SET issuer = $2 WHERE id = $1 AND issuer <> $2", organization.id, issuer
        )
    except asyncpg.UniqueViolationError:
        raise InvalidInput("Another organization has this issuer.") from None
    if not changed:
        return None
    # Read anew: who was bound while this one waited for the organization is bound by the issuer before.
    cleared = await fetch_rows(
        _Bound,
        """UPDATE member SET issuer = NULL, subject = NULL
           WHERE organization_id = $1 AND subject IS NOT NULL AND status <> 'REMOVED' RETURNING id""",
        organization.id,
    )
    sessions = await end_sessions(transaction, [member.id for member in cleared], now=now)
    await record_audit(
        organization.id,
        actor="operator",
        action="issuer_changed",
        subject=f"organization:{organization.id}",
        details={"bindings_cleared": len(cleared), "sessions_ended": sessions},
        now=now,
    )
    return ChangedIssuer(organization_id=organization.id, bindings_cleared=len(cleared), sessions_ended=sessions)
