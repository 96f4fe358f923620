"""Members, with their associations, credits and invitations."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import field, none_if_unset
from api.graphql.ids import Kind, Node, global_id
from api.graphql.pagination.connections import Connection, ListAsOf, PageArguments, connection, connection_field
from api.graphql.types import present
from api.graphql.types.associations import Association, association_of
from api.graphql.types.credits import Credit, CreditFilterArgument, credits_below
from api.graphql.types.invitations import Invitation, invitation_of
from api.graphql.types.limits import AssociationAllowance, allowance_of
from api.graphql.types.organizations import Organization, organization_of
from domain.queries.associations import allowances_of_members, associations_of_members
from domain.queries.credits import credits_of_members
from domain.queries.invitations import invitations_of_members
from domain.queries.members import OfMember, new_accounts_of_members
from domain.rules.enums import LearningProvider, MemberRole, MemberStatus, Scope
from domain.rules.visibility import check_signed_in, may_see_of

Active = Annotated[
    bool | None,
    strawberry.argument(
        description="true: only associations that have not ended; false: only ended ones; both by default."
    ),
]
Provider = Annotated[
    LearningProvider, strawberry.argument(description="At which learning provider the association would be.")
]


@strawberry.type(description="A work account in an organization: invited, active or removed.")
class Member(Node):
    row_id: strawberry.Private[int]
    name: str | None = strawberry.field(description="The person's name as their work account tells it.")
    work_email: str = strawberry.field(description="The address of the work account.")
    role: MemberRole = strawberry.field(description="What the member may do in the organization.")
    status: MemberStatus = strawberry.field(description="Where the member is between invitation and leaving.")
    organization: Organization = strawberry.field(description="The organization whose work account this is.")

    @field("The member's invitation; null unless an admin or an API client with the scope MEMBERS_READ asks.")
    async def invitation(self, info: Info) -> Invitation | None:
        viewer = info.context.viewer
        if viewer is None or not viewer.may(Scope.MEMBERS_READ):
            return None
        row = await info.context.loaders.load(invitations_of_members, viewer, self.row_id)
        return invitation_of(row, info.context) if row else None

    @field(
        "Since when a new work account with the member's address waits for an admin to confirm or refuse it; null "
        "where none does, and unless an admin asks."
    )
    async def new_account_since(self, info: Info) -> datetime | None:
        viewer = info.context.viewer
        if viewer is None or not viewer.is_admin:
            return None
        return await info.context.loaders.load(new_accounts_of_members, viewer, self.row_id)

    @connection_field(
        "The member's associations in this organization, the latest first; null unless the person, an admin or an API "
        "client with the scope MEMBERS_READ asks."
    )
    async def associations(
        self, info: Info, arguments: PageArguments, active: Active = UNSET
    ) -> Connection[Association] | None:
        viewer = check_signed_in(info.context.viewer)
        if not may_see_of(viewer, self.row_id, Scope.MEMBERS_READ):
            return None
        request = arguments.request(info, of=self.row_id)
        page = await info.context.loaders.load(
            associations_of_members, viewer, self.row_id, active=none_if_unset(active), page=request.page
        )
        return connection(page, request, node=lambda row: association_of(row, viewer))

    @field(
        "Whether an attempt to associate would be refused now, by the member's own history; null unless the person "
        "asks, since it may reveal other organizations. The account's history counts too: see `knownAccounts`."
    )
    async def association_allowance(self, info: Info, provider: Provider) -> AssociationAllowance | None:
        context = info.context
        # The query has an allowance for the viewer's own member alone, whatever the role.
        viewer = check_signed_in(context.viewer)
        policy = context.runtime.settings.policy
        allowance = await context.loaders.load(
            allowances_of_members, viewer, self.row_id, provider, now=context.now, policy=policy
        )
        return allowance_of(allowance, self.row_id, provider) if allowance else None

    @connection_field(
        "The member's credits in this organization, the latest recorded first; null unless the person, an admin or an "
        "API client with the scope CREDITS_READ asks."
    )
    async def credits(
        self, info: Info, arguments: PageArguments, filter_: CreditFilterArgument = UNSET, as_of: ListAsOf = UNSET
    ) -> Connection[Credit] | None:
        return await credits_below(
            info, credits_of_members, self.row_id, arguments, filter_, as_of, member_id=self.row_id
        )


@present.member_of.register
def member_of(row: OfMember) -> Member:
    return Member(
        id=global_id(Kind.MEMBER, row.member_id),
        row_id=row.member_id,
        name=row.member_name,
        work_email=row.member_work_email,
        role=row.member_role,
        status=row.member_status,
        organization=organization_of(row),
    )
