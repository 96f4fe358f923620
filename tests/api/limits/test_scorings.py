"""Scorings of an operation: once each, paid first, in turn."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient
from redis.asyncio import Redis

from api.graphql.ids import Kind, global_id
from api.limits.charge import (
    CREDITS_READ_FOR_A_POINT,
    CREDITS_SCORED_FOR_A_POINT,
    FORECAST_DAY_COST,
    MAX_PART_COST,
    reading_cost,
    scoring_cost,
)
from api.limits.scoring_slots import SCORINGS_AT_ONCE
from api.runtime import Runtime
from api.transport.execute import execute_document
from bench.rows import fill
from domain.database.pool import connection
from domain.models import Association, Member, Organization
from domain.queries.attainments import AttainmentsAt, ForecastUntil, FragilityAt, OrganizationFacts, Scoring
from domain.rules.enums import LearningProvider, MemberRole, Track
from domain.rules.forecast import Pieces
from tests.api.caller import OWN_ORIGIN, Caller
from tests.api.conftest import application, sign_in
from tests.api.limits.test_charges import asking, limited
from tests.api.serving import served, socket_to
from tests.clock import START, FrozenClock
from tests.factories import make_association, make_credit, make_member, make_organization, viewer_of

CREDITS = 500
FACTS = "known_from"
OF_ORGANIZATION = "{ viewer { organization { %s } } }"
FIFTEEN = OF_ORGANIZATION % " ".join(
    f'at{n}: attainments(asOf: "2026-11-{n + 1:02}T00:00:00Z") {{ points }}' for n in range(15)
)
# A field's weight and the 20 objects that such a list has, and what the viewer and the organization add.
FIELD = 100 + 20
ALONE = 2 + FIELD
READING = CREDITS // CREDITS_READ_FOR_A_POINT
SCORING = CREDITS // CREDITS_SCORED_FOR_A_POINT[AttainmentsAt]


@pytest.fixture
async def organization(database: str) -> Organization:
    """An organization with as many counted credits as ``CREDITS`` says."""
    organization = await make_organization(track=Track.SMB)
    async with connection() as current:
        await fill(current, organization_id=organization.id, members=CREDITS // 10, credits_each=10, at=START)
    return organization


@pytest.fixture
async def admin(organization: Organization) -> Member:
    return await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)


@pytest.fixture
async def caller(client: AsyncClient, admin: Member) -> Caller:
    return await sign_in(client, admin)


class Scored:
    """How often organizations were scored, and how many scorings were at work at the same time."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.at_work = 0
        self.most = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self._lock = threading.Lock()

    def counting(self, kind: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return what scores as before, and is counted."""

        def work(scoring: Scoring, facts: OrganizationFacts) -> Pieces[Any]:
            with self._lock:
                self.kinds[kind] += 1
                self.at_work += 1
                self.most = max(self.most, self.at_work)
            try:
                self.go_on.wait(10)
                return (yield from original(scoring, facts))
            finally:
                with self._lock:
                    self.at_work -= 1

        return work


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> Scored:
    counted = Scored()
    for name, kind in (("attainments", AttainmentsAt), ("forecast", ForecastUntil), ("fragility", FragilityAt)):
        monkeypatch.setattr(kind, "pieces", counted.counting(name, kind.pieces))
    return counted


def reads(statements: list[str]) -> int:
    return sum(FACTS in each for each in statements)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.005)


async def test_facts_are_read_once_and_each_instant_is_scored_once_however_often_it_is_asked_for(
    caller: Caller, statements: list[str], scored: Scored
) -> None:
    text = (
        OF_ORGANIZATION
        % """now: attainments { points program { key } }
        same: attainments(asOf: "2026-11-03T14:30:00Z") { points program { key } }
        elsewhere: attainments(asOf: "2026-11-03T15:30:00+01:00") { points program { key } }
        designations: attainments(kind: DESIGNATION) { points program { key } }
        other: attainments(asOf: "2026-11-04T00:00:00Z") { points }
        forecast(until: "2026-12-31") { until } again: forecast(until: "2026-12-31") { until }
        fragility { requirements { spare } }"""
    )

    found = (await caller.ask(text))["viewer"]["organization"]

    assert found["now"] == found["same"] == found["elsewhere"]
    assert found["designations"] == [each for each in found["now"] if each in found["designations"]] != found["now"]
    assert scored.kinds == {"attainments": 2, "forecast": 1, "fragility": 1}
    assert reads(statements) == 1


async def test_however_many_instants_are_asked_for_the_statements_are_as_many(
    caller: Caller, statements: list[str]
) -> None:
    counts = []
    for text in (OF_ORGANIZATION % "attainments { points }", FIFTEEN):
        statements.clear()
        await caller.ask(text)
        counts.append(len(statements))

    assert counts == [5, 5]


async def test_four_of_the_dearest_at_once_are_answered_one_after_the_other(
    caller: Caller, scored: Scored, runtime: Runtime
) -> None:
    answers = await asyncio.gather(*(caller.post(FIFTEEN) for _ in range(4)))

    assert [each.status_code for each in answers] == [200] * 4
    assert scored.kinds == {"attainments": 60}
    assert scored.most == 1
    assert len(runtime.scoring_slots) == 0


async def test_two_organizations_are_scored_at_a_time_and_a_third_waits(
    client: AsyncClient, caller: Caller, scored: Scored
) -> None:
    others = [
        await sign_in(client, await make_member(await make_organization(name), role=MemberRole.ACCOUNT_ADMIN))
        for name in ("Fabrikam", "Adatum")
    ]
    scored.go_on.clear()
    requests = [asyncio.create_task(each.post(FIFTEEN)) for each in (caller, caller, *others)]
    await until(lambda: scored.at_work == SCORINGS_AT_ONCE)
    # What needs no scoring is answered meanwhile.
    assert await caller.ask("{ policy { coolOffDays } }")
    scored.go_on.set()
    answers = await asyncio.gather(*requests)

    assert [each.status_code for each in answers] == [200] * 4
    assert scored.kinds == {"attainments": 60}
    assert scored.most == SCORINGS_AT_ONCE


async def test_who_waits_longer_than_the_deadline_is_told_so_and_leaves_no_trace(
    caller: Caller, runtime: Runtime, scored: Scored, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored.go_on.clear()
    first = asyncio.create_task(caller.post(FIFTEEN))
    await until(lambda: scored.at_work == 1)
    with monkeypatch.context() as short:
        short.setattr("api.transport.execute.DEADLINE_SECONDS", 0.2)
        late = await caller.post(FIFTEEN)
    scored.go_on.set()

    assert (late.status_code, late.json()["errors"][0]["extensions"]["code"]) == (503, "DEADLINE_EXCEEDED")
    assert (await first).status_code == 200
    assert scored.kinds == {"attainments": 15}
    assert len(runtime.scoring_slots) == 0
    await caller.ask(FIFTEEN)


async def test_an_operation_that_is_cut_off_at_work_keeps_its_slot_until_the_thread_is_done(
    caller: Caller, runtime: Runtime, scored: Scored, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored.go_on.clear()
    with monkeypatch.context() as short:
        short.setattr("api.transport.execute.DEADLINE_SECONDS", 0.5)
        assert (await caller.post(FIFTEEN)).status_code == 503
    later = asyncio.create_task(caller.post(FIFTEEN))
    await asyncio.sleep(0.1)
    meanwhile = (scored.at_work, scored.kinds["attainments"])
    scored.go_on.set()

    assert (await later).status_code == 200
    assert meanwhile == (1, 1)
    # Of the one that was cut off nothing more is scored.
    assert (scored.most, scored.kinds["attainments"]) == (1, 16)
    assert len(runtime.scoring_slots) == 0


async def test_a_fault_in_scoring_releases_the_slot(
    caller: Caller, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Pieces[None]:
        yield from ()
        raise ZeroDivisionError

    with monkeypatch.context() as faulty:
        faulty.setattr(AttainmentsAt, "pieces", fail)
        codes = {code for _ in range(3) for code in await caller.refused(FIFTEEN)}

    assert codes == {"INTERNAL_FAULT"}
    assert len(runtime.scoring_slots) == 0
    await caller.ask(FIFTEEN)


@pytest.mark.parametrize(
    ("fields", "points"),
    [
        ("attainments { points }", ALONE + READING + SCORING),
        # Twice the field, and neither read nor scored twice.
        ("attainments { points } again: attainments { points }", ALONE + FIELD + READING + SCORING),
        (
            'attainments { points } other: attainments(asOf: "2026-11-04T00:00:00Z") { points }',
            ALONE + FIELD + READING + 2 * SCORING,
        ),
        ("fragility { __typename }", 2 + 1_000 + 10 + READING + CREDITS // 80),
        # Two days on which anything changes: some credits begin, and some end.
        ('forecast(until: "2027-03-01") { until }', 2 + 201 + READING + CREDITS // 12 + 2 * FORECAST_DAY_COST),
        ('forecast(until: "2026-11-03") { until }', 2 + 201 + READING + CREDITS // 12),
    ],
)
async def test_scoring_is_paid_by_the_credits_and_the_answer_tells_all_that_was_taken(
    redis: Redis, runtime: Runtime, admin: Member, fields: str, points: int
) -> None:
    async with limited(runtime) as counted, asking(counted, admin) as caller:
        # Reading the document has its price too, once.
        await caller.ask(OF_ORGANIZATION % fields)
        before, after = [(await caller.post(OF_ORGANIZATION % fields)).json()["extensions"] for _ in range(2)]

    assert before["cost"] == after["cost"] == {"requested": points, "limit": 10_000}
    assert before["rateLimit"]["remaining"] - after["rateLimit"]["remaining"] == points
    shared = [each["rateLimit"]["organization"]["remaining"] for each in (before, after)]
    assert shared[0] - shared[1] == points


async def test_an_organization_without_credits_pays_the_weight_alone(client: AsyncClient, database: str) -> None:
    small = await sign_in(client, await make_member(await make_organization(), role=MemberRole.ACCOUNT_ADMIN))

    answer = (await small.post(OF_ORGANIZATION % "attainments { points }")).json()

    assert answer["extensions"]["cost"] == {"requested": ALONE, "limit": 10_000}


async def test_what_turns_out_too_dear_is_refused_before_anything_is_read_or_scored(
    redis: Redis, runtime: Runtime, admin: Member, statements: list[str], scored: Scored
) -> None:
    points = ALONE + 14 * FIELD + READING + 15 * SCORING
    async with limited(runtime, max_cost=points - 1) as counted, asking(counted, admin) as caller:
        first, second = [await caller.post(FIFTEEN) for _ in range(2)]

    answer = second.json()
    assert "data" not in answer
    assert answer["errors"][0]["extensions"] == {"code": "COST_EXCEEDED", "cost": points, "limit": points - 1}
    assert answer["extensions"]["cost"] == {"requested": points, "limit": points - 1}
    # What it was admitted for is taken, what it was refused for is not.
    left = [each.json()["extensions"]["rateLimit"]["remaining"] for each in (first, second)]
    assert left[0] - left[1] == ALONE + 14 * FIELD
    assert (reads(statements), scored.kinds) == (0, {})


async def test_without_points_left_nothing_is_scored_and_the_seconds_told_are_enough(
    redis: Redis, runtime: Runtime, admin: Member, clock: FrozenClock, scored: Scored
) -> None:
    text, points = OF_ORGANIZATION % "attainments { points }", ALONE + READING + SCORING
    async with (
        limited(runtime, max_cost=points, rate_limit=2 * points - 1) as counted,
        asking(counted, admin) as caller,
    ):
        await caller.ask(text)
        # There is room for what is known before, and none for the scoring.
        clock.advance(timedelta(seconds=40))
        refused = await caller.post(text)
        told = int(refused.headers["Retry-After"])
        clock.advance(timedelta(seconds=told))
        after = await caller.post(text)

    answer = refused.json()
    assert refused.status_code == 429
    assert "data" not in answer
    assert answer["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfterSeconds": told}
    assert answer["extensions"]["cost"]["requested"] == points
    assert after.status_code == 200
    assert scored.kinds == {"attainments": 2}


async def test_over_a_websocket_it_is_refused_alike(
    redis: Redis, runtime: Runtime, admin: Member, client: AsyncClient
) -> None:
    cookie = (await sign_in(client, admin)).headers["Cookie"]
    async with (
        limited(runtime, max_cost=ALONE) as counted,
        served(application(counted)) as address,
        socket_to(address, Cookie=cookie, Origin=OWN_ORIGIN) as websocket,
    ):
        await websocket.introduce()
        await websocket.start(OF_ORGANIZATION % "attainments { points }", identifier="1")
        heard = await websocket.hear()

    assert (heard["type"], heard["payload"][0]["extensions"]["code"]) == ("error", "COST_EXCEEDED")


REMOVE = """removeAssociation(input: { associationId: "%s" }) { ... on AssociationRemoved { association { endedAt
    member { organization { attainments(kind: DESIGNATION) { program { key } pendingPoints } } } } } }"""


async def pending(member: Member) -> Association:
    """Let somebody have a credit that is pending and counts for a designation by itself."""
    association = await make_association(member)
    await make_credit(association, certification="MB-310", completed_at=START)
    return association


async def test_what_a_mutation_did_is_told_though_its_scoring_is_too_dear(
    redis: Redis, runtime: Runtime, admin: Member
) -> None:
    association = await pending(admin)
    text = f"mutation {{ {REMOVE % global_id(Kind.ASSOCIATION, association.id)} }}"
    async with limited(runtime, max_cost=270) as counted, asking(counted, admin) as caller:
        answer = (await caller.post(text)).json()

    told = answer["data"]["removeAssociation"]["association"]
    assert told["endedAt"]
    assert told["member"]["organization"]["attainments"] is None
    assert [each["extensions"]["code"] for each in answer["errors"]] == ["COST_EXCEEDED"]
    assert (await Association.get(id=association.id)).ended_at == START


async def test_a_mutation_s_later_fields_are_scored_by_what_the_earlier_ones_changed(
    client: AsyncClient, database: str
) -> None:
    organization = await make_organization(track=Track.SMB)
    admin = await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)
    caller = await sign_in(client, admin)
    association = await pending(admin)
    other = await make_association(admin, provider=LearningProvider.PARTNER_UNIVERSITY)
    fields = " ".join(
        f"{name}: {REMOVE % global_id(Kind.ASSOCIATION, each.id)}" for name, each in (("a", other), ("b", association))
    )

    told = await caller.ask(f"mutation {{ {fields} }}")

    points = [
        next(
            each["pendingPoints"]
            for each in told[name]["association"]["member"]["organization"]["attainments"]
            if each["program"]["key"] == "business-applications"
        )
        for name in ("a", "b")
    ]
    assert points == [4, 0]


async def test_our_own_pages_are_charged_nothing(runtime: Runtime, admin: Member) -> None:
    settings = runtime.settings.model_copy(update={"max_cost": 1})
    text = OF_ORGANIZATION % "attainments { points }"

    unmetered = replace(runtime, settings=settings)
    data = await execute_document(text, {}, viewer=viewer_of(admin), runtime=unmetered, request_id="test")

    assert data["viewer"]["organization"]["attainments"]


def test_each_part_has_a_most_so_that_an_organization_of_any_size_may_ask_one_question() -> None:
    for scoring in (AttainmentsAt(at=START), ForecastUntil(after=START, until=START.date()), FragilityAt(at=START)):
        prices = [scoring_cost(scoring, credits, days=credits // 10) for credits in (0, 100, 20_000, 10**9)]
        assert prices == sorted(prices)
        assert (prices[0], prices[-1]) == (0, MAX_PART_COST)
    assert [reading_cost(credits) for credits in (0, 100, 10**9)] == [0, 20, MAX_PART_COST]


async def test_what_credits_contribute_is_prepared_once_for_an_instant(
    caller: Caller, statements: list[str], runtime: Runtime
) -> None:
    inner, wanted = "contributions { program points reason }", 'first: 100, filter: { certification: "AZ-104" }'
    lists = f"""credits({wanted}) {{ nodes {{ id {inner} }} }}
        others: credits(last: 5) {{ nodes {{ id explanation {{ reasons {{ code }} }} }} }}
        skillsReport({wanted}) {{ nodes {{ creditId {inner} }} }}"""

    found = (await caller.ask(OF_ORGANIZATION % lists))["viewer"]["organization"]

    assert sum("row_number()" in each for each in statements) == 1
    contributions = {each["id"]: each["contributions"] for each in found["credits"]["nodes"]}
    assert any(contributions.values())
    assert contributions == {each["creditId"]: each["contributions"] for each in found["skillsReport"]["nodes"]}
    assert len(runtime.scoring_slots) == 0
