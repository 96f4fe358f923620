"""Long forecasts: paced, in pieces, given up with their caller."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient
from structlog.testing import capture_logs

from api.graphql.ids import Kind, global_id
from api.graphql.types import forecasts
from api.graphql.types.attainments import attainment_of
from api.limits.concurrency import Pacer
from api.runtime import Runtime
from bench.rows import fill
from domain.database.pool import connection, fetch_value
from domain.models import Association, Member
from domain.queries.attainments import AttainmentsAt, OrganizationFacts
from domain.rules import forecast as rule
from domain.rules.enums import MemberRole, Track
from domain.rules.forecast import Pieces
from tests.api.caller import Caller
from tests.api.conftest import application, sign_in
from tests.api.limits.test_deadline import locked
from tests.clock import START
from tests.factories import make_association, make_member, make_organization

CREDITS = 100
UNTIL = START.date() + timedelta(days=300)
FORECAST = """{ viewer { organization { forecast(until: "%s"%s) { steps { %s } } } } }"""
ATTAINMENTS = FORECAST % (UNTIL, "", "date attainments { points program { title } metrics { points } }")
SCORED = "{ viewer { organization { attainments { points } } } }"
DAYS_OF_A_PIECE = 5


async def organization_with_many_days(name: str) -> Member:
    """Write an organization whose credits end on a hundred different days, and return its admin."""
    organization = await make_organization(name, track=Track.SMB)
    async with connection() as current:
        await fill(current, organization_id=organization.id, members=10, credits_each=CREDITS // 10, at=START)
        await current.execute(
            """UPDATE credit SET end_reason = 'EXPIRED', counts_until = $1::timestamptz + make_interval(days => place)
               FROM (SELECT id, 10 + row_number() OVER (ORDER BY id)::int AS place FROM credit
                     WHERE organization_id = $2) placed WHERE placed.id = credit.id""",
            START,
            organization.id,
        )
    return await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)


@pytest.fixture
async def admin(database: str) -> Member:
    return await organization_with_many_days("Contoso")


@pytest.fixture
async def caller(client: AsyncClient, admin: Member) -> Caller:
    return await sign_in(client, admin)


class Days:
    """The days that forecasts have come to, each a moment of a thread that waits as long as a test likes."""

    def __init__(self) -> None:
        self.number = 0
        self.go_on = threading.Event()
        self.go_on.set()

    def counting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return what moves on as before, and is counted."""

        def advance(walk: Any, at: Any, causes: Any) -> Any:
            self.number += 1
            self.go_on.wait(10)
            return original(walk, at, causes)

        return advance


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> Days:
    counted = Days()
    monkeypatch.setattr(rule._Projection, "advance_to", counted.counting(rule._Projection.advance_to))
    monkeypatch.setattr("domain.queries.attainments.FORECAST_DAYS_OF_A_PIECE", DAYS_OF_A_PIECE)
    return counted


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.005)


class Turns:
    """The turns that somebody else had on the event loop."""

    def __init__(self) -> None:
        self.number = 0

    async def take(self) -> None:
        """Take turns for ever."""
        while True:
            await asyncio.sleep(0)
            self.number += 1


