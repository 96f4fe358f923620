"""What can be followed?"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry

from api.context import Info
from api.fields import subscription
from api.ids import Kind, known_number
from api.query import Id
from api.types.attempts import AssociationAttempt, attempt_of
from api.watching import attempt_states
from domain.rules.visibility import check_signed_in


@strawberry.type(description="What can be followed, over a websocket of the protocol graphql-transport-ws.")
class Subscription:
    """Each field tells the state now, then every change."""

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
