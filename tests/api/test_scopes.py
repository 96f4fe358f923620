"""The fields that each API key scope opens (R1, R17)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    is_required_input_field,
)
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from api.graphql.schema import schema
from domain.rules.enums import Scope
from domain.settings import Settings
from tests.api.caller import Caller
from tests.api.fixtures import MCID, NODES, House, make_house
from tests.domain.assert_unchanged import leaving_no_trace

CREDITS, MEMBERS, REPORT, ATTAINMENTS = Scope
PERSON = """{ name workEmail role status newAccountSince
  invitation { sentAt } associations(first: 1) { nodes { startedAt } }
  associationAllowance(provider: MICROSOFT_LEARN) { allowedNow knownAccounts { allowedNow } }
  credits(first: 1) { nodes { kind } } }"""
# In parts, since each costs as if there were something behind all of it.
EVERYTHING = [
    f"""viewer {{ member {PERSON} apiClient {{ name createdBy {PERSON} keys {{ prefix }} }} }}
        policy {{ yearDays }} programs {{ key }} certifications {{ totalCount }}""",
    f"""organization(id: $organization) {{ name nextRefreshDate apiClients {{ nodes {{ name }} }}
        members {{ nodes {PERSON} }} invitations {{ nodes {{ ageDays member {PERSON} }} }} }}""",
    f"""organization(id: $organization) {{ creditStatus {{ pending }} attainments {{ edition }}
        credits {{ nodes {{ kind member {PERSON} timeline {{ kind }} }} }}
        skillsReport {{ nodes {{ person {{ name workEmail }} status }} }} }}""",
    "organization(id: $organization) { fragility { attainment { edition } } }",
    """organization(id: $organization) { forecast(until: "2026-11-13") { until
        steps { causes { credit { member { name associations(first: 1) { totalCount } } } } } } }""",
    """organization(id: $organization) { forecast(until: "2026-11-13") { until
        steps { causes { credit { member { workEmail credits(first: 1) { totalCount } } } } } } }""",
]

NAMED = "(name|workEmail|role|status)"
# What every scope opens, and what each does, as patterns of the paths to what is told.
ALWAYS = [
    "viewer.apiClient.name",
    "viewer.apiClient.keys.prefix",
    "organization.(name|nextRefreshDate)",
    "policy.yearDays",
    "programs.key",
    "certifications.totalCount",
]
OPENED = {
    CREDITS: [
        "organization.creditStatus.pending",
        "organization.credits.nodes.(kind|timeline.kind)",
        f"organization.credits.nodes.member.{NAMED}",
        "organization.credits.nodes.member.credits.nodes.kind",
    ],
    MEMBERS: [
        f"organization.members.nodes.{NAMED}",
        "organization.members.nodes.invitation.sentAt",
        "organization.members.nodes.associations.nodes.startedAt",
        "organization.invitations.nodes.ageDays",
        f"organization.invitations.nodes.member.{NAMED}",
        "organization.invitations.nodes.member.invitation.sentAt",
        "organization.invitations.nodes.member.associations.nodes.startedAt",
    ],
    REPORT: ["organization.skillsReport.nodes.(person.name|person.workEmail|status)"],
    ATTAINMENTS: [
        "organization.attainments.edition",
        "organization.forecast.until",
        "organization.forecast.steps.causes.credit.member.(name|workEmail)",
    ],
}
FOUND_AGAIN = {
    CREDITS: {"credit"},
    MEMBERS: {"member", "account", "association", "invitation"},
    REPORT: {"client"},
    ATTAINMENTS: set(),
}


@pytest.fixture
async def house(client: AsyncClient, nobody: Caller, settings: Settings) -> House:
    return await make_house(client, nobody, settings)


async def ask(house: House, scope: Scope, part: str, organization: str) -> dict[str, Any]:
    """Return the answer to a part, asked of an organization or not."""
    variables = {"organization": organization} if "$" in part else {}
    return await house.callers[scope].ask(
        ("query ($organization: ID!) " if variables else "") + f"{{ {part} }}", **variables
    )


def told(answer: Any, path: str = "") -> Iterator[str]:
    """Yield the path to each thing that is told; a list's items have the same."""
    if isinstance(answer, list):
        for each in answer:
            yield from told(each, path)
    elif isinstance(answer, dict):
        for name, each in answer.items():
            yield from told(each, f"{path}.{name}" if path else name)
    elif answer is not None:
        yield path


