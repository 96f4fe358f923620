"""How does an organization say on which track it is scored (R13)?"""

from datetime import datetime

from domain.database.pool import fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import InvalidInput, NotFound
from domain.operations.audit import record_audit
from domain.queries.organizations import NO_SUCH_ORGANIZATION
from domain.rules.words import Track


@operation
async def change_track(
    transaction: Transaction, *, organization_domain: str, track: Track | None, now: datetime
) -> None:
    """Score an organization on a track, or on every track where none is given; answers for past instants follow.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: the track is none that an organization can be on.
    """
    if track is Track.ALL:
        raise InvalidInput("An organization is on the track ENTERPRISE or SMB.")
    organization_id = await fetch_value(
        "UPDATE organization SET track = $2 WHERE domain = $1 RETURNING id", organization_domain.lower(), track
    )
    if organization_id is None:
        raise NotFound(NO_SUCH_ORGANIZATION)
    await record_audit(
        organization_id,
        actor="operator",
        action="track_changed",
        subject=f"organization:{organization_id}",
        details={"track": track},
        now=now,
    )
