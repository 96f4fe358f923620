"""Which API client does an admin act upon, and who holds it until the deed is done?"""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import fetch_row
from domain.errors import NotFound
from domain.operations.administer import Administrator


@dataclass(frozen=True, kw_only=True)
class LockedApiClient:
    """A client that nobody else changes until the transaction ends."""

    id: int
    revoked_at: datetime | None


async def lock_api_client(by: Administrator, api_client_id: int, *, revoked: bool = False) -> LockedApiClient:
    """Lock a client of the administrator's organization, whose lock they hold already; also one ``revoked``, if so.

    Raises:
        NotFound: there is no such client, or it is revoked.
    """
    found = await fetch_row(
        LockedApiClient,
        "SELECT id, revoked_at FROM api_client WHERE id = $1 AND organization_id = $2 FOR NO KEY UPDATE",
        api_client_id,
        by.organization_id,
    )
    if found is None or (found.revoked_at is not None and not revoked):
        raise NotFound
    return found
