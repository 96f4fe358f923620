"""Which API clients does an organization have, and which keys have they?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.database.pagination import Page, PageRequest, fetch_page
from domain.database.pool import fetch_rows
from domain.errors import NotFound
from domain.queries.members import OF_MEMBER, OfMember
from domain.rules.administration import Operator
from domain.rules.enums import Scope
from domain.rules.visibility import ApiClientViewer, Viewer

# Of keys that have ended so many are shown that no list grows for ever; those that have not come first.
SHOWN_KEYS = 10


@dataclass(frozen=True, kw_only=True)
class ApiClientRow:
    """An API client, and when any of its keys was last used."""

    id: int
    name: str
    scope_words: list[str]
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    @property
    def scopes(self) -> list[Scope]:
        """Return what it may read."""
        return [Scope(word) for word in self.scope_words]


@dataclass(frozen=True, kw_only=True)
class ApiKeySummary:
    """A key without its secret, which nobody knows."""

    id: int
    api_client_id: int
    prefix: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    last_used_at: datetime | None


_SELECT = """SELECT c.id, c.name, c.scopes AS scope_words, c.created_at, c.revoked_at,
        (SELECT max(k.last_used_at) FROM api_key k WHERE k.api_client_id = c.id) AS last_used_at
    FROM api_client c"""
# An admin's organization's, or the client that asks.
_VISIBLE = "c.organization_id = $1 AND ($2 OR c.id = $3)"


async def visible_api_clients(viewer: Viewer, api_client_ids: Collection[int]) -> dict[int, ApiClientRow]:
    """Return those clients that the viewer may see, by number: admins their organization's, a client itself."""
    rows = await fetch_rows(
        ApiClientRow,
        f"{_SELECT} WHERE {_VISIBLE} AND c.id = ANY($4::bigint[])",
        *_visible(viewer),
        list(api_client_ids),
    )
    return {row.id: row for row in rows}


async def get_api_client_or_raise(viewer: Viewer, api_client_id: int) -> ApiClientRow:
    """Return a client that the viewer may see.

    Raises:
        NotFound: there is none.
    """
    row = (await visible_api_clients(viewer, {api_client_id})).get(api_client_id)
    if row is None:
        raise NotFound
    return row


async def api_clients_of_organization(
    viewer: Viewer, organization_id: int, *, page: PageRequest
) -> Page[ApiClientRow] | None:
    """Return the clients of the viewer's organization, the latest created first; for its admins only."""
    if not viewer.is_admin or organization_id != viewer.organization_id:
        return None
    return await fetch_page(ApiClientRow, f"{_SELECT} WHERE c.organization_id = $1", organization_id, page=page)


async def api_clients_of_operator(operator: Operator) -> list[ApiClientRow]:
    """Return every client of an organization, the latest created first; for the operator's command line alone."""
    return await fetch_rows(
        ApiClientRow, f"{_SELECT} WHERE c.organization_id = $1 ORDER BY c.id DESC", operator.organization_id
    )


async def keys_of_api_clients(viewer: Viewer, api_client_ids: Collection[int]) -> dict[int, list[ApiKeySummary]]:
    """Return the keys of clients that the viewer may see: first those that have not ended, then the newest."""
    return await _keys(*_visible(viewer), api_client_ids)


async def keys_of_operator(operator: Operator, api_client_ids: Collection[int]) -> dict[int, list[ApiKeySummary]]:
    """Return the keys of an organization's clients; for the operator's command line alone."""
    return await _keys(operator.organization_id, True, None, api_client_ids)


async def creators_of_api_clients(viewer: Viewer, api_client_ids: Collection[int]) -> dict[int, OfMember | None]:
    """Return who created clients, to whom sees the organization's members; nobody where the operator did."""
    rows = await fetch_rows(
        _Creator,
        f"""SELECT {OF_MEMBER}, c.id AS api_client_id
            FROM api_client c JOIN member m ON m.id = c.created_by_id JOIN organization o ON o.id = m.organization_id
            WHERE {_VISIBLE} AND $4 AND c.id = ANY($5::bigint[])""",
        *_visible(viewer),
        viewer.may(Scope.MEMBERS_READ),
        list(api_client_ids),
    )
    return dict.fromkeys(api_client_ids) | {row.api_client_id: row for row in rows}


@dataclass(frozen=True, kw_only=True)
class _Creator(OfMember):
    api_client_id: int


def _visible(viewer: Viewer) -> tuple[int, bool, int | None]:
    own = viewer.api_client_id if isinstance(viewer, ApiClientViewer) else None
    return viewer.organization_id, viewer.is_admin, own


async def _keys(
    organization_id: int, is_admin: bool, own: int | None, api_client_ids: Collection[int]
) -> dict[int, list[ApiKeySummary]]:
    rows = await fetch_rows(
        ApiKeySummary,
        f"""SELECT id, api_client_id, prefix, created_at, expires_at, ended_at, last_used_at FROM (
                SELECT k.*, row_number() OVER (PARTITION BY k.api_client_id
                                               ORDER BY k.ended_at IS NOT NULL, k.id DESC) AS place
                FROM api_key k JOIN api_client c ON c.id = k.api_client_id
                WHERE {_VISIBLE} AND c.id = ANY($4::bigint[])) placed
            WHERE place <= $5 ORDER BY api_client_id, place""",
        organization_id,
        is_admin,
        own,
        list(api_client_ids),
        SHOWN_KEYS,
    )
    return {number: [row for row in rows if row.api_client_id == number] for number in api_client_ids}
