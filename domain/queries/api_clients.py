"""API clients of an organization, and their keys."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.database.pagination import Page, PageRequest, fetch_page
from domain.database.pool import fetch_rows, row_or_raise
from domain.queries.members import OF_MEMBER, OfMember
from domain.queries.visible import rows_by_id
from domain.rules.administration import Operator
from domain.rules.enums import Scope
from domain.rules.visibility import ApiClientViewer, Viewer

# Live keys come first, so only ended ones are cut off: without a limit their list would grow for ever.
SHOWN_KEYS = 10


@dataclass(frozen=True, kw_only=True)
class ApiClientRow:
    """An API client, and when one of its keys was last used."""

    id: int
    name: str
    scope_values: list[str]
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    @property
    def scopes(self) -> list[Scope]:
        return [Scope(value) for value in self.scope_values]


@dataclass(frozen=True, kw_only=True)
class ApiKeySummary:
    id: int
    api_client_id: int
    prefix: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    last_used_at: datetime | None


_SELECT = """SELECT c.id, c.name, c.scopes AS scope_values, c.created_at, c.revoked_at,
        (SELECT max(k.last_used_at) FROM api_key k WHERE k.api_client_id = c.id) AS last_used_at
    FROM api_client c"""
# The clients of an admin's organization, or the client itself.
_VISIBLE = "c.organization_id = $1 AND ($2 OR c.id = $3)"


async def visible_api_clients(viewer: Viewer, api_client_ids: Collection[int]) -> dict[int, ApiClientRow]:
    """Return the clients that the viewer may see, by id: an admin those of their organization, a client itself."""
    sql = f"{_SELECT} WHERE {_VISIBLE} AND c.id = ANY($4::bigint[])"
    return await rows_by_id(ApiClientRow, sql, *_visible(viewer), ids=api_client_ids)


async def get_api_client_or_raise(viewer: Viewer, api_client_id: int) -> ApiClientRow:
    return row_or_raise((await visible_api_clients(viewer, {api_client_id})).get(api_client_id))


async def api_clients_of_organization(
    viewer: Viewer, organization_id: int, *, page: PageRequest
) -> Page[ApiClientRow] | None:
    """Return the clients of the viewer's organization, newest first, to its admins only."""
    if not viewer.is_admin or organization_id != viewer.organization_id:
        return None
    return await fetch_page(ApiClientRow, f"{_SELECT} WHERE c.organization_id = $1", organization_id, page=page)


async def api_clients_of_operator(operator: Operator) -> list[ApiClientRow]:
    return await fetch_rows(
        ApiClientRow, f"{_SELECT} WHERE c.organization_id = $1 ORDER BY c.id DESC", operator.organization_id
    )


async def keys_of_api_clients(
    viewer: Viewer | Operator, api_client_ids: Collection[int]
) -> dict[int, list[ApiKeySummary]]:
    """Return the keys of clients that the viewer may see: live ones first, then the newest."""
    rows = await fetch_rows(
        ApiKeySummary,
        f"""SELECT id, api_client_id, prefix, created_at, expires_at, ended_at, last_used_at FROM (
                SELECT k.*, row_number() OVER (PARTITION BY k.api_client_id
                                               ORDER BY k.ended_at IS NOT NULL, k.id DESC) AS rank
                FROM api_key k JOIN api_client c ON c.id = k.api_client_id
                WHERE {_VISIBLE} AND c.id = ANY($4::bigint[])) ranked
            WHERE rank <= $5 ORDER BY api_client_id, rank""",
        *_visible(viewer),
        list(api_client_ids),
        SHOWN_KEYS,
    )
    return {client_id: [row for row in rows if row.api_client_id == client_id] for client_id in api_client_ids}


async def creators_of_api_clients(viewer: Viewer, api_client_ids: Collection[int]) -> dict[int, OfMember | None]:
    """Return the members who created clients, if the viewer sees members; ``None`` for a client of the operator."""
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


def _visible(viewer: Viewer | Operator) -> tuple[int, bool, int | None]:
    own = viewer.api_client_id if isinstance(viewer, ApiClientViewer) else None
    return viewer.organization_id, isinstance(viewer, Operator) or viewer.is_admin, own
