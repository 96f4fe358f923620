"""What of its members and invitations does an organization show, and to whom?"""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.pagination.arguments import PageArguments, connection_field, none_if_unset
from api.graphql.pagination.connections import Connection, connection
from api.graphql.types import api_clients, invitations, members
from domain.errors import InvalidInput
from domain.queries.api_clients import api_clients_of_organization
from domain.queries.invitations import OLDEST_FIRST, invitations_of_organization
from domain.queries.members import MemberFilter as Matching
from domain.queries.members import members_of_organization
from domain.rules.credit_interval import next_refresh_date
from domain.rules.enums import MemberRole, MemberStatus

if TYPE_CHECKING:
    from api.graphql.types.api_clients import ApiClient
    from api.graphql.types.invitations import Invitation
    from api.graphql.types.members import Member

MAX_TEXT_LENGTH = 320


@strawberry.input(description="Which members are wanted; what is left out does not restrict.")
class MemberFilter:
    """The conditions, all of which must hold."""

    statuses: list[MemberStatus] | None = strawberry.field(
        default=UNSET, description="Only members with one of these statuses."
    )
    roles: list[MemberRole] | None = strawberry.field(
        default=UNSET, description="Only members with one of these roles."
    )
    text: str | None = strawberry.field(
        default=UNSET, description="Only members whose name or work e-mail has this text in it, in any case."
    )


Filter = Annotated[
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
    """For its admins and API clients; a part of the organization."""

    row_id: strawberry.Private[int]

    @connection_field(
        "The organization's members, the latest invited first; null unless an admin or an API client with the scope "
        "MEMBERS_READ asks."
    )
    async def members(
        self, info: Info, arguments: PageArguments, wanted: Filter = UNSET
    ) -> Connection[Annotated["Member", strawberry.lazy("api.graphql.types.members")]] | None:
        """List the members."""
        viewer = info.context.viewer
        if viewer is None:
            return None
        request = arguments.request(info, of=self.row_id)
        page = await info.context.loaders.load_once(
            info, members_of_organization, viewer, self.row_id, matching=_matching(wanted), page=request.page
        )
        return connection(page, request, node=members.member_of) if page else None

    @connection_field(
        "The organization's invitations, the oldest first; null unless an admin or an API client with the scope "
        "MEMBERS_READ asks."
    )
    async def invitations(
        self, info: Info, arguments: PageArguments, without_response: WithoutResponse = UNSET
    ) -> Connection[Annotated["Invitation", strawberry.lazy("api.graphql.types.invitations")]] | None:
        """List the invitations."""
        viewer = info.context.viewer
        if viewer is None:
            return None
        request = arguments.request(info, of=self.row_id, order=OLDEST_FIRST)
        page = await info.context.loaders.load_once(
            info,
            invitations_of_organization,
            viewer,
            self.row_id,
            without_response=none_if_unset(without_response),
            page=request.page,
        )
        return invitations.connection_of(page, request, info.context) if page else None

    @field("The next 10th of a month, in UTC: at its beginning the credits of those who left the month before end.")
    def next_refresh_date(self, info: Info) -> date:
        """Ask the rule."""
        return next_refresh_date(info.context.now)


def _matching(wanted: MemberFilter | None) -> Matching:
    if not wanted:
        return Matching()
    text = wanted.text or None
    if text is not None and (len(text) > MAX_TEXT_LENGTH or not text.isprintable()):
        raise InvalidInput("This is no part of a name or address.")
    return Matching(
        statuses=tuple(wanted.statuses) if isinstance(wanted.statuses, list) else None,
        roles=tuple(wanted.roles) if isinstance(wanted.roles, list) else None,
        text=text,
    )


@strawberry.type
class OrganizationApiClients:
    """For its admins; a part of the organization."""

    row_id: strawberry.Private[int]

    @connection_field(
        "The organization's API clients, revoked ones too, the latest created first; null unless an admin asks."
    )
    async def api_clients(
        self, info: Info, arguments: PageArguments
    ) -> Connection[Annotated["ApiClient", strawberry.lazy("api.graphql.types.api_clients")]] | None:
        """List the clients."""
        viewer = info.context.viewer
        if viewer is None:
            return None
        request = arguments.request(info, of=self.row_id)
        page = await info.context.loaders.load_once(
            info, api_clients_of_organization, viewer, self.row_id, page=request.page
        )
        return api_clients.connection_of(page, request) if page else None
