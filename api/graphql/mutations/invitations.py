"""What can admins do with invitations?"""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.ids import Kind, decode_id_or_raise
from api.graphql.mutations.idempotency import AnyRefusal, MutationInput, run_once
from api.graphql.pagination.arguments import none_if_unset
from api.graphql.refusals import (
    AlreadyMember,
    InvitationAnswered,
    NotFound,
    Refusal,
    ResentTooSoon,
    refusal_of,
)
from api.graphql.types.invitations import Invitation, invitation_of
from domain.operations.invitations import (
    MAX_AT_ONCE,
    WantedMember,
    cancel_invitation,
    correct_invitation,
    invite_members,
    resend_invitation,
)
from domain.queries.invitations import get_invitation_or_raise, invitations_of_members
from domain.rules.administration import check_signed_in_admin
from domain.rules.enums import MemberRole


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
class InviteMembersInput(MutationInput):
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
    MembersInvited | AnyRefusal,
    strawberry.union("InviteMembersResult", description="What came of each address, or why nobody was invited."),
]


@strawberry.input(description="Which invitation to change.")
class InvitationInput(MutationInput):
    """What every change of an invitation takes."""

    invitation_id: strawberry.ID = strawberry.field(description="The id of an invitation without response.")


@strawberry.input(description="Which invitation gets which address.")
class CorrectInvitationInput(InvitationInput):
    """It is sent to the new address at once."""

    work_email: str = strawberry.field(description="The right address, of the organization's mail domain.")


@strawberry.type(description="The invitation has the address, and is on its way there.")
class InvitationCorrected:
    """What has changed."""

    invitation: Invitation = strawberry.field(description="The invitation, with its address.")


CorrectInvitationResult = Annotated[
    InvitationCorrected | AlreadyMember | InvitationAnswered | NotFound | AnyRefusal,
    strawberry.union(
        "CorrectInvitationResult", description="The invitation, or why it stays: then nothing was changed."
    ),
]


@strawberry.input(description="Which invitation to send again.")
class ResendInvitationInput(InvitationInput):
    """Not within a day."""


@strawberry.type(description="The invitation is on its way once more.")
class InvitationResent:
    """What has changed."""

    invitation: Invitation = strawberry.field(description="The invitation.")


ResendInvitationResult = Annotated[
    InvitationResent | ResentTooSoon | InvitationAnswered | NotFound | AnyRefusal,
    strawberry.union(
        "ResendInvitationResult", description="The invitation, or why it is not sent: then nothing was changed."
    ),
]


@strawberry.input(description="Which invitation to take back.")
class CancelInvitationInput(InvitationInput):
    """Of somebody who has not come."""


@strawberry.type(description="The invitation is canceled: a sign-in with its address is nobody's.")
class InvitationCanceled:
    """What has changed."""

    invitation: Invitation = strawberry.field(description="The invitation, with its end.")


CancelInvitationResult = Annotated[
    InvitationCanceled | InvitationAnswered | NotFound | AnyRefusal,
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
        outcomes = await run_once(
            info,
            wanted,
            invite_members,
            by=viewer,
            wanted=[
                WantedMember(work_email=each.work_email, role=none_if_unset(each.role) or MemberRole.MEMBER)
                for each in wanted.members
            ],
            now=context.now,
            settings=context.runtime.settings,
        )
        found = await invitations_of_members(viewer, [each.member_id for each in outcomes if each.member_id])
        rows = [found[each.member_id] if each.member_id else None for each in outcomes]
        return MembersInvited(
            outcomes=[
                InvitationOutcome(
                    work_email=each.work_email,
                    invitation=invitation_of(row, context) if row else None,
                    refusal=refusal_of(each.refusal) if each.refusal else None,
                )
                for each, row in zip(outcomes, rows, strict=True)
            ]
        )

    @field("Correct the address of an invitation without response, and send it there. For admins.")
    async def correct_invitation(
        self,
        info: Info,
        wanted: Annotated[CorrectInvitationInput, strawberry.argument(name="input", description="What to correct.")],
    ) -> CorrectInvitationResult | None:
        """Correct the address."""
        settings = info.context.runtime.settings
        changed = await _changed(info, wanted, correct_invitation, work_email=wanted.work_email, settings=settings)
        return InvitationCorrected(invitation=changed)

    @field("Send an invitation without response once more, a day after the last time at the earliest. For admins.")
    async def resend_invitation(
        self,
        info: Info,
        wanted: Annotated[ResendInvitationInput, strawberry.argument(name="input", description="What to send.")],
    ) -> ResendInvitationResult | None:
        """Send it again."""
        settings = info.context.runtime.settings
        return InvitationResent(invitation=await _changed(info, wanted, resend_invitation, settings=settings))

    @field("Cancel an invitation without response. For admins.")
    async def cancel_invitation(
        self,
        info: Info,
        wanted: Annotated[CancelInvitationInput, strawberry.argument(name="input", description="What to cancel.")],
    ) -> CancelInvitationResult | None:
        """Cancel it."""
        return InvitationCanceled(invitation=await _changed(info, wanted, cancel_invitation))


async def _changed(
    info: Info, wanted: InvitationInput, operation: Callable[..., Awaitable[None]], **named: object
) -> Invitation:
    """Let an operation change an invitation, and return it as it is then."""
    context = info.context
    viewer = check_signed_in_admin(context.viewer)
    number = decode_id_or_raise(wanted.invitation_id, Kind.INVITATION)
    await run_once(info, wanted, operation, by=viewer, invitation_id=number, now=context.now, **named)
    return invitation_of(await get_invitation_or_raise(viewer, number), context)
