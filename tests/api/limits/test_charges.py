"""Cost and budgets as each transport tells them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from redis.asyncio import Redis

from api.documents.reading import Documents
from api.graphql.ids import Kind, global_id
from api.limits.charge import cost_of_reading
from api.limits.rate_limit import RateLimit
from api.runtime import Runtime
from api.transport.http.accept import GRAPHQL_RESPONSE
from api.transport.websocket import operations
from domain.models import Member
from domain.notifications import NotificationListener
from domain.rules.enums import MemberRole
from tests.api.caller import OWN_ORIGIN, Caller
from tests.api.conftest import application, sign_in
from tests.api.serving import served, socket_to
from tests.api.test_subscription import FOLLOW, change
from tests.clock import FrozenClock
from tests.factories import make_attempt, make_member, make_organization

POLICY = "{ policy { coolOffDays } }"
# Two hundred points.
CERTIFICATIONS = "{ certifications(first: 100) { edges { node { code } } } }"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def admin(database: str) -> Member:
    return await make_member(await make_organization(), role=MemberRole.ACCOUNT_ADMIN)


@asynccontextmanager
async def limited(runtime: Runtime, **limits: int) -> AsyncIterator[Runtime]:
    """Let a process count in Redis, with limits of its own."""
    settings = runtime.settings.model_copy(update=limits)
    rate_limit = RateLimit(settings)
    try:
        yield replace(runtime, settings=settings, rate_limit=rate_limit)
    finally:
        await rate_limit.close()


@asynccontextmanager
async def asking(runtime: Runtime, member: Member) -> AsyncIterator[Caller]:
    transport = ASGITransport(app=application(runtime))
    async with AsyncClient(transport=transport, base_url=OWN_ORIGIN) as client:
        yield await sign_in(client, member)


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


async def test_every_answer_tells_what_it_cost_and_what_is_left(redis: Redis, runtime: Runtime, admin: Member) -> None:
    async with limited(runtime) as counted, asking(counted, admin) as caller:
        await caller.ask(POLICY)
        first = (await caller.post(CERTIFICATIONS)).json()["extensions"]
        second = (await caller.post(CERTIFICATIONS)).json()["extensions"]

    assert second["cost"] == {"requested": 211, "limit": 10_000}
    assert first["rateLimit"]["limit"] == 100_000
    assert first["rateLimit"]["remaining"] - second["rateLimit"]["remaining"] == 211
    assert second["rateLimit"]["resetAt"] == "2026-11-03T14:32:00Z"
    assert second["rateLimit"]["organization"]["limit"] == 500_000


async def test_the_budget_can_be_asked_for(redis: Redis, runtime: Runtime, admin: Member) -> None:
    text = "{ rateLimit { cost limit remaining resetAt organization { limit remaining resetAt } } }"
    async with limited(runtime) as counted, asking(counted, admin) as caller:
        answer = (await caller.post(text)).json()
        async with AsyncClient(transport=ASGITransport(app=application(counted)), base_url=OWN_ORIGIN) as client:
            nobody = await Caller(client).ask(text)

    told = dict(answer["extensions"]["rateLimit"])
    assert answer["data"]["rateLimit"] == {"cost": 2, **told}
    assert nobody["rateLimit"]["organization"] is None


async def test_who_is_not_counted_is_told_of_no_budget(client: AsyncClient, admin: Member) -> None:
    caller = await sign_in(client, admin)

    assert await caller.ask("{ rateLimit { remaining } }") == {"rateLimit": None}


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL_RESPONSE, 400), ("application/json", 200)])
async def test_what_costs_too_much_is_refused_with_the_numbers(
    redis: Redis, runtime: Runtime, admin: Member, accept: str, status: int
) -> None:
    async with limited(runtime, max_cost=210) as counted, asking(counted, admin) as caller:
        caller.headers["Accept"] = accept
        response = await caller.post(CERTIFICATIONS)

    answer = response.json()
    assert response.status_code == status
    assert "data" not in answer
    assert answer["errors"][0]["extensions"] == {"code": "COST_EXCEEDED", "cost": 211, "limit": 210}
    assert answer["extensions"]["cost"] == {"requested": 211, "limit": 210}
    assert answer["extensions"]["rateLimit"]["limit"] == 100_000


@pytest.mark.parametrize("accept", [GRAPHQL_RESPONSE, "application/json"])
async def test_over_the_limit_is_429_and_the_seconds_told_are_enough(
    redis: Redis, runtime: Runtime, admin: Member, clock: FrozenClock, accept: str
) -> None:
    async with limited(runtime, max_cost=250, rate_limit=250) as counted, asking(counted, admin) as caller:
        caller.headers["Accept"] = accept
        await caller.ask(CERTIFICATIONS)
        clock.advance(MINUTE)
        await caller.ask(POLICY)
        response = await caller.post(CERTIFICATIONS)
        seconds = int(response.headers["Retry-After"])
        clock.advance(timedelta(seconds=seconds - 1))
        early = await caller.post(CERTIFICATIONS)
        clock.advance(timedelta(seconds=1))
        after = await caller.post(CERTIFICATIONS)

    answer = response.json()
    assert response.status_code == 429
    assert "data" not in answer
    assert answer["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfterSeconds": seconds}
    assert answer["extensions"]["cost"]["requested"] == 211
    assert answer["extensions"]["rateLimit"]["limit"] == 250
    assert (early.status_code, after.status_code) == (429, 200)


async def test_a_document_that_has_to_be_read_is_paid_before_and_each_refusal_after(
    redis: Redis, runtime: Runtime, admin: Member
) -> None:
    async with limited(runtime) as counted, asking(counted, admin) as caller:
        text = "{ " + "nothing " * 100 + "}"
        left = [(await caller.post(text)).json()["extensions"]["rateLimit"]["remaining"] for _ in range(3)]

    assert left == [100_000 - 17 - 1, 100_000 - 17 - 2, 100_000 - 17 - 3]


async def test_whoever_has_nothing_left_has_no_document_read(
    redis: Redis, runtime: Runtime, admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with limited(runtime, max_cost=250, rate_limit=250) as counted, asking(counted, admin) as caller:
        await caller.ask(CERTIFICATIONS)
        monkeypatch.setattr(Documents, "read", None)
        refused = await caller.post("{ policy { yearDays } " + "# hostile" * 300 + "\n}")

    assert refused.status_code == 429


async def test_over_a_websocket_the_operation_is_refused_and_the_connection_stays(
    redis: Redis, runtime: Runtime, admin: Member, client: AsyncClient
) -> None:
    cookie = (await sign_in(client, admin)).headers["Cookie"]
    async with (
        limited(runtime, max_cost=250, rate_limit=250) as counted,
        served(application(counted)) as address,
        socket_to(address, Cookie=cookie, Origin=OWN_ORIGIN) as websocket,
    ):
        await websocket.introduce()
        await websocket.start(CERTIFICATIONS, identifier="1")
        answered = [await websocket.hear() for _ in range(2)]
        await websocket.start(CERTIFICATIONS, identifier="2")
        refused = await websocket.hear()
        await websocket.start(POLICY, identifier="3")
        cheap = await websocket.hear()

    assert answered[0]["payload"]["extensions"]["cost"]["requested"] == 211
    assert (refused["type"], refused["id"], refused["payload"][0]["extensions"]["code"]) == (
        "error",
        "2",
        "RATE_LIMITED",
    )
    assert refused["payload"][0]["extensions"]["retryAfterSeconds"] >= 1
    assert (cheap["type"], cheap["payload"]["data"]) == ("next", {"policy": {"coolOffDays": 30}})


async def test_each_event_of_a_subscription_is_paid_and_one_too_many_waits_until_it_can_be(
    redis: Redis,
    runtime: Runtime,
    clock: FrozenClock,
    admin: Member,
    client: AsyncClient,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations, "RETRY_SECONDS", 0.02)
    cookie = (await sign_in(client, admin)).headers["Cookie"]
    attempt = await make_attempt(admin)
    async with (
        NotificationListener(database) as notifications,
        limited(replace(runtime, notifications=notifications), max_cost=50, rate_limit=50) as counted,
        served(application(counted)) as address,
        socket_to(address, Cookie=cookie, Origin=OWN_ORIGIN) as websocket,
    ):
        await websocket.introduce()
        await websocket.start(FOLLOW, id=global_id(Kind.ATTEMPT, attempt.id))
        first = await websocket.hear()
        cost = first["payload"]["extensions"]["cost"]["requested"]
        told = 1
        # Reading the document and the start have their price as well.
        while cost_of_reading(FOLLOW) + (told + 2) * cost <= 50:
            await change(attempt, signed_in_at=attempt.created_at + timedelta(seconds=told))
            told += (await websocket.hear())["type"] == "next"
        await change(attempt, signed_in_at=attempt.created_at + MINUTE)
        await websocket.say({"type": "ping"})
        waiting = await websocket.hear()
        clock.advance(2 * MINUTE)
        at_last = await websocket.hear()

    assert waiting == {"type": "pong"}
    assert at_last["type"] == "next"


async def test_an_export_is_paid_from_the_same_budget(redis: Redis, runtime: Runtime, admin: Member) -> None:
    async with (
        limited(runtime, max_cost=1, rate_limit=4_000) as counted,
        AsyncClient(transport=ASGITransport(app=application(counted)), base_url=OWN_ORIGIN) as client,
    ):
        caller = await sign_in(client, admin)
        first, second = [await client.get("/exports/skills-report.csv", headers=caller.headers) for _ in range(2)]

    assert first.status_code == 200
    assert second.status_code == 429
    assert codes(second.json()) == ["RATE_LIMITED"]
    assert int(second.headers["Retry-After"]) > 60


async def test_front_ends_elsewhere_may_read_when_to_come_back(wire: AsyncClient) -> None:
    response = await wire.post("/graphql", json={"query": POLICY}, headers={"Origin": "https://front.contoso.example"})

    assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]
