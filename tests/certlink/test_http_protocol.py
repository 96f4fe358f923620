"""Connections that never send a whole request."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from certlink.uvicorn_protocols import HttpProtocol

WHOLE = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while (event := await receive())["type"] == "http.request":
        body += event["body"]
        if not event["more_body"]:
            # Longer than a request may take to arrive.
            await asyncio.sleep(0.1)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": body})
            return


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr("certlink.uvicorn_protocols.ARRIVAL_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(echo, log_config=None, lifespan="off", http=HttpProtocol))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        await serving


@pytest.mark.parametrize(
    "part",
    [b"", WHOLE[:5], WHOLE[:-1], WHOLE + WHOLE[:5]],
    ids=["nothing", "a part of the head", "a part of the body", "a part of the next request"],
)
async def test_who_never_sends_a_whole_request_is_let_go(part: bytes, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    writer.write(part)

    async with asyncio.timeout(5):
        answers = await reader.read()
    assert answers.count(b"200 OK") == part.count(WHOLE)
    writer.close()


async def test_an_answer_may_take_longer_than_its_request(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    writer.write(WHOLE)

    async with asyncio.timeout(5):
        assert (await reader.read()).endswith(b"hi")
    writer.close()
