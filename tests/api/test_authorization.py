"""Authorization: every field and mutation, by every kind of caller.

R1, R17; what each scope opens to an API client is in test_scopes.
"""

from typing import Any

import pytest
from graphql import GraphQLObjectType
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from api.graphql.schema import schema
from domain.models import Association, AssociationAttempt, Member
from domain.operations.members import remove_member
from domain.rules.administration import Operator
from domain.rules.enums import MemberRole, Scope
from domain.settings import Settings
from tests.api.caller import Caller
from tests.api.fixtures import CALLERS, MCID, NODES, House, make_house
from tests.factories import make_member


@pytest.fixture
async def house(client: AsyncClient, nobody: Caller, settings: Settings) -> House:
    return await make_house(client, nobody, settings)


# What everybody who is signed in sees.
CATALOG = {"programs", "certifications"}
NOT_ADMINISTERED = {"nextRefreshDate": "2026-11-10", "members": None, "invitations": None, "apiClients": None}


def seen(data: dict[str, Any]) -> set[str]:
    return {name for name, value in data.items() if value is not None}


@pytest.mark.parametrize("caller", ["nobody", "foreign_admin"])
async def test_strangers_see_nothing_of_an_organization(house: House, caller: str) -> None:
    data = await house.callers[caller].ask(NODES, **house.ids)

    assert seen(data) == (CATALOG if caller == "foreign_admin" else set())


async def test_a_member_sees_their_own_things_and_their_own_mcid(house: House) -> None:
    data = await house.callers["member"].ask(NODES, **house.ids)

    assert seen(data) == set(data) - {"invitation", "client"}
    assert data["scored"] == {"track": None, "attainments": None, "forecast": None, "fragility": None}
    assert {reason["code"] for reason in data["credit"]["explanation"]["reasons"]} >= {"WAITING", "NOT_ASSOCIATED"}
    assert (data["member"]["invitation"], data["member"]["newAccountSince"]) == (None, None)
    assert data["administered"] == NOT_ADMINISTERED
    assert data["account"]["profileId"] == data["association"]["learningAccount"]["profileId"] == MCID
    allowance = data["member"]["associationAllowance"]
    assert [account["profileIdEnding"] for account in allowance["knownAccounts"]] == ["737"]
    assert allowance["allowedNow"] is allowance["knownAccounts"][0]["allowedNow"] is False
    assert data["member"]["credits"]["totalCount"] == 1
    assert data["attempt"]["association"]["id"] == data["association"]["id"]


async def test_a_member_does_not_see_the_organization_s_credits(house: House) -> None:
    data = await house.callers["member"].ask(NODES, **house.ids)

    assert data["organization"] == {
        "id": house.ids["organization"], "name": "Contoso", "creditStatus": None, "credits": None, "skillsReport": None
    }  # fmt: skip


async def test_a_colleague_sees_the_organization_and_nobody_else_s_things(house: House) -> None:
    data = await house.callers["colleague"].ask(NODES, **house.ids)

    assert seen(data) == {"organization", "organizationNode", "administered", "scored"} | CATALOG
    assert data["scored"] == {"track": None, "attainments": None, "forecast": None, "fragility": None}
    assert data["administered"] == NOT_ADMINISTERED
    assert data["organization"]["credits"] is None


async def test_an_admin_sees_members_and_credits_but_no_mcid_no_allowance_and_no_attempt(house: House) -> None:
    response = await house.callers["admin"].post(NODES, **house.ids)

    data = response.json()["data"]
    assert seen(data) == set(data) - {"attempt", "associationAttempt"}
    assert data["administered"]["members"]["totalCount"] == 3
    assert data["scored"]["attainments"]
    assert (data["scored"]["forecast"], data["scored"]["fragility"]) == ({"until": "2026-12-31"}, [])
    assert data["administered"]["invitations"] == {"totalCount": 1}
    assert data["administered"]["apiClients"] == {"totalCount": len(Scope)}
    assert (data["client"]["scopes"], data["client"]["lastUsedAt"]) == (["REPORT_READ"], None)
    assert [key["prefix"] for key in data["client"]["keys"]] == [house.keys[Scope.REPORT_READ].prefix]
    assert data["invitation"]["id"] == data["member"]["invitation"]["id"] == house.ids["invitation"]
    assert MCID not in response.text
    assert data["account"] == {
        "id": house.ids["account"], "provider": "MICROSOFT_LEARN", "profileId": None, "profileIdMasked": "•••737"
    }  # fmt: skip
    assert data["member"]["associationAllowance"] is None
    assert data["member"]["newAccountSince"] == "2026-11-03T14:30:00Z"
    assert data["member"]["credits"]["totalCount"] == data["organization"]["credits"]["totalCount"] == 1
    assert data["organization"]["creditStatus"] == {"pending": 1}
    assert data["organization"]["skillsReport"] == {"totalCount": 1}


@pytest.mark.parametrize("caller", CALLERS)
async def test_unknown_foreign_and_malformed_ids_answer_alike(house: House, caller: str) -> None:
    unknown = {name: global_id(kind, 2**62) for name, kind in zip(house.ids, Kind, strict=True)}
    malformed = dict.fromkeys(house.ids, "nothing")

    answers = [await house.callers[caller].ask(NODES, **ids) for ids in (unknown, malformed)]

    assert [seen(answer) for answer in answers] == [CATALOG if caller != "nobody" else set()] * 2


