"""What are an API client and its keys to clients?"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.ids import Kind, global_id
from api.graphql.pagination.arguments import ConnectionRequest
from api.graphql.pagination.connections import Connection, connection
from api.graphql.types import members
from api.graphql.types.node import Node
from domain.database.pagination import Page
from domain.queries.api_clients import (
    SHOWN_KEYS,
    ApiClientRow,
    ApiKeySummary,
    creators_of_api_clients,
    keys_of_api_clients,
)
from domain.rules.enums import Scope
from domain.rules.visibility import check_signed_in

if TYPE_CHECKING:
    from api.graphql.types.members import Member


@strawberry.type(description="What an API client proves itself by. The secret is shown once and stored as a hash.")
class ApiKey:
    """A key without its secret."""

    prefix: str = strawberry.field(description="The key's public beginning, to tell it from others.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="When it ends by itself, exclusive.")
    ended_at: datetime | None = strawberry.field(
        description="When a rotation or the client's revocation ended it; null if none has."
    )
    last_used_at: datetime | None = strawberry.field(
        description="When it was last used, to the minute; null if it never was."
    )


@strawberry.type(
    description="A program of an organization's, known by a key. It reads what its scopes open, and changes nothing. "
    "Only admins and the client itself see it."
)
class ApiClient(Node):
    """Nobody's person, whoever created it."""

    row_id: strawberry.Private[int]

    name: str = strawberry.field(description="What the organization calls it.")
    scopes: list[Scope] = strawberry.field(description="What it may read.")
    created_at: datetime = strawberry.field(description="When it was created.")
    revoked_at: datetime | None = strawberry.field(description="Since when it may read nothing; null if it still may.")
    last_used_at: datetime | None = strawberry.field(
        description="When any of its keys was last used, to the minute; null if none ever was."
    )

    @field(
        "The admin who created it; null where the operator did, and unless an admin or an API client with the scope "
        "MEMBERS_READ asks."
    )
    async def created_by(self, info: Info) -> Annotated["Member", strawberry.lazy("api.graphql.types.members")] | None:
        """Look up the member, together with those of a list's other clients."""
        viewer = check_signed_in(info.context.viewer)
        row = await info.context.loaders.load(creators_of_api_clients, viewer, self.row_id)
        return members.member_of(row) if row else None

    @field(
        f"Its latest keys, at most {SHOWN_KEYS}: first those that have not ended, of which there are at most two, "
        "then the newest."
    )
    async def keys(self, info: Info) -> list[ApiKey]:
        """Look up the keys, together with those of a list's other clients."""
        viewer = check_signed_in(info.context.viewer)
        rows = await info.context.loaders.load(keys_of_api_clients, viewer, self.row_id)
        return [_key_of(row) for row in rows]


def api_client_of(row: ApiClientRow) -> ApiClient:
    """Return a client."""
    return ApiClient(
        id=global_id(Kind.API_CLIENT, row.id),
        row_id=row.id,
        name=row.name,
        scopes=row.scopes,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def connection_of(page: Page[ApiClientRow], request: ConnectionRequest) -> Connection[ApiClient]:
    """Return a page of clients, the latest created first."""
    return connection(page, request, node=api_client_of)


def _key_of(row: ApiKeySummary) -> ApiKey:
    return ApiKey(
        prefix=row.prefix,
        created_at=row.created_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        last_used_at=row.last_used_at,
    )
