"""Explanations of credits, and who may read them (R17)."""

from dataclasses import replace
from typing import Any

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id, program_id
from domain.catalog import shipped_catalog
from domain.models import Association, Credit, Member, Organization
from domain.operations.catalog import import_catalog
from domain.operations.credits import propagate_credits
from domain.rules.enums import CertificationLevel, MemberRole, Track
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.clock import START, FrozenClock
from tests.domain.instants import DAY
from tests.factories import make_association, make_credit, make_member, make_organization

SHIPPED = shipped_catalog()
WHY = """status explanation { summary countsFromEarliest reasons {
    code met since expectedAt actor action evidenceId contribution { program step } } }
  contributions { program programTitle edition track metric step role points reason }
  timeline { kind at recordedAt expected endReason }"""
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Credit {{ {WHY} }} }} }}"
OWN = f"""query ($asOf: DateTime, $first: Int) {{ viewer {{ member {{
  credits(asOf: $asOf, first: $first) {{ edges {{ node {{ ...Why }} }} }} }} }} }} fragment Why on Credit {{ {WHY} }}"""
OF_ORGANIZATION = f"""query ($asOf: DateTime, $first: Int) {{ viewer {{ organization {{
  credits(asOf: $asOf, first: $first) {{ nodes {{ member {{ name }} {WHY} }} }} }} }} }}"""


@pytest.fixture
async def organization(client: AsyncClient, database: str) -> Organization:
    return await make_organization(track=Track.SMB)


@pytest.fixture
async def amara(organization: Organization) -> Member:
    return await make_member(organization, name="Amara Osei")


@pytest.fixture
async def association(amara: Member) -> Association:
    return await make_association(amara)


@pytest.fixture
async def credit(association: Association) -> Credit:
    """The elective step of Infrastructure, whose gate is unmet."""
    return await make_credit(association, certification="AZ-700", completed_at=START)


@pytest.fixture
async def caller(client: AsyncClient, amara: Member) -> Caller:
    return await sign_in(client, amara)


async def why(caller: Caller, credit: Credit) -> dict[str, Any]:
    found: dict[str, Any] = (await caller.ask(NODE, id=global_id(Kind.CREDIT, credit.id)))["node"]
    return found


async def test_a_pending_credit_says_what_it_waits_for(caller: Caller, credit: Credit) -> None:
    found = await why(caller, credit)

    assert found["explanation"]["countsFromEarliest"] == "2026-11-13T14:30:00Z"
    assert found["explanation"]["summary"] == "Counts from 13 November 2026."
    assert found["explanation"]["reasons"][0] == {
        "code": "WAITING", "met": False, "since": "2026-11-03T14:30:00Z", "expectedAt": "2026-11-13T14:30:00Z",
        "actor": "NOBODY", "action": "Nothing needs doing: it begins to count by itself.",
        "evidenceId": global_id(Kind.CREDIT, credit.id), "contribution": None,
    }  # fmt: skip
    assert [(each["code"], each["met"]) for each in found["explanation"]["reasons"][1:]] == [
        ("NOT_ASSOCIATED", True),
        ("EXPIRED", True),
    ]
    assert found["explanation"]["reasons"][1]["evidenceId"] == global_id(Kind.ASSOCIATION, credit.association_id)
    assert {each["reason"] for each in found["contributions"]} == {"PENDING"}


async def test_a_counting_credit_without_points_says_which_requirement_keeps_it_back(
    caller: Caller, credit: Credit, clock: FrozenClock
) -> None:
    clock.advance(10 * DAY)
    await propagate_credits(now=clock.now)

    found = await why(caller, credit)

    assert found["status"] == "COUNTING"
    assert found["contributions"] == [
        {
            "program": "infrastructure", "programTitle": "Infrastructure (Azure)", "edition": "2026-08",
            "track": "SMB", "metric": "SKILLING_INTERMEDIATE", "step": 2, "role": "ELECTIVE", "points": 0,
            "reason": "GATE_UNMET",
        }
    ]  # fmt: skip
    reason = found["explanation"]["reasons"][-1]
    assert (reason["code"], reason["met"], reason["actor"]) == ("GATE_UNMET", False, "ADMIN")
    assert reason["evidenceId"] == program_id("infrastructure")
    assert reason["contribution"] == {"program": "infrastructure", "step": 2}
    assert [(each["kind"], each["recordedAt"] is not None, each["expected"]) for each in found["timeline"]] == [
        ("COMPLETED", True, False),
        ("ASSOCIATED", True, False),
        ("RECORDED", True, False),
        ("DUE", False, False),
        ("COUNTED", True, False),
        ("RENEWAL_OPENS", False, True),
        ("ENDED", False, True),
    ]


