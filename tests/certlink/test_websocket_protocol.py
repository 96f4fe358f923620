"""A connection is given up whose other end does not read."""

import asyncio
import socket
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect

from certlink.uvicorn_protocols import WebSocketProtocol

MORE_THAN_ANY_BUFFER = "x" * 20_000_000


@pytest.mark.parametrize("stops", [False, True], ids=["the application ends", "the process stops"])
async def test_who_never_reads_does_not_keep_a_connection_open(stops: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("certlink.uvicorn_protocols.LINGER_SECONDS", 0.05)
    sent = asyncio.Event()

    async def talkative(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": MORE_THAN_ANY_BUFFER})
        sent.set()
        if stops:
            await send({"type": "websocket.send", "text": "and more"})

    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            talkative, log_config=None, lifespan="off", ws=WebSocketProtocol, ws_per_message_deflate=False
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        port = listening.getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", max_size=None, proxy=None) as connection:
            connection.transport.pause_reading()
            await sent.wait()
            server.should_exit = stops
            async with asyncio.timeout(5):
                while server.server_state.connections:
                    await asyncio.sleep(0.01)
            connection.transport.abort()
            server.should_exit = True
            await serving
