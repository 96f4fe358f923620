"""How is an attempt followed until its end?"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from api.context import Context
from domain.errors import NotFound, TryAgain
from domain.live import ATTEMPT_CHANNEL
from domain.queries.attempts import AttemptRow, association_attempt
from domain.rules.visibility import Viewer


async def attempt_states(
    viewer: Viewer, attempt_id: int, context: Context
) -> AsyncGenerator[tuple[AttemptRow, Context], None]:
    """Yield an attempt's state now and after every change, each as of its own instant, until it is final.

    Raises:
        NotFound: the viewer has no such attempt.
    """
    runtime = context.runtime
    told: object = None
    async with aclosing(runtime.live.changes(ATTEMPT_CHANNEL, str(attempt_id))) as changes:
        async for _ in changes:
            current = replace(context, now=runtime.clock())
            try:
                row = await association_attempt(viewer, attempt_id)
            except TryAgain:
                # Who follows is not told of a database that is away for a moment: the next look finds what changed.
                if told is None:
                    raise
                continue
            if row is None:
                raise NotFound
            state = (row, row.status(at=current.now))
            if state != told:
                told = state
                yield row, current
            if state[1].is_final:
                return