async def test_a_renewal_opens_as_the_imported_catalog_says(caller: Caller, credit: Credit) -> None:
    """Not as the one says that ships with certlink."""
    level = replace(SHIPPED.levels[CertificationLevel.ASSOCIATE], renewal_opens_months=2)
    await import_catalog(now=START, catalog=replace(SHIPPED, levels={**SHIPPED.levels, level.level: level}))

    found = await why(caller, credit)

    opens = [event for event in found["timeline"] if event["kind"] == "RENEWAL_OPENS"]
    assert [event["at"] for event in opens] == ["2027-09-03T14:30:00Z"]
    assert found["explanation"]["reasons"][2]["action"] == (
        "Renew it before 3 November 2027, from 3 September 2027 on, and it keeps counting."
    )


async def test_lists_tell_the_same_at_their_instant(
    client: AsyncClient, caller: Caller, organization: Organization, credit: Credit, clock: FrozenClock
) -> None:
    admin = await sign_in(client, await make_member(organization, role=MemberRole.ACCOUNT_ADMIN))
    asked = "2026-11-13T14:30:00Z"
    own = (await caller.ask(OWN, asOf=asked))["viewer"]["member"]["credits"]["edges"][0]["node"]
    (seen,) = (await admin.ask(OF_ORGANIZATION, asOf=asked))["viewer"]["organization"]["credits"]["nodes"]
    clock.advance(10 * DAY)

    found = await why(caller, credit)

    assert own == found
    assert seen == {"member": {"name": "Amara Osei"}, **found}


async def test_a_cap_does_not_tell_who_reached_it(
    caller: Caller, organization: Organization, association: Association, clock: FrozenClock
) -> None:
    """Two people give all that the advanced step of Business Applications can have on the SMB track."""
    for name in ("Jonas Lindqvist", "Priya Raman"):
        earlier = await make_association(await make_member(organization, name=name), started_at=START - DAY)
        await make_credit(earlier, certification="MB-820")
    credit = await make_credit(association, certification="AB-100")
    clock.advance(10 * DAY)

    response = await caller.post(NODE, id=global_id(Kind.CREDIT, credit.id))

    assert '"CAP_REACHED"' in response.text
    assert not {"Jonas", "Priya", "person"} & set(response.text.replace('"', " ").split())
    assert "Lindqvist" not in response.text


@pytest.mark.parametrize("who", ["colleague", "foreign_admin", "nobody"])
async def test_other_people_s_credits_are_not_explained(
    client: AsyncClient, nobody: Caller, organization: Organization, credit: Credit, who: str
) -> None:
    others = {
        "colleague": await sign_in(client, await make_member(organization)),
        "foreign_admin": await sign_in(
            client, await make_member(await make_organization("Fabrikam"), role=MemberRole.GLOBAL_ADMIN)
        ),
        "nobody": nobody,
    }

    assert (await others[who].ask(NODE, id=global_id(Kind.CREDIT, credit.id)))["node"] is None


@pytest.mark.parametrize("query", [OWN, OF_ORGANIZATION])
async def test_explaining_a_list_costs_the_same_number_of_statements_whatever_its_size(
    client: AsyncClient, organization: Organization, association: Association, statements: list[str], query: str
) -> None:
    admin = await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)
    own = await make_association(admin)
    for each in (association, own):
        for certification in ("AZ-700", "AZ-104", "SC-200"):
            await make_credit(each, certification=certification)
    caller = await sign_in(client, admin)
    counts = []

    for first in (1, 6):
        statements.clear()
        await caller.ask(query, first=first)
        counts.append(len(statements))

    assert counts[0] == counts[1]
    assert counts[0] <= 7


async def test_what_nobody_asks_for_is_not_looked_up(caller: Caller, credit: Credit, statements: list[str]) -> None:
    await caller.ask("{ viewer { member { credits { nodes { explanation { summary } timeline { at } } } } } }")

    assert len(statements) == 3
