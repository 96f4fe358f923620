"""The schema's subscriptions."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import Id, subscription
from api.graphql.ids import Kind, decode_id_or_raise
from api.graphql.types.associations import AssociationAttempt, attempt_of
from api.graphql.types.credits import CreditEvent
from api.graphql.types.from_row import from_row
from domain.errors import Forbidden, NotFound, TryAgain
from domain.notifications import ATTEMPT_CHANNEL, CREDIT_EVENT_CHANNEL
from domain.queries.attempts import association_attempt
from domain.queries.credit_events import credit_events_since, current_position
from domain.rules.enums import Scope
from domain.rules.visibility import Viewer, check_signed_in

OrganizationId = Annotated[
    strawberry.ID, strawberry.argument(description="The global id of the caller's organization.")
]


# One run of the propagation can record thousands of events at once.
BATCH = 500


@strawberry.type(description="Subscriptions, over a websocket of the protocol graphql-transport-ws.")
class Subscription:
    @subscription(
        "An association attempt of the caller's own: its state now, then every change; it ends after the final one."
    )
    async def association_attempt(self, info: Info, identifier: Id) -> AsyncGenerator[AssociationAttempt, None]:
        viewer = check_signed_in(info.context.viewer)
        attempt_id = decode_id_or_raise(identifier, Kind.ATTEMPT)
        runtime = info.context.runtime
        last_state: object = None
        # A generator that is only left, not closed, would hold its listener until it is collected.
        async with aclosing(runtime.notifications.changes(ATTEMPT_CHANNEL, str(attempt_id))) as changes:
            async for _ in changes:
                current = replace(info.context, now=runtime.clock())
                try:
                    row = await association_attempt(viewer, attempt_id)
                except TryAgain:
                    # A database that is away for a moment does not end it: the next read finds what changed.
                    if last_state is None:
                        raise
                    continue
                if row is None:
                    raise NotFound
                state = (row, row.status(at=current.now))
                # A notification may come twice, or for a change that the row read before already had.
                if state != last_state:
                    last_state = state
                    yield attempt_of(row, current)
                if state[1].is_final:
                    return

    @subscription(
        "Each event of an organization's credits that is recorded from now on, once: everybody's for admins and API "
        "clients with the scope CREDITS_READ, a member's own for other members."
    )
    async def credit_events(self, info: Info, organization_id: OrganizationId) -> AsyncGenerator[CreditEvent, None]:
        context = info.context
        check_signed_in(context.viewer)
        row_id = decode_id_or_raise(organization_id, Kind.ORGANIZATION)
        viewer = _check_may_follow(context.viewer, row_id)
        revalidate = context.caller.revalidate
        # Before the first notification is waited for: what is recorded in between is read from the position on.
        position = await current_position()
        async with aclosing(context.runtime.notifications.changes(CREDIT_EVENT_CHANNEL, str(row_id))) as changes:
            async for _ in changes:
                is_all = False
                while not is_all:
                    try:
                        # For each batch: whoever left the organization meanwhile must see no event more.
                        current = await revalidate(context.runtime.clock()) if revalidate else viewer
                        viewer = _check_may_follow(current, row_id)
                        rows, position = await credit_events_since(position, viewer, limit=BATCH)
                    except TryAgain:
                        # A database that is away for a moment does not end it: the next read finds all.
                        break
                    for row in rows:
                        yield from_row(CreditEvent, row)
                    is_all = len(rows) < BATCH


# Of an organization that is not the viewer's own nobody learns whether it exists.
def _check_may_follow(viewer: Viewer | None, organization_id: int) -> Viewer:
    viewer = check_signed_in(viewer)
    if viewer.organization_id != organization_id:
        raise NotFound
    if viewer.member_id is None and not viewer.may(Scope.CREDITS_READ):
        raise Forbidden("Only API clients with the scope credits:read follow credits.")
    return viewer
