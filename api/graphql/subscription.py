"""The schema's subscriptions."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated

import strawberry

from api.graphql.context import Context, Info
from api.graphql.fields import Id, subscription
from api.graphql.ids import Kind, decode_id_or_raise
from api.graphql.types.associations import AssociationAttempt, attempt_of
from api.graphql.types.credits import CreditEvent
from api.graphql.types.from_row import from_row
from domain.errors import Forbidden, NotFound, TryAgain
from domain.notifications import ATTEMPT_CHANNEL, CREDIT_EVENT_CHANNEL
from domain.queries.attempts import AttemptRow, association_attempt
from domain.queries.credit_events import CreditEventRow, credit_events_since, current_position
from domain.rules.enums import Scope
from domain.rules.visibility import Viewer, check_signed_in

OrganizationId = Annotated[
    strawberry.ID, strawberry.argument(description="The global id of the caller's organization.")
]


@strawberry.type(description="Subscriptions, over a websocket of the protocol graphql-transport-ws.")
class Subscription:
    @subscription(
        "An association attempt of the caller's own: its state now, then every change; it ends after the final one."
    )
    async def association_attempt(self, info: Info, identifier: Id) -> AsyncGenerator[AssociationAttempt, None]:
        viewer = check_signed_in(info.context.viewer)
        attempt_id = decode_id_or_raise(identifier, Kind.ATTEMPT)
        # A generator that is only left, not closed, would hold its listener until it is collected.
        async with aclosing(attempt_states(viewer, attempt_id, info.context)) as states:
            async for row, context in states:
                yield attempt_of(row, context)

    @subscription(
        "Each event of an organization's credits that is recorded from now on, once: everybody's for admins and API "
        "clients with the scope CREDITS_READ, a member's own for other members."
    )
    async def credit_events(self, info: Info, organization_id: OrganizationId) -> AsyncGenerator[CreditEvent, None]:
        check_signed_in(info.context.viewer)
        row_id = decode_id_or_raise(organization_id, Kind.ORGANIZATION)
        async with aclosing(recorded_credit_events(row_id, info.context)) as events:
            async for row in events:
                yield from_row(CreditEvent, row)


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
                # A database that is away for a moment does not end the subscription: the next read finds what changed.
                if last_state is None:
                    raise
                continue
            if row is None:
                raise NotFound
            state = (row, row.status(at=current.now))
            # A notification may come twice, or for a change that the row read before already had.
            if state != last_state:
                last_state = state
                yield row, current
            if state[1].is_final:
                return


# An import of a large organization records thousands of events at once.
BATCH = 500


async def recorded_credit_events(organization_id: int, context: Context) -> AsyncGenerator[CreditEventRow, None]:
    """Yield once each credit event that is recorded from now on and that the viewer may see by then.

    Raises:
        NotFound: it is not the viewer's organization.
        Forbidden: nobody is signed in, or no longer, or the API client may not see credits.
    """
    viewer = _check_may_follow(context.viewer, organization_id)
    revalidate = context.caller.revalidate
    # Before the first notification is waited for: what is recorded in between is read from the position on.
    position = await current_position()
    async with aclosing(context.runtime.notifications.changes(CREDIT_EVENT_CHANNEL, str(organization_id))) as changes:
        async for _ in changes:
            is_all = False
            while not is_all:
                try:
                    # For each batch: whoever left the organization meanwhile must see no event more.
                    current = await revalidate(context.runtime.clock()) if revalidate else viewer
                    viewer = _check_may_follow(current, organization_id)
                    rows, position = await credit_events_since(position, viewer, limit=BATCH)
                except TryAgain:
                    # A database that is away for a moment does not end the subscription: the next read finds all.
                    break
                for row in rows:
                    yield row
                is_all = len(rows) < BATCH


def _check_may_follow(viewer: Viewer | None, organization_id: int) -> Viewer:
    viewer = check_signed_in(viewer)
    if viewer.organization_id != organization_id:
        raise NotFound
    if viewer.member_id is None and not viewer.may(Scope.CREDITS_READ):
        raise Forbidden("Only API clients with the scope credits:read follow credits.")
    return viewer
