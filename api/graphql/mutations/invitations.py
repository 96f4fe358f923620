"""Mutations of invitations, for admins."""

from collections.abc import Awaitable, Callable

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import none_if_unset
from api.graphql.ids import Kind, decode_id_or_raise
from api.graphql.mutations.base import MutationInput, mutation, run_mutation
from api.graphql.refusals import Refusal, refusal_of
from api.graphql.types.invitations import Invitation, invitation_of
from domain.errors import NotFound
from domain.operations.invitations import (
    MAX_AT_ONCE,
    Invitee,
    cancel_invitation,
    correct_invitation,
    invite_members,
    resend_invitation,
)
from domain.queries.invitations import get_invitation_or_raise, invitations_of_members
from domain.rules.administration import check_signed_in_admin
from domain.rules.enums import MemberRole
from domain.rules.invitations import AlreadyMember, InvitationAnswered, ResentTooSoon


@strawberry.input(description="Somebody to invite.")
class InvitedMemberInput:
    work_email: str = strawberry.field(
        description="The work e-mail, of the organization's mail domain; an address is taken in lower case."
    )
    role: MemberRole | None = strawberry.field(
        default=UNSET, description="What they may do; MEMBER by default. Only a GLOBAL_ADMIN may make a GLOBAL_ADMIN."
    )


@strawberry.input(description="Whom to invite.")
class InviteMembersInput(MutationInput):
    members: list[InvitedMemberInput] = strawberry.field(
        description=f"1 to {MAX_AT_ONCE} people. Each is an outcome of its own: one refusal keeps no other back."
    )


@strawberry.type(description="The outcome for one address.")
class InvitationOutcome:
    work_email: str = strawberry.field(description="The address as it was given.")
    invitation: Invitation | None = strawberry.field(description="The invitation; null if it was refused.")
    refusal: Refusal | None = strawberry.field(
        description="Why nobody was invited: AlreadyMember, Forbidden or InvalidInput; null if somebody was."
    )


@strawberry.type(description="The outcome for each address, in the order of the input.")
class MembersInvited:
    outcomes: list[InvitationOutcome] = strawberry.field(description="One for each address.")


@strawberry.input(description="Which invitation to change.")
class InvitationInput(MutationInput):
    invitation_id: strawberry.ID = strawberry.field(description="The id of an invitation without response.")


@strawberry.input(description="The invitation, and its right address.")
class CorrectInvitationInput(InvitationInput):
    work_email: str = strawberry.field(description="The right address, of the organization's mail domain.")


@strawberry.type(description="The invitation has the address, and is on its way there.")
class InvitationCorrected:
    invitation: Invitation = strawberry.field(description="The invitation, with its address.")


@strawberry.input(description="Which invitation to send again.")
class ResendInvitationInput(InvitationInput):
    pass


@strawberry.type(description="The invitation is on its way once more.")
class InvitationResent:
    invitation: Invitation = strawberry.field(description="The invitation.")


@strawberry.input(description="Which invitation to take back.")
class CancelInvitationInput(InvitationInput):
    pass


@strawberry.type(description="The invitation is canceled: a sign-in with its address is nobody's.")
class InvitationCanceled:
    invitation: Invitation = strawberry.field(description="The invitation, with its end.")


@strawberry.type
class InvitationMutations:
    @mutation(
        "Invite people to the caller's organization by their work e-mail. For admins.",
        input_="Whom to invite.",
        result="The outcome for each address, or why nobody was invited.",
    )
    async def invite_members(self, info: Info, input_: InviteMembersInput) -> MembersInvited:
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        outcomes = await run_mutation(
            info,
            input_,
            invite_members,
            by=viewer,
            invitees=[
                Invitee(work_email=member.work_email, role=none_if_unset(member.role) or MemberRole.MEMBER)
                for member in input_.members
            ],
            now=context.now,
            settings=context.runtime.settings,
        )
        member_ids = [outcome.member_id for outcome in outcomes if outcome.member_id]
        rows = await invitations_of_members(viewer, member_ids)
        return MembersInvited(
            outcomes=[
                InvitationOutcome(
                    work_email=outcome.work_email,
                    invitation=invitation_of(row, context) if row else None,
                    refusal=refusal_of(outcome.refusal) if outcome.refusal else None,
                )
                for outcome in outcomes
                for row in [rows[outcome.member_id] if outcome.member_id else None]
            ]
        )

    @mutation(
        "Correct the address of an invitation without response, and send it there. For admins.",
        AlreadyMember,
        InvitationAnswered,
        NotFound,
        input_="What to correct.",
        result="The invitation, or why it stays: then nothing was changed.",
    )
    async def correct_invitation(self, info: Info, input_: CorrectInvitationInput) -> InvitationCorrected:
        settings = info.context.runtime.settings
        changed = await _change(info, input_, correct_invitation, work_email=input_.work_email, settings=settings)
        return InvitationCorrected(invitation=changed)

    @mutation(
        "Send an invitation without response once more, a day after the last time at the earliest. For admins.",
        ResentTooSoon,
        InvitationAnswered,
        NotFound,
        input_="What to send.",
        result="The invitation, or why it is not sent: then nothing was changed.",
    )
    async def resend_invitation(self, info: Info, input_: ResendInvitationInput) -> InvitationResent:
        settings = info.context.runtime.settings
        return InvitationResent(invitation=await _change(info, input_, resend_invitation, settings=settings))

    @mutation(
        "Cancel an invitation without response. For admins.",
        InvitationAnswered,
        NotFound,
        input_="What to cancel.",
        result="The invitation, or why it stays: then nothing was changed.",
    )
    async def cancel_invitation(self, info: Info, input_: CancelInvitationInput) -> InvitationCanceled:
        return InvitationCanceled(invitation=await _change(info, input_, cancel_invitation))


async def _change(
    info: Info, input_: InvitationInput, operation: Callable[..., Awaitable[None]], **arguments: object
) -> Invitation:
    context = info.context
    viewer = check_signed_in_admin(context.viewer)
    invitation_id = decode_id_or_raise(input_.invitation_id, Kind.INVITATION)
    await run_mutation(info, input_, operation, by=viewer, invitation_id=invitation_id, now=context.now, **arguments)
    return invitation_of(await get_invitation_or_raise(viewer, invitation_id), context)
