"""What is an invitation to the organization's admins?"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.context import Context
from api.graphql.ids import Kind, global_id
from api.graphql.pagination.arguments import ConnectionRequest
from api.graphql.pagination.connections import Connection, connection
from api.graphql.types import members
from api.graphql.types.node import Node
from domain.database.pagination import Page
from domain.queries.invitations import InvitationRow
from domain.rules.enums import DeliveryProblem

if TYPE_CHECKING:
    from api.graphql.types.members import Member


@strawberry.type(
    description="What asks a person by work e-mail to become a member. Only admins, and API clients with the "
    "scope MEMBERS_READ, see it."
)
class Invitation(Node):
    """As of the operation's instant."""

    member: Annotated["Member", strawberry.lazy("api.graphql.types.members")] = strawberry.field(
        description="Who is invited, with the address and the role."
    )
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
    """Return an invitation as of the operation's instant."""
    return Invitation(
        id=global_id(Kind.INVITATION, row.id),
        member=members.member_of(row),
        invited_at=row.invited_at,
        age_days=row.age_days(at=context.now),
        is_being_sent=row.is_being_sent,
        sent_at=row.sent_at,
        send_count=row.send_count,
        delivery_problem=row.delivery_problem,
        resend_available_at=row.resend_available_at(now=context.now),
        responded_at=row.responded_at,
        canceled_at=row.canceled_at,
        sign_in_url=context.runtime.settings.sign_in_url,
    )


def connection_of(page: Page[InvitationRow], request: ConnectionRequest, context: Context) -> Connection[Invitation]:
    """Return a page of invitations."""
    return connection(page, request, node=lambda row: invitation_of(row, context))
