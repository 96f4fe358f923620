"""Mutations on API clients."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from domain.models import ApiClient, ApiKey, Member, Organization
from domain.rules import api_clients
from domain.rules.enums import MemberRole
from domain.settings import Settings
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import make_api_client, make_member, make_organization

CLIENT = """id name scopes createdAt createdBy { workEmail } revokedAt lastUsedAt
  keys { prefix createdAt expiresAt endedAt lastUsedAt }"""
REFUSED = "... on Refusal { code message }"
CREATE = f"""mutation ($input: CreateApiClientInput!) {{ createApiClient(input: $input) {{
  __typename ... on ApiClientCreated {{ secret apiClient {{ {CLIENT} }} }} {REFUSED} }} }}"""
ROTATE = f"""mutation ($input: RotateApiClientSecretInput!) {{ rotateApiClientSecret(input: $input) {{
  __typename ... on ApiClientSecretRotated {{ secret apiClient {{ {CLIENT} }} }} {REFUSED} }} }}"""
REVOKE = f"""mutation ($input: RevokeApiClientInput!) {{ revokeApiClient(input: $input) {{
  __typename ... on ApiClientRevoked {{ apiClient {{ {CLIENT} }} }} {REFUSED} }} }}"""
WHO = "{ viewer { apiClient { name } } }"


@pytest.fixture
async def contoso(database: str) -> Organization:
    return await make_organization("Contoso")


@pytest.fixture
async def person(contoso: Organization) -> Member:
    return await make_member(contoso, role=MemberRole.ACCOUNT_ADMIN)


@pytest.fixture
async def admin(client: AsyncClient, person: Member) -> Caller:
    return await sign_in(client, person)


async def do(caller: Caller, query: str, **wanted: Any) -> dict[str, Any]:
    """Run one of the mutations and return its result."""
    (result,) = (await caller.ask(query, input=wanted)).values()
    found: dict[str, Any] = result
    return found


async def test_a_client_is_created_rotated_and_revoked(client: AsyncClient, admin: Caller, person: Member) -> None:
    created = await do(admin, CREATE, name="Power BI", scopes=["REPORT_READ"], expiresAt="2026-12-01T00:00:00Z")
    number = created["apiClient"]["id"]
    rotated = await do(admin, ROTATE, apiClientId=number)
    codes = [(await Caller(client, bearer=made["secret"]).post(WHO)).status_code for made in (created, rotated)]
    revoked = await do(admin, REVOKE, apiClientId=number)
    after = [(await Caller(client, bearer=made["secret"]).post(WHO)).status_code for made in (created, rotated)]

    assert (codes, after) == ([200, 200], [401, 401])
    assert created["apiClient"] == {
        "id": number,
        "name": "Power BI",
        "scopes": ["REPORT_READ"],
        "createdAt": "2026-11-03T14:30:00Z",
        "createdBy": {"workEmail": person.work_email},
        "revokedAt": None,
        "lastUsedAt": None,
        "keys": [
            {
                "prefix": created["secret"][:17],
                "createdAt": "2026-11-03T14:30:00Z",
                "expiresAt": "2026-12-01T00:00:00Z",
                "endedAt": None,
                "lastUsedAt": None,
            }
        ],
    }
    assert [key["expiresAt"][:10] for key in rotated["apiClient"]["keys"]] == ["2027-11-03", "2026-12-01"]
    assert revoked["apiClient"]["revokedAt"] == revoked["apiClient"]["lastUsedAt"] == "2026-11-03T14:30:00Z"
    assert {key["endedAt"] for key in revoked["apiClient"]["keys"]} == {"2026-11-03T14:30:00Z"}


async def test_a_rotation_can_end_the_key_before_at_once(client: AsyncClient, admin: Caller) -> None:
    created = await do(admin, CREATE, name="Power BI", scopes=["REPORT_READ"])

    await do(admin, ROTATE, apiClientId=created["apiClient"]["id"], endPrevious=True)

    assert (await Caller(client, bearer=created["secret"]).post(WHO)).status_code == 401


async def test_a_request_that_is_sent_again_makes_no_second_key_and_does_not_keep_the_first(
    client: AsyncClient, admin: Caller
) -> None:
    wanted = {"name": "Power BI", "scopes": ["REPORT_READ"], "idempotencyKey": "once"}
    first, again = await do(admin, CREATE, **wanted), await do(admin, CREATE, **wanted)

    assert again == first | {"secret": None}
    assert await ApiKey.all().count() == 1
    assert (await Caller(client, bearer=first["secret"]).post(WHO)).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": "", "scopes": ["REPORT_READ"]},
        {"name": "Power BI", "scopes": []},
        {"name": "Power BI", "scopes": ["REPORT_READ"], "expiresAt": "2026-11-03T14:30:00Z"},
        {"name": "Power BI", "scopes": ["REPORT_READ"], "expiresAt": "2027-11-03T14:30:00.000001Z"},
    ],
)
async def test_what_cannot_be_is_refused_without_a_trace(admin: Caller, wanted: dict[str, Any]) -> None:
    async with leaving_no_trace():
        assert (await do(admin, CREATE, **wanted))["code"] == "INVALID_INPUT"


async def test_there_are_only_so_many_clients(admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_clients, "MAX_CLIENTS", 0)

    async with leaving_no_trace():
        assert (await do(admin, CREATE, name="Power BI", scopes=["REPORT_READ"]))["code"] == "TOO_MANY_API_CLIENTS"


async def test_only_admins_of_the_organization_change_its_clients(
    client: AsyncClient, contoso: Organization, nobody: Caller, settings: Settings
) -> None:
    number = (await make_api_client(contoso, settings=settings)).api_client_id
    member = await sign_in(client, await make_member(contoso))
    fabrikam = await make_organization("Fabrikam")
    foreign = await sign_in(client, await make_member(fabrikam, role=MemberRole.GLOBAL_ADMIN))
    known, unknown = global_id(Kind.API_CLIENT, number), global_id(Kind.API_CLIENT, number + 1)

    async with leaving_no_trace():
        refused = [
            (await do(caller, query, apiClientId=identifier))["code"]
            for caller, identifier in ((nobody, known), (member, known), (foreign, known), (foreign, unknown))
            for query in (ROTATE, REVOKE)
        ]

    assert refused == ["FORBIDDEN"] * 4 + ["NOT_FOUND"] * 4


async def test_admins_walk_their_clients_with_keys_and_creators_by_few_statements(
    admin: Caller, contoso: Organization, person: Member, settings: Settings, statements: list[str]
) -> None:
    for _ in range(3):
        await make_api_client(contoso, settings=settings)
    await ApiClient.filter(id__gt=1).update(created_by=person)
    query = f"""query ($id: ID!, $first: Int, $after: String) {{ organization(id: $id) {{
        apiClients(first: $first, after: $after) {{
            totalCount nodes {{ {CLIENT} }} pageInfo {{ endCursor hasNextPage }} }} }} }}"""
    organization = global_id(Kind.ORGANIZATION, contoso.id)

    first = (await admin.ask(query, id=organization, first=1))["organization"]["apiClients"]
    statements.clear()
    rest = (await admin.ask(query, id=organization, first=9, after=first["pageInfo"]["endCursor"]))["organization"]

    nodes = [*first["nodes"], *rest["apiClients"]["nodes"]]
    assert [node["id"] for node in nodes] == [global_id(Kind.API_CLIENT, number) for number in (3, 2, 1)]
    assert [node["createdBy"] for node in nodes] == [{"workEmail": person.work_email}] * 2 + [None]
    assert [len(node["keys"]) for node in nodes] == [1, 1, 1]
    # The session, the organization, the page, and the keys and creators of all.
    assert len(statements) == 5
