"""Whoever makes an attempt can follow it; nobody else can."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from api.runtime import Runtime
from domain.database.transaction import transaction
from domain.models import AssociationAttempt, Member
from domain.notifications import ATTEMPT_CHANNEL, NotificationListener
from domain.rules.enums import AttemptStatus, MemberRole
from tests.api.caller import OWN_ORIGIN
from tests.api.conftest import application, sign_in
from tests.api.serving import Socket, served, socket_to
from tests.clock import START, FrozenClock
from tests.factories import make_attempt, make_member, make_organization

FOLLOW = """subscription ($id: ID!) { associationAttempt(id: $id) {
  status steps { name } refusal { __typename code } association { id } } }"""


@pytest.fixture
async def member(database: str) -> Member:
    return await make_member(await make_organization())


@pytest.fixture
async def address(runtime: Runtime, database: str) -> AsyncIterator[str]:
    async with (
        NotificationListener(database) as notifications,
        served(application(replace(runtime, notifications=notifications))) as address,
    ):
        yield address


async def cookie_of(client: AsyncClient, member: Member) -> str:
    return (await sign_in(client, member)).headers["Cookie"]


async def change(attempt: AssociationAttempt, **values: object) -> None:
    async with transaction() as current:
        await AssociationAttempt.filter(id=attempt.id).update(**values)
        await current.notify(ATTEMPT_CHANNEL, str(attempt.id))


async def follow(websocket: Socket, attempt: AssociationAttempt, identifier: str = "1") -> None:
    await websocket.introduce()
    await websocket.start(FOLLOW, identifier=identifier, id=global_id(Kind.ATTEMPT, attempt.id))


async def test_the_state_now_then_every_change_then_the_end(client: AsyncClient, member: Member, address: str) -> None:
    attempt = await make_attempt(member)

    async with socket_to(address, Cookie=await cookie_of(client, member), Origin=OWN_ORIGIN) as websocket:
        await follow(websocket, attempt)
        first = await websocket.hear()
        await change(attempt, signed_in_at=START)
        second = await websocket.hear()
        await change(attempt, status=AttemptStatus.REFUSED, refusal_code="PROFILE_INCOMPLETE", finished_at=START)
        third = await websocket.hear()
        last = await websocket.hear()

    states = [message["payload"]["data"]["associationAttempt"] for message in (first, second, third)]
    assert [state["status"] for state in states] == ["AWAITING_SIGN_IN", "AWAITING_SIGN_IN", "REFUSED"]
    assert [len(state["steps"]) for state in states] == [0, 1, 1]
    assert states[2]["refusal"] == {"__typename": "ProfileIncomplete", "code": "PROFILE_INCOMPLETE"}
    assert last == {"id": "1", "type": "complete"}


async def test_a_final_attempt_is_told_once(
    client: AsyncClient, member: Member, address: str, clock: FrozenClock
) -> None:
    attempt = await make_attempt(member)
    clock.advance(timedelta(minutes=10))

    async with socket_to(address, Cookie=await cookie_of(client, member), Origin=OWN_ORIGIN) as websocket:
        await follow(websocket, attempt)

        assert (await websocket.hear())["payload"]["data"]["associationAttempt"]["status"] == "EXPIRED"
        assert (await websocket.hear())["type"] == "complete"


@pytest.mark.parametrize("role", list(MemberRole))
async def test_nobody_else_follows_an_attempt_admins_neither(
    client: AsyncClient, member: Member, address: str, role: MemberRole
) -> None:
    attempt = await make_attempt(member)
    other = await make_member(await member.organization, role=role)

    async with socket_to(address, Cookie=await cookie_of(client, other), Origin=OWN_ORIGIN) as websocket:
        await follow(websocket, attempt)
        refused = await websocket.hear()

    assert refused["type"] == "error"
    assert refused["payload"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("origin", ["https://fabrikam.example", "null", None])
async def test_a_cookie_does_not_count_from_another_origin(
    client: AsyncClient, member: Member, address: str, origin: str | None
) -> None:
    attempt = await make_attempt(member)
    headers = {"Cookie": await cookie_of(client, member)} | ({"Origin": origin} if origin else {})

    async with socket_to(address, **headers) as websocket:
        await follow(websocket, attempt)
        refused = await websocket.hear()

    assert refused["payload"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("identifier", ["1", pytest.param("\N{PARTY POPPER}" * 200, id="longer than a reason can be")])
async def test_an_id_that_is_followed_cannot_be_used_twice(
    client: AsyncClient, member: Member, address: str, identifier: str
) -> None:
    attempt = await make_attempt(member)

    async with socket_to(address, Cookie=await cookie_of(client, member), Origin=OWN_ORIGIN) as websocket:
        await follow(websocket, attempt, identifier)
        await websocket.hear()
        await websocket.start("{ policy { coolOffDays } }", identifier=identifier)

        assert await websocket.close_code() == 4409


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(r'"\ud83d"', id="half a surrogate pair"),
        pytest.param(r'"\u0000"', id="NUL"),
        pytest.param("[" + "1," * 2_000 + "1]", id="2,001 values"),
        pytest.param("[" * 2_000 + "]" * 2_000, id="2,000 deep"),
        pytest.param("NaN", id="NaN"),
    ],
)
async def test_following_goes_on_beside_an_operation_whose_values_are_refused(
    client: AsyncClient, member: Member, address: str, value: str
) -> None:
    attempt = await make_attempt(member)

    async with socket_to(address, Cookie=await cookie_of(client, member), Origin=OWN_ORIGIN) as websocket:
        await follow(websocket, attempt)
        await websocket.hear()
        payload = '{"query": "{ viewer { __typename } }", "variables": {"a": ' + value + "}}"
        await websocket.say('{"id": "2", "type": "subscribe", "payload": ' + payload + "}")
        refused = await websocket.hear()
        await change(attempt, signed_in_at=START)
        told = await websocket.hear()

    assert (refused["id"], refused["type"]) == ("2", "error")
    assert refused["payload"][0]["extensions"] == {"code": "BAD_REQUEST"}
    assert (told["id"], told["type"]) == ("1", "next")
    assert told["payload"]["data"]["associationAttempt"]["steps"] == [{"name": "SIGNED_IN"}]


async def test_following_ends_when_the_client_says_so_or_goes(
    client: AsyncClient, member: Member, address: str
) -> None:
    attempt = await make_attempt(member)

    async with socket_to(address, Cookie=await cookie_of(client, member), Origin=OWN_ORIGIN) as websocket:
        await follow(websocket, attempt)
        await websocket.hear()
        await websocket.say({"type": "complete", "id": "1"})
        await websocket.start(FOLLOW, identifier="1", id=global_id(Kind.ATTEMPT, attempt.id))
        again = await websocket.hear()
    await asyncio.sleep(0.05)

    assert again["type"] == "next"
    assert [task for task in asyncio.all_tasks() if "_run" in repr(task.get_coro())] == []
