"""Who may see and do what: every field and mutation as nobody, member, colleague, admin and foreign admin (R1, R17)."""

from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLObjectType
from httpx2 import AsyncClient

from api.ids import Kind, global_id
from api.schema import schema
from domain.models import Association, AssociationAttempt, Credit, Invitation, Member
from domain.operations.remove_member import remove_member
from domain.rules.administration import Operator
from domain.rules.words import MemberRole
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.factories import make_association, make_credit, make_invitation, make_member, make_organization

MCID = "991204737"
CALLERS = ("nobody", "member", "colleague", "admin", "foreign_admin")


@dataclass(frozen=True)
class House:
    """Two organizations, the callers, and what belongs to the member."""

    callers: dict[str, Caller]
    member: Member
    association: Association
    attempt: AssociationAttempt
    credit: Credit
    invitation: Invitation

    @property
    def ids(self) -> dict[str, str]:
        """Return the ids of the member's things."""
        return {
            "organization": global_id(Kind.ORGANIZATION, self.member.organization_id),
            "member": global_id(Kind.MEMBER, self.member.id),
            "account": global_id(Kind.LEARNING_ACCOUNT, self.association.learning_account_id),
            "association": global_id(Kind.ASSOCIATION, self.association.id),
            "attempt": global_id(Kind.ATTEMPT, self.attempt.id),
            "credit": global_id(Kind.CREDIT, self.credit.id),
            "invitation": global_id(Kind.INVITATION, self.invitation.id),
        }


@pytest.fixture
async def house(client: AsyncClient, nobody: Caller) -> House:
    contoso, fabrikam = await make_organization("Contoso"), await make_organization("Fabrikam")
    member, colleague = await make_member(contoso), await make_member(contoso)
    admin = await make_member(contoso, role=MemberRole.ACCOUNT_ADMIN)
    foreign = await make_member(fabrikam, role=MemberRole.GLOBAL_ADMIN)
    association = await make_association(member, profile_id=MCID)
    credit = await make_credit(association)
    attempt = await AssociationAttempt.get(association=association)
    invitation = await make_invitation(member)
    people = {"member": member, "colleague": colleague, "admin": admin, "foreign_admin": foreign}
    callers = {name: await sign_in(client, person) for name, person in people.items()}
    return House({"nobody": nobody, **callers}, member, association, attempt, credit, invitation)


MEMBER_FIELDS = """id name workEmail role status organization { id name }
  associations { totalCount nodes { id learningAccount { profileId profileIdMasked } } }
  associationAllowance(provider: MICROSOFT_LEARN) { allowedNow }
  credits { totalCount nodes { id } }
  invitation { id }"""
NODES = f"""query ($organization: ID!, $member: ID!, $account: ID!, $association: ID!, $attempt: ID!, $credit: ID!,
    $invitation: ID!) {{
  organization(id: $organization) {{
    id name creditStatus {{ pending }} credits {{ totalCount }} skillsReport {{ totalCount }} }}
  administered: organization(id: $organization) {{
    nextRefreshDate members {{ totalCount }} invitations {{ totalCount }} }}
  scored: organization(id: $organization) {{
    track attainments {{ edition }} forecast(until: "2026-12-31") {{ until }}
    fragility {{ attainment {{ edition }} }} }}
  programs {{ key }} certifications {{ totalCount }}
  invitation: node(id: $invitation) {{ ... on Invitation {{
    id invitedAt ageDays isBeingSent sentAt sendCount deliveryProblem resendAvailableAt respondedAt canceledAt signInUrl
    member {{ workEmail }} }} }}
  organizationNode: node(id: $organization) {{ id }}
  member: node(id: $member) {{ ... on Member {{ {MEMBER_FIELDS} }} }}
  account: node(id: $account) {{ ... on LearningAccount {{ id provider profileId profileIdMasked }} }}
  association: node(id: $association) {{ ... on Association {{
    id startedAt endedAt endReason transcriptReadAt transcriptProblem learningAccount {{ profileId profileIdMasked }}
    member {{ workEmail }} credits {{ totalCount }} }} }}
  attempt: node(id: $attempt) {{ ... on AssociationAttempt {{
    id provider status steps {{ name }} expiresAt movedFrom refusal {{ code }} association {{ id }} }} }}
  associationAttempt(id: $attempt) {{ id }}
  credit: node(id: $credit) {{ ... on Credit {{
    id status kind provider completedAt expiresAt recordedAt countsFrom countsUntil endReason ineligibleReason
    explanation {{ summary reasons {{ code }} countsFromEarliest }} contributions {{ program }} timeline {{ kind at }}
    certification {{ code title level }} member {{ name }} organization {{ name }} }} }}
}}"""

# What everybody who is signed in sees.
CATALOG = {"programs", "certifications"}


