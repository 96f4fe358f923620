"""Mutations of API clients, for admins."""

from datetime import datetime

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import none_if_unset
from api.graphql.ids import Kind, decode_id_or_raise
from api.graphql.mutations.base import MutationInput, mutation, run_mutation
from api.graphql.types.api_clients import ApiClient, api_client_of
from domain.errors import NotFound
from domain.operations.api_clients import create_api_client, revoke_api_client, rotate_api_client_secret
from domain.queries.api_clients import get_api_client_or_raise
from domain.rules.administration import check_signed_in_admin
from domain.rules.api_clients import MAX_CLIENTS, MAX_NAME, TooManyApiClients
from domain.rules.enums import Scope

_EXPIRY = "When the key ends by itself; by default, and at the latest, after the days that the operator has set."
_SHOWN_ONCE = (
    "The key, to be sent as `Authorization: Bearer ...`. It is shown this once and stored as a hash only; "
    "null where an idempotency key repeats an earlier request: then rotate for another one."
)


@strawberry.input(description="The API client, and what it may read.")
class CreateApiClientInput(MutationInput):
    name: str = strawberry.field(description=f"What to call it: 1 to {MAX_NAME} printable characters.")
    scopes: list[Scope] = strawberry.field(description="What it may read: at least one.")
    expires_at: datetime | None = strawberry.field(default=UNSET, description=_EXPIRY)


@strawberry.type(description="The API client can read.")
class ApiClientCreated:
    api_client: ApiClient = strawberry.field(description="The API client, with its first key.")
    secret: str | None = strawberry.field(description=_SHOWN_ONCE)


@strawberry.input(description="Which API client gets a new key.")
class RotateApiClientSecretInput(MutationInput):
    api_client_id: strawberry.ID = strawberry.field(description="The id of an API client that is not revoked.")
    expires_at: datetime | None = strawberry.field(default=UNSET, description=_EXPIRY)
    end_previous: bool | None = strawberry.field(
        default=UNSET,
        description="true: all its other keys end at once, as after a leak; by default the newest that is good goes on "
        "beside the new one, until the next rotation.",
    )


@strawberry.type(description="The API client has a new key.")
class ApiClientSecretRotated:
    api_client: ApiClient = strawberry.field(description="The API client, with its keys.")
    secret: str | None = strawberry.field(description=_SHOWN_ONCE)


@strawberry.input(description="Which API client may read no more.")
class RevokeApiClientInput(MutationInput):
    api_client_id: strawberry.ID = strawberry.field(
        description="The id of an API client; one that is revoked already stays as it is."
    )


@strawberry.type(description="The API client is revoked: all its keys have ended.")
class ApiClientRevoked:
    api_client: ApiClient = strawberry.field(description="The API client, with its end.")


@strawberry.type
class ApiClientMutations:
    @mutation(
        f"Let a program read what scopes open, by a key. At most {MAX_CLIENTS} API clients of an organization are not "
        "revoked. For admins.",
        TooManyApiClients,
        input_="The API client, and what it may read.",
        result="The API client, or why there is none: then nothing was changed.",
    )
    async def create_api_client(self, info: Info, input_: CreateApiClientInput) -> ApiClientCreated:
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        key = await run_mutation(
            info,
            input_,
            create_api_client,
            by=viewer,
            name=input_.name,
            scopes=input_.scopes,
            expires_at=none_if_unset(input_.expires_at),
            now=context.now,
            settings=context.runtime.settings,
        )
        client = await get_api_client_or_raise(viewer, key.api_client_id)
        return ApiClientCreated(api_client=api_client_of(client), secret=key.secret)

    @mutation(
        "Give an API client a new key; the one that it uses can go on until the next rotation. For admins.",
        NotFound,
        input_="What gets a new key.",
        result="The new key, or why there is none: then nothing was changed.",
    )
    async def rotate_api_client_secret(self, info: Info, input_: RotateApiClientSecretInput) -> ApiClientSecretRotated:
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        key = await run_mutation(
            info,
            input_,
            rotate_api_client_secret,
            by=viewer,
            api_client_id=decode_id_or_raise(input_.api_client_id, Kind.API_CLIENT),
            expires_at=none_if_unset(input_.expires_at),
            # By default a program in use goes on: a rotation on schedule would otherwise cut it off.
            end_previous=bool(none_if_unset(input_.end_previous)),
            now=context.now,
            settings=context.runtime.settings,
        )
        client = await get_api_client_or_raise(viewer, key.api_client_id)
        return ApiClientSecretRotated(api_client=api_client_of(client), secret=key.secret)

    @mutation(
        "Revoke an API client: all its keys end at once, for good. For admins.",
        NotFound,
        input_="What to revoke.",
        result="The API client, or why it stays: then nothing was changed.",
    )
    async def revoke_api_client(self, info: Info, input_: RevokeApiClientInput) -> ApiClientRevoked:
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        client_id = decode_id_or_raise(input_.api_client_id, Kind.API_CLIENT)
        await run_mutation(info, input_, revoke_api_client, by=viewer, api_client_id=client_id, now=context.now)
        return ApiClientRevoked(api_client=api_client_of(await get_api_client_or_raise(viewer, client_id)))
