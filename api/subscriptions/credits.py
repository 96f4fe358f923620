"""How are an organization's credit events followed?"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from api.context import Context
from domain.errors import Forbidden, NotFound, TryAgain
from domain.live import CREDIT_EVENT_CHANNEL
from domain.queries.credit_events import CreditEventRow, credit_events_since, told_until_now
from domain.rules.visibility import Viewer, check_signed_in
from domain.rules.words import Scope

BATCH = 500


async def recorded_credit_events(organization_id: int, context: Context) -> AsyncGenerator[CreditEventRow, None]:
    """Yield each credit event that is recorded from now on and that the viewer, as they are then, may see; once.

    Raises:
        NotFound: it is not the viewer's organization.
        Forbidden: nobody is signed in, or not any more, or the API client may not see credits.
    """
    viewer = _checked(context.viewer, organization_id)
    told = await told_until_now()
    async with aclosing(context.runtime.live.changes(CREDIT_EVENT_CHANNEL, str(organization_id))) as changes:
        async for _ in changes:
            is_all = False
            while not is_all:
                try:
                    viewer = _checked(await _viewer_now(viewer, context), organization_id)
                    rows, told = await credit_events_since(told, viewer, limit=BATCH)
                except TryAgain:
                    # Who follows is not told of a database that is away for a moment: the next look finds all.
                    break
                for row in rows:
                    yield row
                is_all = len(rows) < BATCH


async def _viewer_now(viewer: Viewer, context: Context) -> Viewer | None:
    look_again = context.caller.look_again
    return viewer if look_again is None else await look_again(context.runtime.clock())


def _checked(viewer: Viewer | None, organization_id: int) -> Viewer:
    viewer = check_signed_in(viewer)
    if viewer.organization_id != organization_id:
        raise NotFound
    if viewer.member_id is None and not viewer.may(Scope.CREDITS_READ):
        raise Forbidden("Only API clients with the scope credits:read follow credits.")
    return viewer