@pytest.mark.parametrize("scope", Scope)
async def test_a_scope_opens_what_it_says_and_nothing_else(house: House, scope: Scope) -> None:
    answers = [await ask(house, scope, part, house.ids["organization"]) for part in EVERYTHING]

    paths = {path for answer in answers for path in told(answer)}
    patterns = [re.compile(pattern.replace(".", r"\.")) for pattern in (*ALWAYS, *OPENED[scope])]
    assert {path for path in paths if not any(pattern.fullmatch(path) for pattern in patterns)} == set()
    assert [pattern.pattern for pattern in patterns if not any(map(pattern.fullmatch, paths))] == []


@pytest.mark.parametrize("scope", Scope)
async def test_a_scope_opens_the_nodes_of_what_it_opens_and_no_mcid(house: House, scope: Scope) -> None:
    response = await house.callers[scope].post(NODES, **house.ids)

    assert "errors" not in response.json()
    data = response.json()["data"]
    nodes = {"credit", "member", "account", "association", "attempt", "associationAttempt", "invitation", "client"}
    assert {name for name in nodes if data[name] is not None} == FOUND_AGAIN[scope]
    assert MCID not in response.text
    if scope is MEMBERS:
        assert data["account"]["profileIdMasked"] == "•••737"
        assert data["member"]["credits"] is data["association"]["credits"] is None
        assert data["association"]["transcriptReadAt"] is None


async def test_only_the_scope_of_the_report_opens_its_export(house: House, client: AsyncClient) -> None:
    asked = [client.get("/exports/skills-report.csv", headers=house.callers[scope].headers) for scope in Scope]

    statuses = [(await each).status_code for each in asked]

    assert dict(zip(Scope, statuses, strict=True)) == {CREDITS: 403, MEMBERS: 403, REPORT: 200, ATTAINMENTS: 403}


async def test_no_api_client_sees_another_organization(house: House) -> None:
    foreign = global_id(Kind.ORGANIZATION, house.member.organization_id + 1)

    answers = [await ask(house, scope, part, foreign) for scope in Scope for part in EVERYTHING[1:]]

    assert {answer["organization"] for answer in answers} == {None}


async def test_an_api_client_changes_nothing_by_any_mutation(house: House) -> None:
    mutations = schema._schema.mutation_type
    assert mutations is not None
    caller = house.callers[MEMBERS]
    # From now on the key's use is not news.
    await caller.ask("{ policy { yearDays } }")

    outcomes = {}
    async with leaving_no_trace():
        for name, field in mutations.fields.items():
            kind = field.args["input"].type
            query = f"mutation ($plain: {kind}, $keyed: {kind}) {{ plain: {name}(input: $plain) {{ __typename }} "
            query += f"keyed: {name}(input: $keyed) {{ __typename }} }}"
            plain = some_input(kind)
            data = await caller.ask(query, plain=plain, keyed=plain | {"idempotencyKey": "once"})
            outcomes[name] = [each["__typename"] for each in data.values()]

    assert outcomes == {name: ["Forbidden", "Forbidden"] for name in mutations.fields}


def some_input(kind: GraphQLInputType) -> Any:
    """Return the least that can be given for an input."""
    if isinstance(kind, GraphQLNonNull):
        return some_input(kind.of_type)
    if isinstance(kind, GraphQLList):
        return [some_input(kind.of_type)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return {name: some_input(field.type) for name, field in kind.fields.items() if is_required_input_field(field)}
    return True if kind.name == "Boolean" else "1"
