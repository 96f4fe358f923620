"""What can be followed?"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from api.context import Info
from api.fields import subscription
from api.ids import Kind, known_number
from api.query import Id
from api.subscriptions.attempts import attempt_states
from api.subscriptions.credits import recorded_credit_events
from api.types.attempts import AssociationAttempt, attempt_of
from api.types.credit_events import CreditEvent, credit_event_of
from domain.rules.visibility import check_signed_in

OrganizationId = Annotated[
    strawberry.ID, strawberry.argument(description="The global id of the caller's organization.")
]


@strawberry.type(description="What can be followed, over a websocket of the protocol graphql-transport-ws.")
class Subscription:
    """Each field tells of changes until its end, or until the caller's access ends."""

    @subscription(
        "An association attempt of the caller's own: its state now, then every change; it ends after the final one."
    )
    async def association_attempt(self, info: Info, identifier: Id) -> AsyncGenerator[AssociationAttempt, None]:
        """Follow an attempt."""
        viewer = check_signed_in(info.context.viewer)
        number = known_number(identifier, Kind.ATTEMPT)
        async with aclosing(attempt_states(viewer, number, info.context)) as states:
            async for row, context in states:
                yield attempt_of(row, context)

    @subscription(
        "Each event of an organization's credits that is recorded from now on, once: everybody's for admins and API "
        "clients with the scope CREDITS_READ, a member's own for other members."
    )
    async def credit_events(self, info: Info, organization_id: OrganizationId) -> AsyncGenerator[CreditEvent, None]:
        """Follow an organization's credits."""
        check_signed_in(info.context.viewer)
        number = known_number(organization_id, Kind.ORGANIZATION)
        async with aclosing(recorded_credit_events(number, info.context)) as events:
            async for row in events:
                yield credit_event_of(row)
