"""Mutation results, refusals among them."""

from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from domain.models import Association, AssociationAttempt, Member
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.clock import START, FrozenClock
from tests.factories import make_association, make_credit, make_member, make_organization

ASSOCIATE = """mutation ($input: AssociateLearningAccountInput!) { associateLearningAccount(input: $input) {
  __typename ... on AssociationStarted { authorizationUrl attempt { id status expiresAt provider steps { name } } }
  ... on Refusal { code message }
  ... on CoolOffActive { nextAvailableAt } ... on YearlyLimitReached { nextAvailableAt } } }"""
REMOVE = """mutation ($input: RemoveAssociationInput!) { removeAssociation(input: $input) {
  __typename ... on AssociationRemoved { creditsEnded nextAvailableAt association { id endedAt endReason } }
  ... on Refusal { code message } } }"""


@pytest.fixture
async def member(database: str) -> Member:
    return await make_member(await make_organization())


@pytest.fixture
async def caller(client: AsyncClient, member: Member) -> Caller:
    return await sign_in(client, member)


async def test_starting_an_association_returns_the_attempt_and_where_to_go(caller: Caller, member: Member) -> None:
    data = await caller.ask(ASSOCIATE, input={"provider": "MICROSOFT_LEARN"})

    started = data["associateLearningAccount"]
    assert started["authorizationUrl"].startswith("http://localhost:8000/")
    assert started["attempt"] == {
        "id": global_id(Kind.ATTEMPT, (await AssociationAttempt.get(member=member)).id),
        "status": "AWAITING_SIGN_IN",
        "expiresAt": "2026-11-03T14:40:00Z",
        "provider": "MICROSOFT_LEARN",
        "steps": [],
    }


async def test_an_active_association_refuses_a_second_one(caller: Caller, member: Member) -> None:
    await make_association(member)

    data = await caller.ask(ASSOCIATE, input={"provider": "MICROSOFT_LEARN"})

    assert data["associateLearningAccount"]["__typename"] == "AlreadyAssociated"
    assert data["associateLearningAccount"]["code"] == "ALREADY_ASSOCIATED"


async def test_the_cool_off_s_refusal_has_the_programme_s_sentence_and_the_date(caller: Caller, member: Member) -> None:
    await make_association(
        member, started_at=START - timedelta(days=5), ended_at=START - timedelta(days=1), end_reason="REMOVED"
    )

    data = await caller.ask(ASSOCIATE, input={"provider": "MICROSOFT_LEARN"})

    refused = data["associateLearningAccount"]
    assert refused["__typename"] == "CoolOffActive"
    assert refused["nextAvailableAt"] == "2026-11-28T14:30:00Z"
    assert refused["message"].startswith(
        "You've attempted to associate with a partner organization. However, we require"
    )
    assert await AssociationAttempt.filter(association=None).count() == 0


@pytest.mark.parametrize(
    "return_to", ["https://fabrikam.example/", "//fabrikam.example", "javascript:alert(1)", "x", "/\\x"]
)
async def test_an_address_that_is_not_ours_is_refused(caller: Caller, return_to: str) -> None:
    data = await caller.ask(ASSOCIATE, input={"provider": "MICROSOFT_LEARN", "returnTo": return_to})

    assert data["associateLearningAccount"]["__typename"] == "InvalidInput"
    assert await AssociationAttempt.all().count() == 0


async def test_an_input_of_another_shape_is_a_request_error(caller: Caller) -> None:
    assert await caller.refused(ASSOCIATE, input={"provider": "ELSEWHERE"}) == ["VARIABLES_INVALID"]
    assert await caller.refused(ASSOCIATE, input={"provider": "MICROSOFT_LEARN", "as": "x"}) == ["VARIABLES_INVALID"]
    assert await caller.refused(ASSOCIATE) == ["VARIABLES_INVALID"]


async def test_removing_ends_the_association_and_its_credits(
    caller: Caller, member: Member, clock: FrozenClock
) -> None:
    association = await make_association(member)
    await make_credit(association)
    clock.advance(timedelta(days=2))

    data = await caller.ask(REMOVE, input={"associationId": global_id(Kind.ASSOCIATION, association.id)})

    assert data["removeAssociation"] == {
        "__typename": "AssociationRemoved",
        "creditsEnded": 1,
        "nextAvailableAt": "2026-12-03T14:30:00Z",
        "association": {
            "id": global_id(Kind.ASSOCIATION, association.id),
            "endedAt": "2026-11-05T14:30:00Z",
            "endReason": "REMOVED",
        },
    }


@pytest.mark.parametrize("identifier", ["", "x", global_id(Kind.ASSOCIATION, 2**62), global_id(Kind.MEMBER, 1)])
async def test_what_is_not_there_cannot_be_removed(caller: Caller, identifier: str) -> None:
    data = await caller.ask(REMOVE, input={"associationId": identifier})

    assert data["removeAssociation"]["__typename"] == "NotFound"


async def test_a_mutation_does_not_run_by_get(client: AsyncClient, caller: Caller, member: Member) -> None:
    response = await client.get(
        "/graphql", params={"query": 'mutation { removeAssociation(input: {associationId: "x"}) { __typename } }'},
        headers=caller.headers,
    )  # fmt: skip

    assert response.status_code == 401
    assert await Association.all().count() == 0


async def test_an_operation_that_takes_too_long_is_given_up(
    client: AsyncClient, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.transport.execute.DEADLINE_SECONDS", 0.0)

    response = await caller.post("{ viewer { member { id } } }")

    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (503, "DEADLINE_EXCEEDED")
