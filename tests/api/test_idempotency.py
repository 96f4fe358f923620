"""Idempotency keys of every mutation."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from domain.models import ApiClient, Association, AssociationAttempt, AuditEvent, Member
from domain.rules.enums import MemberRole
from tests.api.administration import MUTATIONS, House, make_house
from tests.api.caller import Caller
from tests.clock import FrozenClock
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import make_association, make_credit

KEY = {"idempotencyKey": "6f1c2f0e-0e6d-4d7a-9f43-1f2f8a4f1f10"}
# What makes each mutation's input another one.
OTHER: dict[str, dict[str, Any]] = {
    "inviteMembers": {"members": [{"workEmail": "other@contoso.example"}]},
    "correctInvitation": {"workEmail": "third@contoso.example"},
    "resendInvitation": {"invitationId": global_id(Kind.INVITATION, 2**62)},
    "cancelInvitation": {"invitationId": global_id(Kind.INVITATION, 2**62)},
    "changeMemberRole": {"role": "MEMBER"},
    "confirmWorkAccount": {"isSamePerson": False},
    "removeMember": {"memberId": global_id(Kind.MEMBER, 2**62)},
}
ASSOCIATE = """mutation ($input: AssociateLearningAccountInput!) { associateLearningAccount(input: $input) {
  __typename ... on AssociationStarted { authorizationUrl attempt { id status expiresAt } }
  ... on Refusal { code } } }"""
REMOVE = """mutation ($input: RemoveAssociationInput!) { removeAssociation(input: $input) {
  __typename ... on AssociationRemoved { creditsEnded nextAvailableAt association { id endedAt } }
  ... on Refusal { code } } }"""


@pytest.fixture
async def house(client: AsyncClient, nobody: Caller) -> House:
    return await make_house(client, nobody)


@pytest.fixture
def caller(house: House) -> Caller:
    return house.callers["member"]


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_what_an_admin_asks_again_is_answered_alike_and_done_once(
    house: House, mutation: str, clock: FrozenClock
) -> None:
    first = await house.do("admin", mutation, **KEY)
    done = await AuditEvent.all().count()

    async with leaving_no_trace():
        again = await house.do("admin", mutation, **KEY)

    assert again == first
    assert done == 1
    async with leaving_no_trace():
        other = await house.do("admin", mutation, **KEY, **OTHER[mutation])
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_starting_an_association_again_has_the_same_attempt_and_address(caller: Caller) -> None:
    wanted = {"provider": "MICROSOFT_LEARN", **KEY}

    first = await caller.ask(ASSOCIATE, input=wanted)
    again = await caller.ask(ASSOCIATE, input=wanted | {"returnTo": None})
    other = await caller.ask(ASSOCIATE, input=wanted | {"returnTo": "/profile"})

    assert again == first
    assert other["associateLearningAccount"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert await AssociationAttempt.all().count() == 1


async def test_creating_an_api_client_again_has_the_same_client_and_shows_its_key_no_more(house: House) -> None:
    """A key is stored as a hash only, in outcomes too; who lost the first answer rotates for another one."""
    create = """mutation ($input: CreateApiClientInput!) { createApiClient(input: $input) {
      ... on ApiClientCreated { secret apiClient { id } } } }"""
    wanted = {"name": "Report reader", "scopes": ["REPORT_READ"], **KEY}

    first, again = [await house.callers["admin"].ask(create, input=wanted) for _ in range(2)]

    assert again["createApiClient"] == first["createApiClient"] | {"secret": None}
    assert first["createApiClient"]["secret"]
    assert await ApiClient.all().count() == 1


async def test_removing_an_association_again_tells_what_ended_the_first_time(
    caller: Caller, house: House, clock: FrozenClock
) -> None:
    association = await make_association(house.member)
    await make_credit(association)
    wanted = {"associationId": global_id(Kind.ASSOCIATION, association.id), **KEY}
    clock.advance(timedelta(days=1))

    first = await caller.ask(REMOVE, input=wanted)
    clock.advance(timedelta(hours=23))
    again = await caller.ask(REMOVE, input=wanted)
    clock.advance(timedelta(hours=1))
    too_late = await caller.ask(REMOVE, input=wanted)

    assert again == first
    assert first["removeAssociation"]["creditsEnded"] == 1
    assert too_late["removeAssociation"]["code"] == "NOT_FOUND"


async def test_each_address_that_was_refused_is_refused_alike(house: House) -> None:
    members: list[dict[str, str]] = [
        {"workEmail": "new@contoso.example"},
        {"workEmail": "nonsense"},
        {"workEmail": house.admin.work_email},
        {"workEmail": "boss@contoso.example", "role": "GLOBAL_ADMIN"},
    ]

    first = await house.do("admin", "inviteMembers", members=members, **KEY)
    again = await house.do("admin", "inviteMembers", members=members, **KEY)

    assert again == first
    assert [each["refusal"] and each["refusal"]["code"] for each in first["outcomes"]] == [
        None, "INVALID_INPUT", "ALREADY_MEMBER", "FORBIDDEN",
    ]  # fmt: skip


async def test_a_key_belongs_to_one_mutation(house: House) -> None:
    await house.do("admin", "resendInvitation", **KEY)

    assert (await house.do("admin", "cancelInvitation", **KEY))["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_a_repeated_request_may_select_other_fields(caller: Caller) -> None:
    wanted = {"provider": "MICROSOFT_LEARN", **KEY}
    first = await caller.ask(ASSOCIATE, input=wanted)

    again = await caller.ask(
        """mutation ($input: AssociateLearningAccountInput!) { mine: associateLearningAccount(input: $input) {
             ... on AssociationStarted { attempt { provider id } } } }""",
        input=wanted,
    )

    identifier = first["associateLearningAccount"]["attempt"]["id"]
    assert again == {"mine": {"attempt": {"provider": "MICROSOFT_LEARN", "id": identifier}}}


async def test_requests_at_once_start_one_attempt(caller: Caller) -> None:
    wanted = {"provider": "MICROSOFT_LEARN", **KEY}

    answers = await asyncio.gather(*(caller.ask(ASSOCIATE, input=wanted) for _ in range(4)))

    assert all(answer == answers[0] for answer in answers)
    assert await AssociationAttempt.all().count() == 1


async def test_a_refused_request_may_be_tried_again_under_its_key(
    caller: Caller, house: House, clock: FrozenClock
) -> None:
    association = await make_association(house.member)
    wanted = {"provider": "MICROSOFT_LEARN", **KEY}

    async with leaving_no_trace():
        refused = await caller.ask(ASSOCIATE, input=wanted)
    await caller.ask(REMOVE, input={"associationId": global_id(Kind.ASSOCIATION, association.id)})
    clock.advance(timedelta(days=30))
    started = await caller.ask(ASSOCIATE, input=wanted)

    assert refused["associateLearningAccount"]["code"] == "ALREADY_ASSOCIATED"
    assert started["associateLearningAccount"]["__typename"] == "AssociationStarted"


async def test_a_key_that_cannot_be_one_is_refused(caller: Caller) -> None:
    data = await caller.ask(ASSOCIATE, input={"provider": "MICROSOFT_LEARN", "idempotencyKey": ""})

    assert data["associateLearningAccount"]["code"] == "INVALID_INPUT"


@pytest.mark.parametrize("other", ["nobody", "member", "global_admin", "foreign_admin"])
async def test_nobody_else_is_told_what_came_of_it(house: House, other: str) -> None:
    await house.do("admin", "cancelInvitation", **KEY)

    result = await house.do(other, "cancelInvitation", **KEY)

    assert result["code"] == ("NOT_FOUND" if other.endswith("_admin") else "FORBIDDEN")


async def test_who_is_no_admin_any_more_is_refused_what_is_stored(house: House) -> None:
    await house.do("admin", "inviteMembers", **KEY)
    await Member.filter(id=house.admin.id).update(role=MemberRole.MEMBER)

    assert (await house.do("admin", "inviteMembers", **KEY))["code"] == "FORBIDDEN"


async def test_who_removed_themself_is_nobody_to_whom_that_is_told(house: House) -> None:
    oneself = {"memberId": global_id(Kind.MEMBER, house.admin.id)}

    first = await house.do("admin", "removeMember", **oneself, **KEY)
    again = await house.do("admin", "removeMember", **oneself, **KEY)

    assert (first["__typename"], again["code"]) == ("MemberRemoved", "FORBIDDEN")
    assert await Association.all().count() == 0