def seen(data: dict[str, Any]) -> set[str]:
    return {name for name, value in data.items() if value is not None}


@pytest.mark.parametrize("caller", ["nobody", "foreign_admin"])
async def test_strangers_see_nothing_of_an_organization(house: House, caller: str) -> None:
    data = await house.callers[caller].ask(NODES, **house.ids)

    assert seen(data) == (CATALOG if caller == "foreign_admin" else set())


async def test_a_member_sees_their_own_things_and_their_own_mcid(house: House) -> None:
    data = await house.callers["member"].ask(NODES, **house.ids)

    assert seen(data) == set(data) - {"invitation"}
    assert data["scored"] == {"track": None, "attainments": None, "forecast": None, "fragility": None}
    assert {reason["code"] for reason in data["credit"]["explanation"]["reasons"]} >= {"WAITING", "NOT_ASSOCIATED"}
    assert data["member"]["invitation"] is None
    assert data["administered"] == {"nextRefreshDate": "2026-11-10", "members": None, "invitations": None}
    assert data["account"]["profileId"] == data["association"]["learningAccount"]["profileId"] == MCID
    assert data["member"]["associationAllowance"] == {"allowedNow": False}
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
    assert data["administered"] == {"nextRefreshDate": "2026-11-10", "members": None, "invitations": None}
    assert data["organization"]["credits"] is None


async def test_an_admin_sees_members_and_credits_but_no_mcid_no_allowance_and_no_attempt(house: House) -> None:
    response = await house.callers["admin"].post(NODES, **house.ids)

    data = response.json()["data"]
    assert seen(data) == set(data) - {"attempt", "associationAttempt"}
    assert data["administered"]["members"]["totalCount"] == 3
    assert data["scored"]["attainments"]
    assert (data["scored"]["forecast"], data["scored"]["fragility"]) == ({"until": "2026-12-31"}, [])
    assert data["administered"]["invitations"] == {"totalCount": 1}
    assert data["invitation"]["id"] == data["member"]["invitation"]["id"] == house.ids["invitation"]
    assert MCID not in response.text
    assert data["account"] == {
        "id": house.ids["account"], "provider": "MICROSOFT_LEARN", "profileId": None, "profileIdMasked": "•••737"
    }  # fmt: skip
    assert data["member"]["associationAllowance"] is None
    assert data["member"]["credits"]["totalCount"] == data["organization"]["credits"]["totalCount"] == 1
    assert data["organization"]["creditStatus"] == {"pending": 1}
    assert data["organization"]["skillsReport"] == {"totalCount": 1}


@pytest.mark.parametrize("caller", CALLERS)
async def test_unknown_foreign_and_malformed_ids_answer_alike(house: House, caller: str) -> None:
    unknown = {name: global_id(kind, 2**62) for name, kind in zip(house.ids, Kind, strict=True)}
    malformed = dict.fromkeys(house.ids, "nothing")

    answers = [await house.callers[caller].ask(NODES, **ids) for ids in (unknown, malformed)]

    assert [seen(answer) for answer in answers] == [CATALOG if caller != "nobody" else set()] * 2


@pytest.mark.parametrize("caller", CALLERS)
async def test_the_viewer_is_who_asks(house: House, caller: str) -> None:
    data = await house.callers[caller].ask(
        "{ viewer { member { id status } organization { name } } policy { yearDays } }"
    )

    assert data["policy"] == {"yearDays": 365}
    if caller == "nobody":
        assert data["viewer"] is None
    else:
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
async def test_everybody_starts_attempts_of_their_own_and_nobody_none(house: House, caller: str) -> None:
    before = await AssociationAttempt.all().count()

    data = await house.callers[caller].ask(
        """mutation { associateLearningAccount(input: {provider: PARTNER_UNIVERSITY}) {
             __typename ... on AssociationStarted { attempt { id status } } } }"""
    )

    outcome = data["associateLearningAccount"]
    attempts = await AssociationAttempt.all().order_by("-id")
    if caller == "nobody":
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
        "viewer", "node", "organization", "associationAttempt", "policy", "programs", "certifications",
        "associateLearningAccount", "removeAssociation",
        "inviteMembers", "correctInvitation", "resendInvitation", "cancelInvitation", "changeMemberRole",
        "removeMember",
    }  # fmt: skip


def test_every_field_of_what_has_an_id_is_in_this_matrix() -> None:
    document = NODES + "{ totalCount pageInfo }"

    for kind in (
        "Member", "LearningAccount", "Association", "AssociationAttempt", "Credit", "Organization", "Invitation",
    ):  # fmt: skip
        fields = schema._schema.type_map[kind].fields  # type: ignore[attr-defined]
        assert {name for name in fields if name not in document} == set(), kind
