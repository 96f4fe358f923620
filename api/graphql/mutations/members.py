"""What can admins do with members?"""

from datetime import date
from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.ids import Kind, decode_id_or_raise
from api.graphql.mutations.idempotency import AnyRefusal, MutationInput, run_once
from api.graphql.refusals import LastAdmin, NotFound
from api.graphql.types.members import Member, member_of
from domain.operations.members import change_member_role, remove_member
from domain.queries.members import get_member_or_raise
from domain.rules.administration import check_signed_in_admin
from domain.rules.credit_interval import refresh_date
from domain.rules.enums import MemberRole


@strawberry.input(description="Whose role is to be which.")
class ChangeMemberRoleInput(MutationInput):
    """Only a global admin makes or changes one."""

    member_id: strawberry.ID = strawberry.field(description="The id of an active or invited member.")
    role: MemberRole = strawberry.field(
        description="What the member may do from now on. Only a GLOBAL_ADMIN may make or change a GLOBAL_ADMIN."
    )


@strawberry.type(description="The member has the role.")
class MemberRoleChanged:
    """What has changed."""

    member: Member = strawberry.field(description="The member, with the role.")


ChangeMemberRoleResult = Annotated[
    MemberRoleChanged | LastAdmin | NotFound | AnyRefusal,
    strawberry.union(
        "ChangeMemberRoleResult", description="The member, or why the role stays: then nothing was changed."
    ),
]


@strawberry.input(description="Who leaves the organization.")
class RemoveMemberInput(MutationInput):
    """An admin may leave by this too."""

    member_id: strawberry.ID = strawberry.field(
        description="The id of an active or invited member; one's own is allowed, unless one is the last admin."
    )


@strawberry.type(description="The member has left: access, sessions and associations have ended.")
class MemberRemoved:
    """What has ended, and what counts on."""

    member: Member = strawberry.field(description="The member, who is removed.")
    associations_ended: int = strawberry.field(description="How many associations ended.")
    credits_canceled: int = strawberry.field(description="How many credits did not count yet, and never will.")
    credits_counting_on: int = strawberry.field(
        description="How many credits count on until the refresh date, or until they expire before it."
    )
    refresh_date: date = strawberry.field(
        description="The 10th of the following month, in UTC, at whose beginning the last of those credits ends."
    )


RemoveMemberResult = Annotated[
    MemberRemoved | LastAdmin | NotFound | AnyRefusal,
    strawberry.union("RemoveMemberResult", description="What has ended, or why nothing did: then nothing was changed."),
]


@strawberry.type
class MemberMutations:
    """For the organization's admins."""

    @field("Give a member of the caller's organization another role. For admins.")
    async def change_member_role(
        self,
        info: Info,
        wanted: Annotated[ChangeMemberRoleInput, strawberry.argument(name="input", description="Whose role.")],
    ) -> ChangeMemberRoleResult | None:
        """Change the role."""
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        number = decode_id_or_raise(wanted.member_id, Kind.MEMBER)
        await run_once(info, wanted, change_member_role, by=viewer, member_id=number, role=wanted.role, now=context.now)
        return MemberRoleChanged(member=member_of(await get_member_or_raise(viewer, number)))

    @field(
        "Remove a member from the caller's organization: access ends at once, credits that count do so until the "
        "refresh date. For admins."
    )
    async def remove_member(
        self,
        info: Info,
        wanted: Annotated[RemoveMemberInput, strawberry.argument(name="input", description="Who leaves.")],
    ) -> RemoveMemberResult | None:
        """Remove the member."""
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        number = decode_id_or_raise(wanted.member_id, Kind.MEMBER)
        ended = await run_once(info, wanted, remove_member, by=viewer, member_id=number, now=context.now)
        return MemberRemoved(
            member=member_of(await get_member_or_raise(viewer, number)),
            associations_ended=ended.associations,
            credits_canceled=ended.credits.canceled,
            credits_counting_on=ended.credits.counting_on,
            refresh_date=refresh_date(ended.left_at),
        )
