"""What can admins do with invitations?"""

from typing import Annotated

import strawberry
from strawberry import UNSET

from api.connections import given
from api.context import Info
from api.fields import field
from api.ids import Kind, known_number
from api.refusals import (
    AlreadyMember,
    Forbidden,
    InvalidInput,
    InvitationAnswered,
    NotFound,
    Refusal,
    ResentTooSoon,
    TryAgain,
    refusal_of,
)
from api.types.invitations import Invitation, invitation_of
from domain.operations.cancel_invitation import cancel_invitation
from domain.operations.correct_invitation import correct_invitation
from domain.operations.invite_members import MAX_AT_ONCE, WantedMember, invite_members
from domain.operations.resend_invitation import resend_invitation
from domain.queries.invitations import invitations_of_members, known_invitation
from domain.rules.administration import check_signed_in_admin
from domain.rules.words import MemberRole


@strawberry.input(description="Somebody to invite.")
class InvitedMemberInput:
    """An address and a role."""

    work_email: str = strawberry.field(
        description="The work e-mail, of the organization's mail domain; an address is taken in lower case."
    )
    role: MemberRole | None = strawberry.field(
        default=UNSET, description="What they may do; MEMBER by default. Only a GLOBAL_ADMIN may make a GLOBAL_ADMIN."
    )


@strawberry.input(description="Whom to invite.")
class InviteMembersInput:
    """One or many."""

    members: list[InvitedMemberInput] = strawberry.field(
        description=f"1 to {MAX_AT_ONCE} people. Each is an outcome of its own: one refusal keeps no other back."
    )


@strawberry.type(description="What came of one address.")
class InvitationOutcome:
    """Either an invitation or a refusal."""

    work_email: str = strawberry.field(description="The address as it was given.")
    invitation: Invitation | None = strawberry.field(description="The invitation; null if it was refused.")
    refusal: Refusal | None = strawberry.field(
        description="Why nobody was invited: AlreadyMember, Forbidden or InvalidInput; null if somebody was."
    )


@strawberry.type(description="What came of each address, in the order in which they were given.")
class MembersInvited:
    """Those that could be invited were, all of them in one transaction."""

    outcomes: list[InvitationOutcome] = strawberry.field(description="One for each address.")


InviteMembersResult = Annotated[
    MembersInvited | Forbidden | InvalidInput | TryAgain,
    strawberry.union("InviteMembersResult", description="What came of each address, or why nobody was invited."),
]


@strawberry.input(description="Which invitation gets which address.")
class CorrectInvitationInput:
    """It is sent to the new address at once."""

    invitation_id: strawberry.ID = strawberry.field(description="The id of an invitation without response.")
    work_email: str = strawberry.field(description="The right address, of the organization's mail domain.")


@strawberry.type(description="The invitation has the address, and is on its way there.")
class InvitationCorrected:
    """What has changed."""

    invitation: Invitation = strawberry.field(description="The invitation, with its address.")


CorrectInvitationResult = Annotated[
    InvitationCorrected | AlreadyMember | InvitationAnswered | NotFound | Forbidden | InvalidInput | TryAgain,
    strawberry.union(
        "CorrectInvitationResult", description="The invitation, or why it stays: then nothing was changed."
    ),
]


@strawberry.input(description="Which invitation to send again.")
class ResendInvitationInput:
    """Not within a day."""

    invitation_id: strawberry.ID = strawberry.field(description="The id of an invitation without response.")


@strawberry.type(description="The invitation is on its way once more.")
class InvitationResent:
    """What has changed."""

    invitation: Invitation = strawberry.field(description="The invitation.")


ResendInvitationResult = Annotated[
    InvitationResent | ResentTooSoon | InvitationAnswered | NotFound | Forbidden | InvalidInput | TryAgain,
    strawberry.union(
        "ResendInvitationResult", description="The invitation, or why it is not sent: then nothing was changed."
    ),
]


@strawberry.input(description="Which invitation to take back.")
class CancelInvitationInput:
    """Of somebody who has not come."""

    invitation_id: strawberry.ID = strawberry.field(description="The id of an invitation without response.")


@strawberry.type(description="The invitation is canceled: a sign-in with its address is nobody's.")
class InvitationCanceled:
    """What has changed."""

    invitation: Invitation = strawberry.field(description="The invitation, with its end.")


CancelInvitationResult = Annotated[
    InvitationCanceled | InvitationAnswered | NotFound | Forbidden | InvalidInput | TryAgain,
    strawberry.union(
        "CancelInvitationResult", description="The invitation, or why it stays: then nothing was changed."
    ),
]


@strawberry.type
class InvitationMutations:
    """For the organization's admins."""

    @field("Invite people to the caller's organization by their work e-mail. For admins.")
    async def invite_members(
        self,
        info: Info,
        wanted: Annotated[InviteMembersInput, strawberry.argument(name="input", description="Whom to invite.")],
    ) -> InviteMembersResult | None:
        """Invite the people."""
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        outcomes = await invite_members(
            by=viewer,
            wanted=[
                WantedMember(work_email=each.work_email, role=given(each.role) or MemberRole.MEMBER)
                for each in wanted.members
            ],
            now=context.now,
            settings=context.runtime.settings,
        )
        rows = await invitations_of_members(viewer, [each.member_id for each in outcomes if each.member_id])
        return MembersInvited(
            outcomes=[
                InvitationOutcome(
                    work_email=each.work_email,
                    invitation=invitation_of(rows[each.member_id], context) if each.member_id else None,
                    refusal=refusal_of(each.refusal) if each.refusal else None,
                )
                for each in outcomes
            ]
        )

    @field("Correct the address of an invitation without response, and send it there. For admins.")
    async def correct_invitation(
        self,
        info: Info,
        wanted: Annotated[CorrectInvitationInput, strawberry.argument(name="input", description="What to correct.")],
    ) -> CorrectInvitationResult | None:
        """Correct the address."""
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        number = known_number(wanted.invitation_id, Kind.INVITATION)
        await correct_invitation(
            by=viewer,
            invitation_id=number,
            work_email=wanted.work_email,
            now=context.now,
            settings=context.runtime.settings,
        )
        return InvitationCorrected(invitation=invitation_of(await known_invitation(viewer, number), context))

    @field("Send an invitation without response once more, a day after the last time at the earliest. For admins.")
    async def resend_invitation(
        self,
        info: Info,
        wanted: Annotated[ResendInvitationInput, strawberry.argument(name="input", description="What to send.")],
    ) -> ResendInvitationResult | None:
        """Send it again."""
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        number = known_number(wanted.invitation_id, Kind.INVITATION)
        await resend_invitation(by=viewer, invitation_id=number, now=context.now, settings=context.runtime.settings)
        return InvitationResent(invitation=invitation_of(await known_invitation(viewer, number), context))

    @field("Cancel an invitation without response. For admins.")
    async def cancel_invitation(
        self,
        info: Info,
        wanted: Annotated[CancelInvitationInput, strawberry.argument(name="input", description="What to cancel.")],
    ) -> CancelInvitationResult | None:
        """Cancel it."""
        context = info.context
        viewer = check_signed_in_admin(context.viewer)
        number = known_number(wanted.invitation_id, Kind.INVITATION)
        await cancel_invitation(by=viewer, invitation_id=number, now=context.now)
        return InvitationCanceled(invitation=invitation_of(await known_invitation(viewer, number), context))
