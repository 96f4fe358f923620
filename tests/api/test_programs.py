"""Programs, attainments, forecasts and fragility."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import program_id, program_key
from bench.rows import fill
from domain.database.pool import connection
from domain.models import Member, Organization
from domain.rules.enums import MemberRole, Track
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.clock import START, FrozenClock
from tests.factories import make_association, make_credit, make_member, make_organization

ATTAINMENT = """program { id key kind title edition published trackRule tracks maxima { metric points } }
  edition track points maxPoints neededPoints pendingPoints attained asOf
  metrics { metric points maxPoints pendingPoints attained }
  requirements { counting pending missing spare points met
    requirement { metric track step role needed maxPoints certifications designations note since } }"""
ATTAINMENTS = f"""query ($asOf: DateTime, $kind: ProgramKind) {{
  viewer {{ organization {{ track attainments(asOf: $asOf, kind: $kind) {{ {ATTAINMENT} }} }} }} }}"""
FORECAST = f"""query ($until: Date!, $program: ID) {{ viewer {{ organization {{
  forecast(until: $until, programId: $program) {{
    asOf until attainments {{ points program {{ key }} }}
    steps {{ date asOf
      causes {{ kind at edition credit {{
        creditId countsFrom countsUntil member {{ name workEmail }} certification {{ code title }} }} }}
      attainments {{ points program {{ key }} }} changed {{ {ATTAINMENT} }} }} }} }} }} }}"""
FRAGILITY = """query ($asOf: DateTime) { viewer { organization { fragility(asOf: $asOf) {
  attainment { program { key } attained }
  requirements { spare attainment { counting requirement { step role needed } } }
  criticalMembers { name } criticalCredits { creditId member { name } certification { code } countsUntil } } } } }"""
DUE = "2026-11-13T14:30:00Z"


@pytest.fixture
async def organization(client: AsyncClient, database: str) -> Organization:
    return await make_organization(track=Track.SMB)


@pytest.fixture
async def caller(client: AsyncClient, organization: Organization) -> Caller:
    return await sign_in(client, await make_member(organization, role=MemberRole.ACCOUNT_ADMIN, name="Nadia Novak"))


@pytest.fixture
async def amara(organization: Organization) -> Member:
    """Somebody with half of what Business Applications asks for on the SMB track."""
    member = await make_member(organization, name="Amara Osei")
    association = await make_association(member)
    for certification in ("MB-310", "MB-820"):
        await make_credit(association, certification=certification, completed_at=START)
    return member


async def of_organization(caller: Caller, query: str, **variables: Any) -> Any:
    return (await caller.ask(query, **variables))["viewer"]["organization"]


async def test_an_attainment_is_as_of_the_instant_asked_for(caller: Caller, amara: Member) -> None:
    found = [
        {each["program"]["key"]: each for each in (await of_organization(caller, ATTAINMENTS, asOf=at))["attainments"]}
        for at in (None, DUE, "2025-06-01T02:00:00+02:00")
    ]

    now, due = (each["business-applications"] for each in found[:2])
    past = found[2]["security"]
    assert (now["points"], now["pendingPoints"], now["attained"], now["track"]) == (0, 11.5, False, "SMB")
    assert (due["points"], due["maxPoints"], due["neededPoints"], due["attained"]) == (11.5, 35, 5, True)
    assert due["metrics"][0] == {
        "metric": "SKILLING_INTERMEDIATE", "points": 4, "maxPoints": 20, "pendingPoints": 0, "attained": True
    }  # fmt: skip
    assert due["requirements"][1]["requirement"]["certifications"] == [
        "AB-100", "MB-335", "MB-700", "MB-820", "PL-600"
    ]  # fmt: skip
    assert {key: due["requirements"][1][key] for key in ("counting", "pending", "missing", "spare", "met")} == {
        "counting": 1, "pending": 0, "missing": 1, "spare": 0, "met": False
    }  # fmt: skip
    assert (due["asOf"], past["asOf"]) == (DUE, "2025-06-01T00:00:00Z")
    assert (due["edition"], past["edition"], past["pendingPoints"]) == ("2026-08", "2023-10", 0)


async def test_attainments_of_one_kind(caller: Caller) -> None:
    kinds = [
        {each["program"]["kind"] for each in (await of_organization(caller, ATTAINMENTS, kind=kind))["attainments"]}
        for kind in ("DESIGNATION", "SPECIALIZATION", None)
    ]

    assert kinds == [{"DESIGNATION"}, {"SPECIALIZATION"}, {"DESIGNATION", "SPECIALIZATION"}]


async def test_a_forecast_names_the_day_the_cause_and_what_comes_of_it(caller: Caller, amara: Member) -> None:
    found = (await of_organization(caller, FORECAST, until="2026-12-31"))["forecast"]

    assert (found["asOf"], found["until"]) == ("2026-11-03T14:30:00Z", "2026-12-31")
    (step,) = found["steps"]
    assert (step["date"], step["asOf"]) == ("2026-11-13", "2026-11-13T23:59:59.999999Z")
    assert [(each["kind"], each["at"], each["edition"]) for each in step["causes"]] == [
        ("CREDIT_DUE", DUE, None),
        ("CREDIT_DUE", DUE, None),
    ]
    credit = step["causes"][0]["credit"]
    assert credit["member"] == {"name": "Amara Osei", "workEmail": amara.work_email}
    assert credit["certification"]["code"] == "MB-310"
    assert credit["certification"]["title"]
    (changed,) = step["changed"]
    asked = await of_organization(caller, ATTAINMENTS, asOf=step["asOf"])
    assert changed == next(each for each in asked["attainments"] if each["program"]["key"] == "business-applications")
    assert step["attainments"] == [
        {"points": each["points"], "program": {"key": each["program"]["key"]}} for each in asked["attainments"]
    ]


async def test_a_forecast_of_one_program_leaves_out_what_is_none_of_it(caller: Caller, amara: Member) -> None:
    program, other = program_id("business-applications"), program_id("security")

    found = [
        (await of_organization(caller, FORECAST, until="2026-12-31", program=each))["forecast"]
        for each in (program, other)
    ]

    assert [len(each["steps"]) for each in found] == [1, 0]
    assert [[each["program"]["key"] for each in part["attainments"]] for part in found] == [
        ["business-applications"],
        ["security"],
    ]


@pytest.mark.parametrize("until", ["2026-11-02", "2031-11-04", "9999-12-31"])
async def test_a_forecast_neither_looks_back_nor_beyond_five_years(caller: Caller, until: str) -> None:
    assert await caller.refused(FORECAST, until=until) == ["INVALID_INPUT"]


@pytest.mark.parametrize("until", ["2026-11-3", "20261103", "2026-02-30", "2026-11-03T00:00:00Z", "", 20261103])
async def test_a_date_is_a_date(caller: Caller, until: object) -> None:
    assert await caller.refused(FORECAST, until=until) == ["VARIABLES_INVALID"]


@pytest.mark.parametrize("program", ["security", "nothing", program_id("nothing"), program_id("sécurité"), ""])
async def test_an_unknown_program_is_not_found(caller: Caller, program: str) -> None:
    assert await caller.refused(FORECAST, until="2026-12-31", program=program) == ["NOT_FOUND"]


async def test_what_an_attainment_hangs_on_has_names(caller: Caller, amara: Member) -> None:
    (finding,) = (await of_organization(caller, FRAGILITY, asOf=DUE))["fragility"]

    assert finding["attainment"] == {"program": {"key": "business-applications"}, "attained": True}
    assert finding["criticalMembers"] == [{"name": "Amara Osei"}]
    assert {each["certification"]["code"] for each in finding["criticalCredits"]} == {"MB-310", "MB-820"}
    assert [each["spare"] for each in finding["requirements"]] == [0, 0]


async def test_a_member_is_told_nothing_of_the_organization_s_programs(client: AsyncClient, amara: Member) -> None:
    member = await sign_in(client, amara)

    answers = [await of_organization(member, query, until="2026-12-31") for query in (ATTAINMENTS, FORECAST, FRAGILITY)]

    assert answers == [{"track": "SMB", "attainments": None}, {"forecast": None}, {"fragility": None}]


PROGRAMS = """query ($asOf: DateTime, $kind: ProgramKind) { programs(asOf: $asOf, kind: $kind) {
  id key kind title edition published requirements { step certifications note } } }"""


async def test_programs_are_those_in_force(caller: Caller) -> None:
    before, after, ahead = [
        {each["key"]: each for each in (await caller.ask(PROGRAMS, asOf=at))["programs"]}
        for at in ("2026-07-31T23:59:59.999999Z", "2026-08-01T00:00:00Z", "2040-01-01T00:00:00Z")
    ]

    assert "information-protection" in before
    assert "information-protection" not in after
    assert after["data-security"]["requirements"][1]["note"]
    assert after == ahead
    assert {each["published"] for each in after.values()} == {True, False}
    assert program_key(after["security"]["id"]) == "security"
    kinds = [(await caller.ask(PROGRAMS, kind=kind))["programs"] for kind in ("DESIGNATION", "SPECIALIZATION")]
    assert [{each["kind"] for each in part} for part in kinds] == [{"DESIGNATION"}, {"SPECIALIZATION"}]
    assert sum(len(part) for part in kinds) == len(after)
    assert (await caller.ask(PROGRAMS, asOf="2000-01-01T00:00:00Z"))["programs"] == []


CERTIFICATIONS = """query ($text: String, $first: Int, $after: String, $last: Int, $before: String) {
  certifications(query: $text, first: $first, after: $after, last: $last, before: $before) { totalCount
    nodes { code title level provider retirement { retiresOn rule eligibleUntil } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def test_certifications_are_walked_by_code(caller: Caller) -> None:
    codes: list[str] = []
    after = None
    while True:
        page = (await caller.ask(CERTIFICATIONS, first=30, after=after))["certifications"]
        codes += [node["code"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert (codes, len(codes)) == (sorted(set(codes)), page["totalCount"])
    back = (await caller.ask(CERTIFICATIONS, last=5, before=after))["certifications"]
    assert [node["code"] for node in back["nodes"]] == codes[-6:-1]


@pytest.mark.parametrize(("text", "found"), [("az-104", ["AZ-104"]), ("  ", None), ("%", []), ("SC-50", ["SC-500"])])
async def test_certifications_are_found_by_code_and_title(caller: Caller, text: str, found: list[str] | None) -> None:
    page = (await caller.ask(CERTIFICATIONS, text=text, first=100))["certifications"]

    codes = [node["code"] for node in page["nodes"]]
    assert len(codes) > 50 if found is None else codes == found
    assert page["totalCount"] == len(codes)


async def test_a_certification_tells_of_its_retirement(caller: Caller) -> None:
    page = (await caller.ask(CERTIFICATIONS, text="MS-500"))["certifications"]

    (node,) = page["nodes"]
    assert node["provider"] == "MICROSOFT_LEARN"
    assert node["retirement"]["retiresOn"] < "2026-11-03"


@pytest.mark.parametrize("text", ["x" * 201, "\x7f", "a\nb"])
async def test_what_no_certification_can_have_is_refused(caller: Caller, text: str) -> None:
    assert await caller.refused(CERTIFICATIONS, text=text) == ["INVALID_INPUT"]


async def test_a_cursor_of_another_list_is_refused(caller: Caller, amara: Member) -> None:
    page = (await caller.ask("{ viewer { organization { credits { pageInfo { endCursor } } } } }"))["viewer"]

    cursor = page["organization"]["credits"]["pageInfo"]["endCursor"]

    assert await caller.refused(CERTIFICATIONS, after=cursor) == ["INVALID_INPUT"]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        # The session, the viewer's organization, how many credits it has, its facts and the editions; for a forecast
        # the number of days; then people and certifications by name.
        (ATTAINMENTS, 5),
        (FORECAST, 8),
        (FRAGILITY, 7),
        (PROGRAMS, 2),
        # The list, and what the catalog says of all in it.
        (CERTIFICATIONS, 3),
    ],
)
async def test_questions_cost_the_same_number_of_statements_however_much_there_is(
    caller: Caller, amara: Member, organization: Organization, statements: list[str], query: str, number: int
) -> None:
    counts = []

    for members in (0, 20):
        async with connection() as current:
            await fill(current, organization_id=organization.id, members=members, credits_each=10, at=START)
        statements.clear()
        await caller.ask(query, until="2027-11-01", asOf=DUE)
        counts.append(len(statements))

    assert counts == [number, number]


async def test_time_goes_on_by_itself(caller: Caller, amara: Member, clock: FrozenClock) -> None:
    before = await of_organization(caller, FRAGILITY)
    clock.advance(timedelta(days=10))

    after = await of_organization(caller, FRAGILITY)

    assert ([len(each["fragility"]) for each in (before, after)]) == [0, 1]
