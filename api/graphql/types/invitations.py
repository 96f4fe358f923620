"""Invitations, which only admins and API clients see."""

from datetime import datetime

import strawberry

from api.graphql.context import Context
from api.graphql.ids import Kind, Node, global_id
from api.graphql.types.from_row import from_row
from api.graphql.types.present import Member, member_of
from domain.queries.invitations import InvitationRow
from domain.rules.enums import DeliveryProblem


@strawberry.type(
    description="An invitation by work e-mail to become a member. Only admins, and API clients with the scope "
    "MEMBERS_READ, see it."
)
class Invitation(Node):
    member: Member = strawberry.field(description="Who is invited, with the address and the role.")
    invited_at: datetime = strawberry.field(description="When the person was invited.")
    age_days: int = strawberry.field(
        description="For how many whole days it has waited for the person; it stops when they come or it is canceled."
    )
    is_being_sent: bool = strawberry.field(description="Whether a message is on its way to the mail server.")
    sent_at: datetime | None = strawberry.field(
        description="When the mail server last took over a message to the present address; null before."
    )
    send_count: int = strawberry.field(description="How many messages the mail server has taken over, to any address.")
    delivery_problem: DeliveryProblem | None = strawberry.field(
        description="Why the latest message did not go out; null if it did or is on its way."
    )
    resend_available_at: datetime | None = strawberry.field(
        description="The first instant, now or later, at which it may be sent again; null when it waits no more."
    )
    responded_at: datetime | None = strawberry.field(description="When the person first signed in; null before.")
    canceled_at: datetime | None = strawberry.field(description="When it was canceled; null if it was not.")
    sign_in_url: str = strawberry.field(
        description="Where the person signs in with their work account: to pass on. It holds no secret."
    )


def invitation_of(row: InvitationRow, context: Context) -> Invitation:
    return from_row(
        Invitation,
        row,
        id=global_id(Kind.INVITATION, row.id),
        member=member_of(row),
        age_days=row.age_days(at=context.now),
        resend_available_at=row.resend_available_at(now=context.now),
        sign_in_url=context.runtime.settings.sign_in_url,
    )
