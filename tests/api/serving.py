"""The API behind a real socket, in the tests' own event loop."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from certlink.uvicorn_protocols import WebSocketProtocol

PROTOCOL = "graphql-transport-ws"


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    """Serve an application on a free port and yield its address, without a scheme."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_config=None, lifespan="off", ws=WebSocketProtocol)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        # The server tells its start by nothing but this flag.
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


class Socket:
    """A client of the protocol graphql-transport-ws."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, message: object) -> None:
        """Send a message, text and bytes as they are."""
        await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        """Return the next message."""
        async with asyncio.timeout(5):
            message: dict[str, Any] = json.loads(await self.connection.recv())
        return message

    async def close_code(self) -> int | None:
        """Return the code with which the server closes the connection, whatever it says before."""
        return (await self.last_words())[1]

    async def last_words(self) -> tuple[list[str | bytes], int | None]:
        """Return what the server says before it closes the connection, and the code with which it does."""
        said: list[str | bytes] = []
        async with asyncio.timeout(5):
            with suppress(ConnectionClosed):
                async for message in self.connection:
                    said.append(message)  # noqa: PERF401
            await self.connection.wait_closed()
        return said, self.connection.close_code

    async def introduce(self, **payload: object) -> None:
        """Introduce the client and wait until the server knows it."""
        await self.say({"type": "connection_init", "payload": payload})
        assert await self.hear() == {"type": "connection_ack"}

    async def start(self, query: str, *, identifier: str = "1", **variables: object) -> None:
        """Start an operation."""
        await self.say({"type": "subscribe", "id": identifier, "payload": {"query": query, "variables": variables}})


@asynccontextmanager
async def socket_to(address: str, *, protocol: str | None = PROTOCOL, **headers: str) -> AsyncIterator[Socket]:
    """Open a websocket."""
    async with connect(
        f"ws://{address}/graphql",
        subprotocols=[protocol] if protocol else None,  # type: ignore[list-item]
        additional_headers={name.replace("_", "-"): value for name, value in headers.items()},
        proxy=None,
    ) as connection:
        yield Socket(connection)