async def test_others_have_a_turn_before_each_step_that_is_built(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    others, built = Turns(), Counter[int]()

    def counted(row: Any) -> Any:
        built[others.number] += 1
        return attainment_of(row)

    monkeypatch.setattr("api.graphql.types.forecasts.attainment_of", counted)
    taking = asyncio.create_task(others.take())
    try:
        steps = (await caller.ask(ATTAINMENTS))["viewer"]["organization"]["forecast"]["steps"]
    finally:
        taking.cancel()

    assert len(steps) > CREDITS
    # Those of the beginning are built before the steps.
    assert len(built) == len(steps) + 1
    assert max(built.values()) == len(steps[0]["attainments"])


async def test_others_have_turns_while_the_many_causes_of_one_day_are_built(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connection() as current:
        await current.execute("UPDATE credit SET counts_until = $1", START + timedelta(days=20))
    others, built = Turns(), Counter[int]()
    original = forecasts.named_credit

    def counted(*asked: Any) -> Any:
        built[others.number] += 1
        return original(*asked)

    monkeypatch.setattr(forecasts, "named_credit", counted)
    taking = asyncio.create_task(others.take())
    try:
        found = await caller.ask(FORECAST % (UNTIL, "", "causes { kind credit { creditId member { name } } }"))
    finally:
        taking.cancel()

    causes = found["viewer"]["organization"]["forecast"]["steps"][-1]["causes"]
    assert len({cause["credit"]["creditId"] for cause in causes}) == CREDITS
    assert max(built.values()) == forecasts.CAUSES_AT_ONCE


async def test_parts_of_several_large_answers_are_built_one_for_a_turn_of_the_loop() -> None:
    pacer, others, built = Pacer(), Turns(), Counter[int]()

    async def build() -> None:
        async for _ in pacer.paced(range(10)):
            built[others.number] += 1

    taking = asyncio.create_task(others.take())
    await asyncio.gather(*(build() for _ in range(5)))
    taking.cancel()

    assert built.total() == 50
    assert set(built.values()) == {1}


async def test_the_deadline_ends_an_answer_that_is_half_built(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.transport.execute.DEADLINE_SECONDS", 2)
    built = 0

    def slow(row: Any) -> Any:
        nonlocal built
        built += 1
        if built == 500:
            time.sleep(2)
        return attainment_of(row)

    monkeypatch.setattr("api.graphql.types.forecasts.attainment_of", slow)

    cut_off = await caller.post(ATTAINMENTS)

    assert cut_off.status_code == 503
    assert cut_off.json()["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"
    # No more than the step that it was at.
    assert 500 <= built < 540


async def test_a_third_organization_waits_for_pieces_of_long_forecasts_only(
    client: AsyncClient, caller: Caller, runtime: Runtime, days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await sign_in(client, await organization_with_many_days("Fabrikam"))
    third = await sign_in(client, await make_member(await make_organization("Adatum"), role=MemberRole.ACCOUNT_ADMIN))
    before: list[int] = []
    original = AttainmentsAt.pieces

    def noted(scoring: AttainmentsAt, facts: OrganizationFacts) -> Pieces[Any]:
        before.append(days.number)
        return (yield from original(scoring, facts))

    monkeypatch.setattr(AttainmentsAt, "pieces", noted)
    days.go_on.clear()
    long = [asyncio.create_task(each.post(ATTAINMENTS)) for each in (caller, other)]
    await until(lambda: days.number == 2)
    small = asyncio.create_task(third.post(SCORED))
    await until(lambda: len(runtime.scoring_slots) == 3)
    days.go_on.set()
    answers = await asyncio.gather(small, *long)

    assert [each.status_code for each in answers] == [200] * 3
    assert days.number > 2 * CREDITS
    # A few pieces of each, as many as pass while the third organization is read, and nothing like a whole forecast.
    assert before[0] < CREDITS / 2
    assert len(runtime.scoring_slots) == 0


@dataclass
class Leaving:
    """A client over HTTP that goes away when it is told to."""

    caller: Caller
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[dict[str, Any]] = field(default_factory=list)

    async def post(self, runtime: Runtime, query: str, **variables: Any) -> None:
        """Send a document and wait until the application has done with it."""
        headers = {"Host": "localhost:8000", "Content-Type": "application/json", **self.caller.headers}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("localhost", 8000),
        }
        bodies = [json.dumps({"query": query, "variables": variables}).encode()]

        async def receive() -> dict[str, Any]:
            if bodies:
                return {"type": "http.request", "body": bodies.pop(), "more_body": False}
            await self.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            self.sent.append(message)

        await application(runtime)(scope, receive, send)


async def test_a_query_whose_client_has_gone_is_given_up_after_its_piece(
    caller: Caller, runtime: Runtime, days: Days
) -> None:
    days.go_on.clear()
    leaving = [Leaving(caller) for _ in range(5)]
    posts = [asyncio.create_task(each.post(runtime, ATTAINMENTS)) for each in leaving]
    await until(lambda: days.number == 1)
    for each in leaving:
        each.gone.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*posts)
    days.go_on.set()
    await caller.ask(SCORED)

    assert [each.sent for each in leaving] == [[]] * 5
    assert days.number == DAYS_OF_A_PIECE
    assert len(runtime.scoring_slots) == 0


async def test_a_mutation_is_done_though_its_client_has_gone(
    caller: Caller, admin: Member, runtime: Runtime, database: str
) -> None:
    association = await make_association(admin)
    leaving = Leaving(caller)
    remove = "mutation ($id: ID!) { removeAssociation(input: { associationId: $id }) { __typename } }"

    async with locked(database, "audit_event"):
        post = asyncio.create_task(leaving.post(runtime, remove, id=global_id(Kind.ASSOCIATION, association.id)))
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        async with asyncio.timeout(5):
            while not await fetch_value(waiting):
                await asyncio.sleep(0.01)
        leaving.gone.set()
        await asyncio.sleep(0)
    await post

    assert leaving.sent[0]["status"] == 200
    assert (await Association.get(id=association.id)).ended_at == START


async def test_a_scoring_that_fails_takes_no_other_with_it_and_is_tried_and_logged_once(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: Counter[Any] = Counter()
    original = AttainmentsAt.pieces

    def failing(scoring: AttainmentsAt, facts: OrganizationFacts) -> Pieces[Any]:
        tried[scoring.at] += 1
        if scoring.at.day == 1:
            raise ZeroDivisionError
        return (yield from original(scoring, facts))

    monkeypatch.setattr(AttainmentsAt, "pieces", failing)
    fields = " ".join(f'at{n}: attainments(asOf: "2026-11-0{n}T00:00:00Z") {{ points }}' for n in range(1, 6))
    again = 'again: attainments(asOf: "2026-11-01T00:00:00Z") { points }'
    with capture_logs() as logs:
        answer = (await caller.post(f"{{ viewer {{ organization {{ {fields} {again} }} }} }}")).json()

    found = answer["data"]["viewer"]["organization"]
    assert sorted(name for name, value in found.items() if value is None) == ["again", "at1"]
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTERNAL_FAULT"] * 2
    assert list(tried.values()) == [1] * 5
    assert [each["fault"] for each in logs if each["event"] == "graphql_fault"] == ["ZeroDivisionError"]
