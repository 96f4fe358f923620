"""Stop working for a client that has gone."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

Result = TypeVar("Result")


async def client_gone(receive: Receive) -> None:
    """Return once the client has gone; whatever it still sends is dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_gone(work: Coroutine[Any, Any, Result], receive: Receive) -> Result:
    """Return what work returns, for a client whose request has been read.

    Raises:
        ClientDisconnect: the client has gone, and the work is canceled, so that nobody waits for what it holds.
    """
    working, gone = asyncio.create_task(work), asyncio.create_task(client_gone(receive))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return await working
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)