async def test_nodes_finds_together_what_node_finds_one_by_one(house: House) -> None:
    ids = [*house.ids.values(), "nothing", *(global_id(kind, 2**62) for kind in Kind)]
    for name, caller in house.callers.items():
        alone = [(await caller.ask("query ($id: ID!) { node(id: $id) { __typename id } }", id=each)) for each in ids]

        together = await caller.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=ids)

        assert together["nodes"] == (None if name == "nobody" else [each["node"] for each in alone]), name


@pytest.mark.parametrize("caller", CALLERS)
async def test_the_viewer_is_who_asks(house: House, caller: str) -> None:
    data = await house.callers[caller].ask(
        "{ viewer { member { id status } apiClient { scopes } organization { name } } policy { yearDays } }"
    )

    assert data["policy"] == {"yearDays": 365}
    if caller == "nobody":
        assert data["viewer"] is None
    elif isinstance(caller, Scope):
        client = {"scopes": [caller.name]}
        assert data["viewer"] == {"member": None, "apiClient": client, "organization": {"name": "Contoso"}}
    else:
        assert data["viewer"]["apiClient"] is None
        assert data["viewer"]["member"]["status"] == "ACTIVE"
        assert (data["viewer"]["member"]["id"] == house.ids["member"]) is (caller == "member")
        assert data["viewer"]["organization"]["name"] == ("Fabrikam" if caller == "foreign_admin" else "Contoso")


REMOVE = """mutation ($id: ID!) { removeAssociation(input: {associationId: $id}) {
  __typename ... on Refusal { code } ... on AssociationRemoved { creditsEnded } } }"""


@pytest.mark.parametrize(
    ("caller", "outcome"),
    [
        ("nobody", "Forbidden"),
        ("member", "AssociationRemoved"),
        ("colleague", "NotFound"),
        ("admin", "NotFound"),
        ("foreign_admin", "NotFound"),
    ],
)
async def test_only_the_person_removes_their_association(house: House, caller: str, outcome: str) -> None:
    data = await house.callers[caller].ask(REMOVE, id=house.ids["association"])

    assert data["removeAssociation"]["__typename"] == outcome
    ended_at = (await Association.get(id=house.association.id)).ended_at
    assert (ended_at is not None) is (outcome == "AssociationRemoved")


@pytest.mark.parametrize("caller", CALLERS)
async def test_people_start_attempts_of_their_own_and_nobody_else_any(house: House, caller: str) -> None:
    before = await AssociationAttempt.all().count()

    data = await house.callers[caller].ask(
        """mutation { associateLearningAccount(input: {provider: PARTNER_UNIVERSITY}) {
             __typename ... on AssociationStarted { attempt { id status } } } }"""
    )

    outcome = data["associateLearningAccount"]
    attempts = await AssociationAttempt.all().order_by("-id")
    if caller == "nobody" or isinstance(caller, Scope):
        assert (outcome["__typename"], len(attempts)) == ("Forbidden", before)
    else:
        assert (outcome["__typename"], len(attempts)) == ("AssociationStarted", before + 1)
        assert outcome["attempt"] == {"id": global_id(Kind.ATTEMPT, attempts[0].id), "status": "AWAITING_SIGN_IN"}
        assert (attempts[0].member_id == house.member.id) is (caller == "member")


@pytest.mark.parametrize("caller", ["colleague", "admin", "foreign_admin"])
async def test_a_removed_member_s_session_is_worth_nothing(house: House, caller: str) -> None:
    others = await Member.filter(id__not=house.member.id)
    for member in others:
        await make_member(await member.organization, role=MemberRole.GLOBAL_ADMIN)
        by = Operator(organization_id=member.organization_id)
        await remove_member(by=by, member_id=member.id, now=house.attempt.created_at)

    assert await house.callers[caller].ask("{ viewer { member { id } } }") == {"viewer": None}


def test_every_root_field_is_in_this_matrix() -> None:
    roots = [schema._schema.query_type, schema._schema.mutation_type]

    assert {name for root in roots if isinstance(root, GraphQLObjectType) for name in root.fields} == {
        "viewer", "node", "nodes", "organization", "associationAttempt", "policy", "programs", "certifications",
        "rateLimit",
        "associateLearningAccount", "removeAssociation",
        "inviteMembers", "correctInvitation", "resendInvitation", "cancelInvitation", "changeMemberRole",
        "removeMember", "confirmWorkAccount", "createApiClient", "rotateApiClientSecret", "revokeApiClient",
    }  # fmt: skip


def test_every_field_of_what_has_an_id_is_in_this_matrix() -> None:
    document = NODES + "{ totalCount pageInfo }"

    for kind in (
        "Member", "LearningAccount", "Association", "AssociationAttempt", "Credit", "Organization", "Invitation",
        "ApiClient",
    ):  # fmt: skip
        fields = schema._schema.type_map[kind].fields  # type: ignore[attr-defined]
        assert {name for name in fields if name not in document} == set(), kind
