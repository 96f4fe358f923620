"""Limits on websockets and on their operations."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette

from api.auth.callers import Caller
from api.limits.concurrency import ConcurrencyLimiter, LimitReached
from api.runtime import Runtime
from domain.rules.enums import MemberRole
from domain.rules.visibility import MemberViewer
from tests.api.conftest import application
from tests.api.serving import PROTOCOL, Socket, served, socket_to
from tests.api.test_websocket import ANSWER, QUERY

CONNECTION = "api.transport.websocket.connection"
OPERATIONS = "api.transport.websocket.operations"


@pytest.fixture
def own_runtime(detached_runtime: Runtime) -> Runtime:
    return replace(detached_runtime, connections=ConcurrencyLimiter(), operations=ConcurrencyLimiter())


@pytest.fixture
async def address(own_runtime: Runtime) -> AsyncIterator[str]:
    async with served(application(own_runtime)) as address:
        yield address


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_place_is_one_of_its_callers_alone() -> None:
    places = ConcurrencyLimiter()

    release = places.acquire("member:1", limit=1)
    places.acquire("member:2", limit=1)
    with pytest.raises(LimitReached):
        places.acquire("member:1", limit=1)
    release()
    places.acquire("member:1", limit=1)

    assert len(places) == 2


async def test_one_connection_too_many_is_told_to_come_later(
    own_runtime: Runtime, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{CONNECTION}.MAX_CONNECTIONS_OF_ADDRESS", 1)

    async with socket_to(address) as first:
        await first.introduce()
        async with socket_to(address) as second:
            await second.say({"type": "connection_init"})
            assert await second.close_code() == 1013
    await until(lambda: not len(own_runtime.connections))
    async with socket_to(address) as third:
        await third.introduce()


async def test_strangers_who_stay_leave_room_for_members_of_their_address(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def somebody(*_: object, **__: object) -> Caller:
        viewer = MemberViewer(member_id=1, organization_id=1, role=MemberRole.MEMBER)
        return Caller(viewer=viewer, is_trusted_to_explore=True)

    monkeypatch.setattr(f"{CONNECTION}.MAX_CONNECTIONS_OF_ADDRESS", 1)
    monkeypatch.setattr(f"{CONNECTION}.caller_of_authorization", somebody)

    async with socket_to(address) as stranger:
        await stranger.introduce()
        async with socket_to(address) as member:
            await member.introduce(authorization="Bearer x")


@pytest.mark.parametrize("limit", ["MAX_OPERATIONS", "MAX_OPERATIONS_OF_ADDRESS"])
async def test_one_operation_too_many_ends_alone(address: str, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with socket_to(address) as websocket:
        await websocket.introduce()
        with monkeypatch.context() as full:
            full.setattr(f"{OPERATIONS}.{limit}", 0)
            await refused_operation(websocket)
        await websocket.start(QUERY)

        assert (await websocket.hear())["payload"] == ANSWER


async def refused_operation(websocket: Socket) -> None:
    await websocket.start(QUERY)
    refused = await websocket.hear()
    assert refused["type"] == "error"
    assert [error["extensions"]["code"] for error in refused["payload"]] == ["TOO_MANY_OPERATIONS"]


async def test_a_flood_of_messages_closes_the_connection(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{CONNECTION}.MAX_MESSAGES", 3)

    async with socket_to(address) as websocket:
        await websocket.introduce()
        for _ in range(3):
            await websocket.say({"type": "pong"})

        assert await websocket.close_code() == 1008


async def test_every_ending_gives_the_places_back(own_runtime: Runtime, address: str) -> None:
    endings: list[Any] = ["x", {"type": "connection_init"}, {"type": "subscribe", "id": "1"}, b"\x00", None]

    async def end(ending: Any, starts: int) -> None:
        async with socket_to(address) as websocket:
            await websocket.introduce()
            for number in range(starts):
                await websocket.start(QUERY, identifier=str(number))
                await websocket.say({"type": "complete", "id": str(number)})
            await websocket.start(QUERY)
            if ending is None:
                websocket.connection.transport.abort()
            else:
                await websocket.say(ending)
                await websocket.close_code()

    await asyncio.gather(*(end(ending, starts) for ending in endings for starts in range(5)))
    await until(lambda: not len(own_runtime.connections) and not len(own_runtime.operations))


async def test_sockets_are_closed_when_the_process_stops(own_runtime: Runtime) -> None:
    async with AsyncExitStack() as stack:
        async with served(application(own_runtime)) as address:
            websockets = [await stack.enter_async_context(socket_to(address)) for _ in range(3)]
            for websocket in websockets[:2]:
                await websocket.introduce()
            await websockets[0].start(QUERY)

        assert [await websocket.close_code() for websocket in websockets] == [1012, 1012, 1012]
    assert (len(own_runtime.connections), len(own_runtime.operations)) == (0, 0)


async def test_who_does_not_read_is_let_go(own_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{CONNECTION}.SEND_SECONDS", 0.02)
    monkeypatch.setattr(f"{CONNECTION}.CLOSE_SECONDS", 0.02)
    heard: list[Any] = []

    async def send(message: Any) -> None:
        heard.append(message["type"])
        if len(heard) > 2:
            await asyncio.Event().wait()

    await conversation(
        application(own_runtime),
        {"type": "connection_init"},
        {"type": "subscribe", "id": "1", "payload": {"query": QUERY}},
        send=send,
    )

    assert heard == ["websocket.accept", "websocket.send", "websocket.send", "websocket.close"]
    assert (len(own_runtime.connections), len(own_runtime.operations)) == (0, 0)


async def test_nothing_is_told_of_an_operation_that_the_client_has_ended(own_runtime: Runtime) -> None:
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    await conversation(
        application(own_runtime),
        {"type": "connection_init"},
        {"type": "subscribe", "id": "1", "payload": {"query": QUERY}},
        {"type": "complete", "id": "1"},
        {"type": "subscribe", "id": "1", "payload": {"query": "{ policy { coolOffDays attemptMinutes } }"}},
        {"type": "complete", "id": "1"},
        {"type": "connection_init"},
        send=send,
    )

    assert [message["type"] for message in told] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert told[-1]["code"] == 4429


async def conversation(app: Starlette, *messages: object, send: Callable[[Any], Any]) -> None:
    """Serve one websocket to somebody who says everything at once, until the server has enough."""
    said: asyncio.Queue[Any] = asyncio.Queue()
    said.put_nowait({"type": "websocket.connect"})
    for message in messages:
        said.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})
    scope = {"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": [PROTOCOL], "client": None}
    async with asyncio.timeout(5):
        await app(scope, said.get, send)
