"""Lists by key and as of an instant, also inside lists."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from domain.models import Association, Credit, Member
from domain.rules.enums import LearningProvider, MemberRole
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.clock import START, FrozenClock
from tests.factories import make_association, make_credit, make_member, make_organization

CREDITS = """query ($first: Int, $after: String, $last: Int, $before: String, $filter: CreditFilter, $asOf: DateTime) {
  viewer { organization {
    credits(first: $first, after: $after, last: $last, before: $before, filter: $filter, asOf: $asOf) {
      totalCount edges { cursor node { id } }
      nodes { id status countsFrom certification { title } member { name } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""


@pytest.fixture
async def admin(client: AsyncClient, database: str) -> Member:
    return await make_member(await make_organization(), role=MemberRole.ACCOUNT_ADMIN)


@pytest.fixture
async def caller(client: AsyncClient, admin: Member) -> Caller:
    return await sign_in(client, admin)


@pytest.fixture
async def association(admin: Member) -> Association:
    return await make_association(admin)


async def page(caller: Caller, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await caller.ask(CREDITS, **variables))["viewer"]["organization"]["credits"]
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [node["id"] for node in found["nodes"]]


async def test_pages_walk_the_whole_list_in_both_directions(caller: Caller, association: Association) -> None:
    for _ in range(5):
        await make_credit(association)
    whole = await page(caller)

    first = await page(caller, first=2)
    second = await page(caller, first=2, after=first["pageInfo"]["endCursor"])
    third = await page(caller, first=2, after=second["pageInfo"]["endCursor"])
    back = await page(caller, last=2, before=third["pageInfo"]["startCursor"])

    assert whole["totalCount"] == first["totalCount"] == 5
    assert ids(first) + ids(second) + ids(third) == ids(whole)
    assert ids(back) == ids(second)
    assert [edge["node"]["id"] for edge in second["edges"]] == ids(second)
    assert [part["pageInfo"]["hasNextPage"] for part in (first, second, third)] == [True, True, False]
    assert [part["pageInfo"]["hasPreviousPage"] for part in (first, second, third)] == [False, True, True]


async def test_an_empty_list_is_a_page_without_cursors(caller: Caller) -> None:
    found = await page(caller)

    assert (found["totalCount"], found["nodes"]) == (0, [])
    assert found["pageInfo"] == {
        "hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None
    }  # fmt: skip


async def test_status_is_that_of_the_instant_asked_for(caller: Caller, association: Association) -> None:
    await make_credit(association, expires_at=START + timedelta(days=100))
    instants = [START, START + timedelta(days=10), START + timedelta(days=100)]

    found = [await page(caller, asOf=instant.isoformat()) for instant in instants]

    assert [part["nodes"][0]["status"] for part in found] == ["PENDING", "COUNTING", "ENDED"]
    assert found[0]["nodes"][0]["countsFrom"] == "2026-11-13T14:30:00Z"
    assert found[0]["nodes"][0]["certification"]["title"]


async def test_time_passes_without_asking_for_an_instant(
    caller: Caller, association: Association, clock: FrozenClock
) -> None:
    await make_credit(association)

    before = (await page(caller))["nodes"][0]["status"]
    clock.advance(timedelta(days=10))

    assert (before, (await page(caller))["nodes"][0]["status"]) == ("PENDING", "COUNTING")


async def test_filters_narrow_the_list(caller: Caller, association: Association) -> None:
    await make_credit(association, certification="AZ-104")
    await make_credit(association, certification="AZ-305")

    assert (await page(caller, filter={"certification": "AZ-305"}))["totalCount"] == 1
    assert (await page(caller, filter={"statuses": ["PENDING"]}))["totalCount"] == 2
    assert (await page(caller, filter={"statuses": []}))["totalCount"] == 0
    assert (await page(caller, filter={"statuses": None, "provider": "PARTNER_UNIVERSITY"}))["totalCount"] == 0
    assert await caller.refused(CREDITS, filter={"certification": "x" * 101}) == ["INVALID_INPUT"]
    assert await caller.refused(
        '{ viewer { member { credits(filter: {certification: "\\u0000"}) { totalCount } } } }'
    ) == ["INVALID_INPUT"]


async def test_the_summary_counts_what_the_list_lists(caller: Caller, association: Association) -> None:
    await make_credit(association)
    await make_credit(association, certification="NO-SUCH-CODE")

    data = await caller.ask(
        """query ($asOf: DateTime) { viewer { organization { creditStatus(asOf: $asOf) {
             pending counting ended endingSoon overdue nextDueAt asOf } } } }""",
        asOf="2026-11-03T15:30:00+01:00",
    )

    assert data["viewer"]["organization"]["creditStatus"] == {
        "pending": 1, "counting": 0, "ended": 0, "endingSoon": 0, "overdue": 0,
        "nextDueAt": "2026-11-13T14:30:00Z", "asOf": "2026-11-03T14:30:00Z",
    }  # fmt: skip


async def test_lists_inside_a_list_are_read_at_once_and_each_is_told_apart(
    caller: Caller, admin: Member, association: Association, statements: list[str]
) -> None:
    for provider, number in ((LearningProvider.PARTNER_UNIVERSITY, 3), (LearningProvider.MICROSOFT_LEARN, 2)):
        person = await make_member(await admin.organization)
        other = await make_association(person, provider=provider)
        for _ in range(number):
            await make_credit(other)
    statements.clear()

    data = await caller.ask(
        """{ viewer { organization { members(first: 3) { nodes {
             id credits(first: 2) { totalCount nodes { member { id } } pageInfo { hasNextPage } }
             last: credits(last: 1) { nodes { id } }
             associations(first: 2) { nodes {
               credits(first: 2) { nodes { id contributions { program } } } } } } } } } }"""
    )

    people = data["viewer"]["organization"]["members"]["nodes"]
    assert [person["credits"]["totalCount"] for person in people] == [2, 3, 0]
    assert [person["credits"]["pageInfo"]["hasNextPage"] for person in people] == [False, True, False]
    assert {(node["member"]["id"] == person["id"]) for person in people for node in person["credits"]["nodes"]} == {
        True
    }
    assert [len(person["last"]["nodes"]) for person in people] == [1, 1, 0]
    assert [[len(each["credits"]["nodes"]) for each in person["associations"]["nodes"]] for person in people] == [
        [2], [2], [0]
    ]  # fmt: skip
    # The session, the viewer, the members, their credits by both pages, their associations and the credits of these,
    # and by four statements what they contribute.
    assert len(statements) == 11


async def test_no_credit_is_left_out_of_its_association_s_list(caller: Caller, association: Association) -> None:
    await make_credit(association)

    data = await caller.ask("{ viewer { member { associations(active: true) { nodes { credits { totalCount } } } } } }")

    assert data["viewer"]["member"]["associations"]["nodes"] == [{"credits": {"totalCount": 1}}]
    assert await Credit.all().count() == 1
