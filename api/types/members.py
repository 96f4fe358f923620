"""What is a member to themselves and to their admins?"""

from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from api.connections import After, Before, Connection, First, Last, WalkAsOf, given, page_as_of, page_request
from api.context import Info
from api.fields import field
from api.ids import Kind, global_id
from api.types import associations, credits, invitations
from api.types.allowances import AssociationAllowance, allowance_of
from api.types.credit_arguments import Filter, matching
from api.types.node import Node
from api.types.organizations import Organization, organization_of
from domain.queries.associations import allowance_of_viewer, associations_of_member
from domain.queries.credits import credits as credits_of
from domain.queries.members import OfMember
from domain.rules.visibility import check_signed_in
from domain.rules.words import LearningProvider, MemberRole, MemberStatus, Scope

if TYPE_CHECKING:
    from api.types.associations import Association
    from api.types.credits import Credit
    from api.types.invitations import Invitation

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
    """The person, as their organization knows them."""

    number: strawberry.Private[int]
    name: str | None = strawberry.field(description="The person's name as their work account tells it.")
    work_email: str = strawberry.field(description="The address of the work account.")
    role: MemberRole = strawberry.field(description="What the member may do in the organization.")
    status: MemberStatus = strawberry.field(description="Where the member is between invitation and leaving.")
    organization: Organization = strawberry.field(description="The organization whose work account this is.")

    @field("What invited the member; null unless an admin asks.")
    async def invitation(self, info: Info) -> Annotated["Invitation", strawberry.lazy("api.types.invitations")] | None:
        """Look up the invitation, together with those of a list's other members."""
        context = info.context
        if context.viewer is None or not context.viewer.may(Scope.MEMBERS_READ):
            return None
        row = await context.invitations.load(self.number)
        return invitations.invitation_of(row, context) if row else None

    @field("The member's associations in this organization, the latest first.")
    async def associations(
        self,
        info: Info,
        active: Active = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[Annotated["Association", strawberry.lazy("api.types.associations")]]:
        """List the associations."""
        viewer = check_signed_in(info.context.viewer)
        page = await associations_of_member(
            viewer,
            self.number,
            active=given(active),
            page=page_request(first, after, last, before, info=info),
        )
        return associations.connection_of(page, viewer)

    @field(
        "What an attempt to associate would be told now; null unless the person asks, "
        "since it may tell of other organizations."
    )
    async def association_allowance(self, info: Info, provider: Provider) -> AssociationAllowance | None:
        """Ask the rules without changing anything."""
        context = info.context
        viewer = check_signed_in(context.viewer)
        allowance = await allowance_of_viewer(
            viewer, self.number, provider, now=context.now, policy=context.runtime.settings.policy
        )
        return allowance_of(allowance) if allowance else None

    @field("The member's credits in this organization, the latest recorded first.")
    async def credits(
        self,
        info: Info,
        wanted: Filter = UNSET,
        as_of: WalkAsOf = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[Annotated["Credit", strawberry.lazy("api.types.credits")]]:
        """List the credits."""
        asked, at = page_as_of(first, after, last, before, info=info, as_of=as_of)
        page = await credits_of(
            check_signed_in(info.context.viewer), member_id=self.number, matching=matching(wanted), as_of=at, page=asked
        )
        return await credits.connection_of(page, info=info, as_of=at)


def member_of(row: OfMember) -> Member:
    """Return the member whom a row is, or belongs to."""
    return Member(
        id=global_id(Kind.MEMBER, row.member_id),
        number=row.member_id,
        name=row.member_name,
        work_email=row.member_work_email,
        role=row.member_role,
        status=row.member_status,
        organization=organization_of(row),
    )
