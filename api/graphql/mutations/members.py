"""Mutations of members, for admins."""

from datetime import date, datetime

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import none_if_unset
from api.graphql.ids import Kind, decode_id_or_raise
from api.graphql.mutations.base import MutationInput, mutation, run_mutation
from api.graphql.types.members import Member, member_of
from domain.errors import NotFound
from domain.operations.members import change_member_role, decide_replacement, remove_member
from domain.queries.members import get_member_or_raise
from domain.rules.administration import LastAdmin, check_signed_in_admin
from domain.rules.credit_interval import refresh_date
from domain.rules.enums import MemberRole
from domain.rules.sign_in import BoundElsewhere


@strawberry.input(description="The member and their new role.")
class ChangeMemberRoleInput(MutationInput):
    member_id: strawberry.ID = strawberry.field(description="The id of an active or invited member.")
    role: MemberRole = strawberry.field(
        description="What the member may do from now on. Only a GLOBAL_ADMIN may make or change a GLOBAL_ADMIN."
    )


@strawberry.type(description="The member has the role.")
class MemberRoleChanged:
    member: Member = strawberry.field(description="The member, with the role.")


@strawberry.input(description="Who leaves the organization.")
class RemoveMemberInput(MutationInput):
    member_id: strawberry.ID = strawberry.field(
        description="The id of an active or invited member; one's own is allowed, unless one is the last admin."
    )


@strawberry.type(description="The member has left: access, sessions and associations have ended.")
class MemberRemoved:
    member: Member = strawberry.field(description="The member, who is removed.")
    associations_ended: int = strawberry.field(description="How many associations ended.")
    credits_canceled: int = strawberry.field(description="How many credits did not count yet, and never will.")
    credits_counting_on: int = strawberry.field(
        description="How many credits count on until the refresh date, or until they expire before it."
    )
    refresh_date: date = strawberry.field(
        description="The 10th of the following month, in UTC, at whose beginning the last of those credits ends."
    )


@strawberry.input(description="A member whose new work account waits, and whether it is the same person's.")
class ConfirmWorkAccountInput(MutationInput):
    member_id: strawberry.ID = strawberry.field(
        description="The id of an active member, whose `newAccountSince` is not null; not one's own."
    )
    new_account_since: datetime | None = strawberry.field(
        default=UNSET,
        description="The member's `newAccountSince`, so that no later account is confirmed unseen; needed if several "
        "wait.",
    )
    is_same_person: bool = strawberry.field(
        description="true: the member signs in by the new account from now on, and by the one before no more; false: "
        "the new account stays nobody's."
    )


@strawberry.type(description="The new work account is the member's, or is refused.")
class WorkAccountDecided:
    member: Member = strawberry.field(
        description="The member, for whom no new account waits. Associations, credits and limits are as they were."
    )


@strawberry.type
class MemberMutations:
    @mutation(
        "Give a member of the caller's organization another role. For admins.",
        LastAdmin,
        NotFound,
        input_="The member and their new role.",
        result="The member, or why the role stays: then nothing was changed.",
    )
    async def change_member_role(self, info: Info, input_: ChangeMemberRoleInput) -> MemberRoleChanged:
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        member_id = decode_id_or_raise(input_.member_id, Kind.MEMBER)
        await run_mutation(
            info, input_, change_member_role, by=viewer, member_id=member_id, role=input_.role, now=context.now
        )
        return MemberRoleChanged(member=member_of(await get_member_or_raise(viewer, member_id)))

    @mutation(
        "Remove a member from the caller's organization: access ends at once, credits that count do so until the "
        "refresh date. For admins.",
        LastAdmin,
        NotFound,
        input_="Who leaves.",
        result="What has ended, or why nothing did: then nothing was changed.",
    )
    async def remove_member(self, info: Info, input_: RemoveMemberInput) -> MemberRemoved:
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        member_id = decode_id_or_raise(input_.member_id, Kind.MEMBER)
        ended = await run_mutation(info, input_, remove_member, by=viewer, member_id=member_id, now=context.now)
        # From the outcome and not from the member as it is now: a repeated request must be answered alike.
        return MemberRemoved(
            member=member_of(await get_member_or_raise(viewer, member_id)),
            associations_ended=ended.associations,
            credits_canceled=ended.credits.canceled,
            credits_counting_on=ended.credits.counting_on,
            refresh_date=refresh_date(ended.left_at),
        )

    @mutation(
        "Say whether a new work account with a member's address is the same person's. Sessions of the account before "
        "end, and the next sign-in is by the new one. For admins, and for another's account only.",
        BoundElsewhere,
        NotFound,
        input_="The member, and the answer.",
        result="The member, or why nothing was decided: then nothing was changed.",
    )
    async def confirm_work_account(self, info: Info, input_: ConfirmWorkAccountInput) -> WorkAccountDecided:
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        member_id = decode_id_or_raise(input_.member_id, Kind.MEMBER)
        await run_mutation(
            info,
            input_,
            decide_replacement,
            by=viewer,
            member_id=member_id,
            is_same_person=input_.is_same_person,
            requested_at=none_if_unset(input_.new_account_since),
            now=context.now,
        )
        return WorkAccountDecided(member=member_of(await get_member_or_raise(viewer, member_id)))
