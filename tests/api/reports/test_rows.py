"""The report's rows: what they tell, to whom, and at what cost."""

from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import opaque
from domain.models import Credit, Member
from domain.queries.credits import FROM_CREDIT
from domain.rules.enums import MemberRole
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.api.reports.walking import REPORT, REPORT_WITH_CONTRIBUTIONS, page
from tests.clock import START
from tests.factories import make_association, make_credit, make_member, make_organization


async def test_a_row_tells_who_earned_what_and_from_when_until_when_it_counts(caller: Caller, admin: Member) -> None:
    credit = await make_credit(await make_association(admin), expires_at=START + timedelta(days=100))

    found = await page(caller)

    assert found["asOf"] == "2026-11-03T14:30:00Z"
    assert found["nodes"] == [
        {
            "creditId": opaque(f"cre:{credit.id}"),
            "person": {"memberId": opaque(f"mem:{admin.id}"), "name": "Nadia Novak", "workEmail": admin.work_email},
            "certification": {"code": "AZ-104", "title": "Azure Administrator Associate", "level": "ASSOCIATE"},
            "provider": "MICROSOFT_LEARN",
            "completedAt": "2026-11-03T14:30:00Z",
            "expiresAt": "2027-02-11T14:30:00Z",
            "countsFrom": "2026-11-13T14:30:00Z",
            "countsUntil": "2027-02-11T14:30:00Z",
            "status": "PENDING",
            "endReason": "EXPIRED",
            "ineligibleReason": None,
        }
    ]


async def test_contributions_tell_which_requirement_a_credit_counts_for_or_why_not(
    caller: Caller, credits: list[Credit]
) -> None:
    found = await page(caller, REPORT_WITH_CONTRIBUTIONS, first=100, filter={"certification": "SC-300"})

    told = [
        {(each["program"], each["step"], each["points"], each["reason"]) for each in row["contributions"]}
        for row in found["nodes"]
        if row["status"] == "PENDING"
    ]
    assert len(told) == 4
    assert all(("security", 3, 0, "PENDING") in each for each in told)


async def test_what_has_ended_contributes_nothing(caller: Caller, credits: list[Credit]) -> None:
    found = await page(caller, REPORT_WITH_CONTRIBUTIONS, first=100, filter={"statuses": ["ENDED"]})

    assert {row["status"] for row in found["nodes"]} == {"ENDED"}
    assert [row["contributions"] for row in found["nodes"] if row["contributions"]] == []


async def test_what_never_counts_is_the_persons_alone(caller: Caller, credits: list[Credit]) -> None:
    """R17: it was never credited to the organization."""
    found = await page(caller, first=100, filter={"statuses": ["INELIGIBLE"]})

    assert sum(credit.ineligible_reason is not None for credit in credits) == 4
    assert (found["totalCount"], found["nodes"]) == (0, [])


async def test_nothing_from_before_the_association_or_the_completion_is_told(
    caller: Caller, credits: list[Credit]
) -> None:
    assert (await page(caller, asOf=(START - timedelta(days=41)).isoformat()))["totalCount"] == 0
    assert (await page(caller, asOf=(START - timedelta(days=1)).isoformat()))["totalCount"] == 11
    assert (await page(caller, asOf=START.isoformat()))["totalCount"] == 12


@pytest.mark.parametrize("role", ["nobody", "member", "foreign admin"])
async def test_only_the_organization_s_admins_have_a_report(
    client: AsyncClient, nobody: Caller, admin: Member, credits: list[Credit], role: str
) -> None:
    organization = await admin.organization
    foreign = await make_member(await make_organization("Fabrikam"), role=MemberRole.GLOBAL_ADMIN)
    callers = {
        "nobody": nobody,
        "member": await sign_in(client, await make_member(organization)),
        "foreign admin": await sign_in(client, foreign),
    }

    data = await callers[role].ask(
        """query ($id: ID!) { organization(id: $id) { skillsReport { totalCount } }
             viewer { organization { skillsReport { totalCount } } } }""",
        id=opaque(f"org:{organization.id}"),
    )

    own = {"skillsReport": {"totalCount": 0} if role == "foreign admin" else None}
    assert data == {
        "organization": own if role == "member" else None,
        "viewer": None if role == "nobody" else {"organization": own},
    }


@pytest.mark.parametrize(("query", "expected"), [(REPORT, 3), (REPORT_WITH_CONTRIBUTIONS, 7)])
async def test_a_page_costs_the_same_number_of_statements_whatever_its_size(
    caller: Caller, credits: list[Credit], statements: list[str], query: str, expected: int
) -> None:
    counts = []
    for first in (1, 16):
        statements.clear()
        await page(caller, query, first=first)
        counts.append(len(statements))

    # The session, the viewer and the page; then the programs, the track, who takes the places, and what people have.
    assert counts == [expected, expected]


async def test_the_whole_is_counted_only_where_that_is_asked_for(
    caller: Caller, credits: list[Credit], statements: list[str]
) -> None:
    asked = {
        "nodes { creditId }": False,
        "totalCount": True,
        "pageInfo { endCursor } edges { cursor }": False,
        "length: totalCount": True,
        "nodes { creditId } ... on SkillsReportConnection { ...Length }": True,
    }
    fragment = " fragment Length on SkillsReportConnection { totalCount }"

    counted = {}
    for selection in asked:
        statements.clear()
        query = f"{{ viewer {{ organization {{ skillsReport {{ {selection} }} }} }} }}"
        await caller.ask(query + fragment if "Length" in selection else query)
        counted[selection] = any("count(*)" in sql for sql in statements if FROM_CREDIT in sql)

    assert counted == asked
