"""Organizations: create one, and change its issuer or track."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from domain.database.pool import execute, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import InvalidInput, NotFound
from domain.operations.steps.audit import record_audit
from domain.operations.steps.end_sessions import end_attempts, end_sessions
from domain.operations.steps.locks import lock_attempts_of_organization, lock_bound_members
from domain.queries.organizations import NO_SUCH_ORGANIZATION
from domain.rules.enums import Track
from domain.rules.sign_in import check_issuer
from domain.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ChangedIssuer:
    organization_id: int
    bindings_cleared: int
    sessions_ended: int


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
    """Write an organization with its mail domain and identity issuer; return its id.

    Raises:
        InvalidInput: another organization has the domain or the issuer, the issuer cannot be one, or the audience is
            the client's own id.
    """
    check_issuer(issuer)
    if api_audience == client_id:
        raise InvalidInput("The API's audience must differ from the client id: identity tokens are no access tokens.")
    sealed = settings.master_key.seal(client_secret) if client_secret else None
    organization_id: int | None = await fetch_value(
        """INSERT INTO organization
               (name, domain, issuer, client_id, client_secret_sealed, api_audience, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id""",
        name,
        domain.lower(),
        issuer,
        client_id,
        sealed,
        api_audience,
        now,
    )
    if organization_id is None:
        raise InvalidInput("Another organization has this mail domain or this issuer.")
    await record_audit(organization_id, "operator", "organization_created", f"organization:{organization_id}", now=now)
    return organization_id


@operation
async def change_issuer(
    transaction: Transaction, *, organization_domain: str, issuer: str, now: datetime
) -> ChangedIssuer | None:
    """Trust another issuer from now on, and nothing that the one before confirmed; the same issuer changes nothing.

    Members stay what they are, with their associations and credits, but are bound to nobody until they sign in again.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: another organization has the issuer, or it cannot be one.
    """
    check_issuer(issuer)
    organization_id = await fetch_value("SELECT id FROM organization WHERE domain = $1", organization_domain.lower())
    if organization_id is None:
        raise NotFound(NO_SUCH_ORGANIZATION)
    await lock_attempts_of_organization(organization_id)
    # Whoever opens a session keeps its member active and bound until then.
    await lock_bound_members(organization_id)
    try:
        changed = await execute(
            "UPDATE organization SET issuer = $2 WHERE id = $1 AND issuer <> $2", organization_id, issuer
        )
    except asyncpg.UniqueViolationError:
        raise InvalidInput("Another organization has this issuer.") from None
    if not changed:
        return None
    # Read again: a member bound while this transaction waited for the organization is bound by the issuer before.
    unbound: list[int] = await fetch_value(
        """WITH unbound AS (
               UPDATE member SET issuer = NULL, subject = NULL
               WHERE organization_id = $1 AND subject IS NOT NULL AND status <> 'REMOVED' RETURNING id)
           SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM unbound""",
        organization_id,
    )
    sessions = await end_sessions(transaction, unbound, now=now)
    # Whoever held a session of the issuer before must not link an account to the member afterwards (R1).
    await end_attempts(transaction, unbound, now=now)
    details: dict[str, object] = {"bindings_cleared": len(unbound), "sessions_ended": sessions}
    await record_audit(
        organization_id, "operator", "issuer_changed", f"organization:{organization_id}", details, now=now
    )
    return ChangedIssuer(organization_id=organization_id, bindings_cleared=len(unbound), sessions_ended=sessions)


@operation
async def change_track(
    transaction: Transaction, *, organization_domain: str, track: Track | None, now: datetime
) -> None:
    """Score an organization on one track, or on every track if ``track`` is ``None``, also for past instants.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: no organization can be on this track.
    """
    if track is Track.ALL:
        raise InvalidInput("An organization is on the track ENTERPRISE or SMB.")
    organization_id = await fetch_value(
        "UPDATE organization SET track = $2 WHERE domain = $1 RETURNING id", organization_domain.lower(), track
    )
    if organization_id is None:
        raise NotFound(NO_SUCH_ORGANIZATION)
    await record_audit(
        organization_id, "operator", "track_changed", f"organization:{organization_id}", {"track": track}, now=now
    )
