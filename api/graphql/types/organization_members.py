"""Members, invitations and API clients: a part of the organization's type."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET

from api.filters import MAX_PERSON_LENGTH, checked_text
from api.graphql.context import Info
from api.graphql.fields import field, none_if_unset
from api.graphql.pagination.connections import (
    Connection,
    PageArguments,
    connection,
    connection_field,
    organization_page,
)
from api.graphql.types.api_clients import ApiClient, api_client_of
from api.graphql.types.invitations import Invitation, invitation_of
from api.graphql.types.present import Member, member_of
from domain.queries import members as queries
from domain.queries.api_clients import api_clients_of_organization
from domain.queries.invitations import OLDEST_FIRST, invitations_of_organization
from domain.rules.credit_interval import next_refresh_date
from domain.rules.enums import MemberRole, MemberStatus


@strawberry.input(description="Which members are wanted; what is left out does not restrict.")
class MemberFilter:
    statuses: list[MemberStatus] | None = strawberry.field(
        default=UNSET, description="Only members with one of these statuses."
    )
    roles: list[MemberRole] | None = strawberry.field(
        default=UNSET, description="Only members with one of these roles."
    )
    text: str | None = strawberry.field(
        default=UNSET, description="Only members whose name or work e-mail has this text in it, in any case."
    )


MemberFilterArgument = Annotated[
    MemberFilter | None, strawberry.argument(name="filter", description="Which members are wanted; all by default.")
]
WithoutResponse = Annotated[
    bool | None,
    strawberry.argument(
        description="true: only invitations that wait for their person; false: only those that somebody answered; "
        "all by default, canceled ones too."
    ),
]


@strawberry.type
class OrganizationMembers:
    row_id: strawberry.Private[int]

    @connection_field(
        "The organization's members, the latest invited first; null unless an admin or an API client with the scope "
        "MEMBERS_READ asks."
    )
    async def members(
        self, info: Info, arguments: PageArguments, filter_: MemberFilterArgument = UNSET
    ) -> Connection[Member] | None:
        requested = filter_ or MemberFilter()
        matching = queries.MemberFilter(
            statuses=tuple(requested.statuses) if isinstance(requested.statuses, list) else None,
            roles=tuple(requested.roles) if isinstance(requested.roles, list) else None,
            text=checked_text(
                requested.text or None, max_length=MAX_PERSON_LENGTH, refusal="This is no part of a name or address."
            ),
        )
        request = arguments.request(info, of=self.row_id)
        page = await organization_page(info, queries.members_of_organization, self.row_id, request, matching=matching)
        return connection(page, request, node=member_of) if page else None

    @connection_field(
        "The organization's invitations, the oldest first; null unless an admin or an API client with the scope "
        "MEMBERS_READ asks."
    )
    async def invitations(
        self, info: Info, arguments: PageArguments, without_response: WithoutResponse = UNSET
    ) -> Connection[Invitation] | None:
        request = arguments.request(info, of=self.row_id, order=OLDEST_FIRST)
        page = await organization_page(
            info, invitations_of_organization, self.row_id, request, without_response=none_if_unset(without_response)
        )
        return connection(page, request, node=lambda row: invitation_of(row, info.context)) if page else None

    @field("The next 10th of a month, in UTC: at its beginning the credits of those who left the month before end.")
    def next_refresh_date(self, info: Info) -> date:
        return next_refresh_date(info.context.now)

    @connection_field(
        "The organization's API clients, revoked ones too, the latest created first; null unless an admin asks."
    )
    async def api_clients(self, info: Info, arguments: PageArguments) -> Connection[ApiClient] | None:
        request = arguments.request(info, of=self.row_id)
        page = await organization_page(info, api_clients_of_organization, self.row_id, request)
        return connection(page, request, node=api_client_of) if page else None
