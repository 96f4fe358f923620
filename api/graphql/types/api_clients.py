"""API clients and their keys."""

from datetime import datetime

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.ids import Kind, Node, global_id
from api.graphql.types.from_row import from_row
from api.graphql.types.present import Member, member_of
from domain.queries.api_clients import SHOWN_KEYS, ApiClientRow, creators_of_api_clients, keys_of_api_clients
from domain.rules.enums import Scope
from domain.rules.visibility import check_signed_in


@strawberry.type(description="A key by which an API client is known. The secret is shown once and stored as a hash.")
class ApiKey:
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
    async def created_by(self, info: Info) -> Member | None:
        viewer = check_signed_in(info.context.viewer)
        row = await info.context.loaders.load(creators_of_api_clients, viewer, self.row_id)
        return member_of(row) if row else None

    @field(
        f"Its latest keys, at most {SHOWN_KEYS}: first those that have not ended, of which there are at most two, "
        "then the newest."
    )
    async def keys(self, info: Info) -> list[ApiKey]:
        viewer = check_signed_in(info.context.viewer)
        rows = await info.context.loaders.load(keys_of_api_clients, viewer, self.row_id)
        return [from_row(ApiKey, row) for row in rows]


def api_client_of(row: ApiClientRow) -> ApiClient:
    return from_row(ApiClient, row, id=global_id(Kind.API_CLIENT, row.id), row_id=row.id)
