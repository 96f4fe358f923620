"""What can be followed?"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated

import strawberry

from api.graphql.context import Context, Info
from api.graphql.fields import subscription
from api.graphql.ids import Kind, decode_id_or_raise
from api.graphql.query import Id
from api.graphql.types.attempts import AssociationAttempt, attempt_of
from api.graphql.types.credits import CreditEvent, credit_event_of
from domain.errors import Forbidden, NotFound, TryAgain
from domain.notifications import ATTEMPT_CHANNEL, CREDIT_EVENT_CHANNEL
from domain.queries.attempts import AttemptRow, association_attempt
from domain.queries.credit_events import CreditEventRow, credit_events_since, current_position
from domain.rules.enums import Scope
from domain.rules.visibility import Viewer, check_signed_in

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
        number = decode_id_or_raise(identifier, Kind.ATTEMPT)
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
        number = decode_id_or_raise(organization_id, Kind.ORGANIZATION)
        async with aclosing(recorded_credit_events(number, info.context)) as events:
            async for row in events:
                yield credit_event_of(row)


async def attempt_states(
    viewer: Viewer, attempt_id: int, context: Context
) -> AsyncGenerator[tuple[AttemptRow, Context], None]:
    """Yield an attempt's state now and after every change, each as of its own instant, until it is final.

    Raises:
        NotFound: the viewer has no such attempt.
    """
    runtime = context.runtime
    last_state: object = None
    async with aclosing(runtime.notifications.changes(ATTEMPT_CHANNEL, str(attempt_id))) as changes:
        async for _ in changes:
            current = replace(context, now=runtime.clock())
            try:
                row = await association_attempt(viewer, attempt_id)
            except TryAgain:
                # Who follows is not told of a database that is away for a moment: the next look finds what changed.
                if last_state is None:
                    raise
                continue
            if row is None:
                raise NotFound
            state = (row, row.status(at=current.now))
            if state != last_state:
                last_state = state
                yield row, current
            if state[1].is_final:
                return


BATCH = 500


async def recorded_credit_events(organization_id: int, context: Context) -> AsyncGenerator[CreditEventRow, None]:
    """Yield each credit event that is recorded from now on and that the viewer, as they are then, may see; once.

    Raises:
        NotFound: it is not the viewer's organization.
        Forbidden: nobody is signed in, or not any more, or the API client may not see credits.
    """
    viewer = _checked(context.viewer, organization_id)
    position = await current_position()
    async with aclosing(context.runtime.notifications.changes(CREDIT_EVENT_CHANNEL, str(organization_id))) as changes:
        async for _ in changes:
            is_all = False
            while not is_all:
                try:
                    viewer = _checked(await _viewer_now(viewer, context), organization_id)
                    rows, position = await credit_events_since(position, viewer, limit=BATCH)
                except TryAgain:
                    # Who follows is not told of a database that is away for a moment: the next look finds all.
                    break
                for row in rows:
                    yield row
                is_all = len(rows) < BATCH


async def _viewer_now(viewer: Viewer, context: Context) -> Viewer | None:
    revalidate = context.caller.revalidate
    return viewer if revalidate is None else await revalidate(context.runtime.clock())


def _checked(viewer: Viewer | None, organization_id: int) -> Viewer:
    viewer = check_signed_in(viewer)
    if viewer.organization_id != organization_id:
        raise NotFound
    if viewer.member_id is None and not viewer.may(Scope.CREDITS_READ):
        raise Forbidden("Only API clients with the scope credits:read follow credits.")
    return viewer
