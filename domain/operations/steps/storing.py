"""Store what cannot be had again, however often the database is away meanwhile."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_chain, wait_fixed

from domain.errors import TryAgain

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

PAUSES_SECONDS = (0.2, 1, 2, 4)


async def store_surely(
    store: Callable[Parameters, Awaitable[Result]], *arguments: Parameters.args, **named: Parameters.kwargs
) -> Result:
    """Run an operation that stores a refresh token; try again for some seconds where the database is away.

    Raises:
        TryAgain: it is away for longer.
    """
    # The token before is used up: an issuer that replaces refresh tokens takes it for stolen when it comes again.
    storing = AsyncRetrying(
        retry=retry_if_exception_type(TryAgain),
        wait=wait_chain(*map(wait_fixed, PAUSES_SECONDS)),
        stop=stop_after_attempt(len(PAUSES_SECONDS) + 1),
        reraise=True,
    )
    return await storing(store, *arguments, **named)
