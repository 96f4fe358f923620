"""Users are created, read, found, replaced and deleted as SCIM 2.0 says."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from api.limits.rate_limit import RateLimit
from api.runtime import Runtime
from domain.database.pool import fetch_value
from domain.models import DirectoryUser, Organization
from domain.operations.scim_tokens import create_scim_token, revoke_scim_tokens
from domain.rules.administration import Operator
from domain.rules.enums import Scope
from domain.settings import Settings
from tests.clock import START, FrozenClock
from tests.domain.assert_unchanged import leaving_no_trace, trace
from tests.factories import make_api_client, make_organization
from tests.scim.conftest import ENTERPRISE, USER, Directory, directory_of, is_error, user

DAY = timedelta(days=1)


async def test_a_created_user_is_read_as_it_was_sent(directory: Directory) -> None:
    sent = user(
        userName="Amara.Osei@Contoso.Example",
        name={"givenName": "Amara", "familyName": "Osei", "formatted": "Osei, Amara"},
        emails=[{"type": "work", "primary": True, "value": "Amara.OSEI@Contoso.Example"}],
        title="Architect",
        **{ENTERPRISE: {"department": "Räder & Co", "employeeNumber": "0017"}},
    )

    created = await directory.send("POST", "/Users", json=sent)

    assert (created.status_code, created.headers["etag"]) == (201, 'W/"1"')
    body = created.json()
    assert created.headers["location"] == body["meta"]["location"]
    assert body["meta"]["location"].endswith(f"/scim/v2/Users/{body['id']}")
    assert await directory.read(body["id"]) == body
    assert body["schemas"] == [USER, ENTERPRISE]
    assert {name: body[name] for name in sent if name != "schemas"} == {
        name: value for name, value in sent.items() if name != "schemas"
    }


async def test_a_password_and_what_has_no_use_here_is_read_over_and_kept_nowhere(
    directory: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = {"password": "correct horse", "phoneNumbers": [{"type": "work", "value": "+1 555 0100"}], "roles": []}

    created = await directory.create(**secrets)
    await directory.send("POST", "/Users", json=user(**secrets))
    await directory.patch(created["id"], {"op": "replace", "path": "password", "value": "battery staple"})

    assert not {"password", "phoneNumbers", "roles"} & (await directory.read(created["id"])).keys()
    kept = json.dumps(await trace()) + "".join(capsys.readouterr())
    assert [text for text in ("correct horse", "battery staple", "555 0100") if text in kept] == []


async def test_the_log_of_a_refusal_names_nobody(directory: Directory, capsys: pytest.CaptureFixture[str]) -> None:
    await directory.create()
    await directory.send("POST", "/Users", json=user())
    await directory.send("POST", "/Users", json=user("eve", emails=[{"type": "work", "value": "eve@evil.example"}]))
    await directory.send("GET", "/Users", params={"filter": 'nickname eq "amara"'})

    logged = "".join(capsys.readouterr())
    assert logged.count("scim_request_refused") == 3
    assert [text for text in ("amara", "eve", directory.token[-10:]) if text in logged.lower()] == []


async def test_pages_have_one_order_and_miss_nobody(directory: Directory, clock: FrozenClock) -> None:
    ids = [(await directory.create(f"person{number}"))["id"] for number in range(5)]

    first = (await directory.send("GET", "/Users", params={"startIndex": "1", "count": "2"})).json()
    clock.advance(timedelta(seconds=1))
    await directory.create("latecomer")
    rest = (await directory.send("GET", "/Users", params={"startIndex": "3", "count": "100"})).json()
    beyond = (await directory.send("GET", "/Users", params={"startIndex": "100", "count": "2"})).json()
    counted = (await directory.send("GET", "/Users", params={"count": "0"})).json()

    assert (first["totalResults"], first["startIndex"], first["itemsPerPage"]) == (5, 1, 2)
    assert (rest["totalResults"], rest["itemsPerPage"]) == (6, 4)
    assert (beyond["totalResults"], beyond.get("Resources", [])) == (6, [])
    assert (counted["totalResults"], counted.get("Resources", [])) == (6, [])
    seen = [row["id"] for row in first["Resources"] + rest["Resources"]]
    assert set(seen[:5]) == set(ids)
    assert len(set(seen)) == 6


@pytest.mark.parametrize(
    "expression",
    [
        'userName eq "AMARA.osei@contoso.EXAMPLE"',
        'externalId eq "id-of-amara.osei"',
        "externalId eq id-of-amara.osei",
        'id eq "{id}"',
        'active eq true and userName eq "amara.osei@contoso.example"',
        'active eq "True" and externalId eq "id-of-amara.osei"',
        'emails[type eq "work"].value eq "amara.osei@CONTOSO.example"',
        'emails.value eq "amara.osei@contoso.example"',
        f'{USER}:userName eq "amara.osei@contoso.example"',
        'USERNAME EQ "amara.osei@contoso.example"',
    ],
)
async def test_a_filter_finds_the_one_user_that_matches(directory: Directory, expression: str) -> None:
    amara = await directory.create()
    other = await directory.create("mei.tanaka", active=False)

    found = await directory.find(expression.replace("{id}", amara["id"]))

    assert [row["id"] for row in found["Resources"]] == [amara["id"]]
    assert [row["id"] for row in (await directory.find("active eq false"))["Resources"]] == [other["id"]]


@pytest.mark.parametrize("attribute", ["userName", "externalId", "id", 'emails[type eq "work"].value'])
async def test_a_probe_for_a_random_value_answers_with_an_empty_list(directory: Directory, attribute: str) -> None:
    await directory.create()

    found = await directory.find(f'{attribute} eq "{uuid4()}"')

    assert (found["totalResults"], found.get("Resources", [])) == (0, [])


@pytest.mark.parametrize(
    "expression",
    [
        'nosuch eq "x"',
        'userName sw "a"',
        'userName eq "a" or userName eq "b"',
        'not (userName eq "a")',
        'displayName eq "Amara Osei"',
        f'{ENTERPRISE}:department eq "x"',
        'emails[type eq "home"].value eq "a@contoso.example"',
        'active eq "perhaps"',
        "userName eq",
        "userName pr",
        " and ".join(['userName eq "a"'] * 50),
    ],
)
async def test_a_filter_that_is_not_supported_is_refused_as_one(directory: Directory, expression: str) -> None:
    answer = await directory.send("GET", "/Users", params={"filter": expression})

    assert is_error(answer, 400, "invalidFilter")


async def test_a_replacement_leaves_nothing_of_what_was_before(directory: Directory) -> None:
    created = await directory.create(title="Architect", nickName="Ama")

    replaced = await directory.send("PUT", f"/Users/{created['id']}", json=user(title="Lead"))

    assert (replaced.status_code, replaced.headers["etag"]) == (200, 'W/"2"')
    assert (replaced.json()["title"], replaced.json().get("nickName")) == ("Lead", None)
    assert await directory.read(created["id"]) == replaced.json()


async def test_a_request_that_changes_nothing_keeps_the_version(directory: Directory) -> None:
    created = await directory.create()

    replaced = await directory.send("PUT", f"/Users/{created['id']}", json=user())
    patched = await directory.patch(created["id"], {"op": "replace", "path": "active", "value": True})

    assert (replaced.headers["etag"], patched.headers["etag"]) == ('W/"1"', 'W/"1"')


async def test_a_version_that_is_known_is_not_sent_again(directory: Directory) -> None:
    created = await directory.create()
    path = f"/Users/{created['id']}"

    known = await directory.send("GET", path, headers={"If-None-Match": 'W/"1"'})
    other = await directory.send("GET", path, headers={"If-None-Match": 'W/"7"'})

    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", 'W/"1"')
    assert other.status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_change_of_another_version_than_expected_is_refused(directory: Directory, method: str) -> None:
    created = await directory.create()
    path, stale, current = f"/Users/{created['id']}", {"If-Match": 'W/"7"'}, {"If-Match": 'W/"1"'}
    body: dict[str, Any] = {"PUT": {"json": user(title="Lead")}, "DELETE": {}}.get(
        method,
        {
            "json": {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "replace", "path": "title", "value": "Lead"}],
            }
        },
    )

    async with leaving_no_trace():
        refused = await directory.send(method, path, headers=stale, **body)
    accepted = await directory.send(method, path, headers=current, **body)

    assert is_error(refused, 412)
    assert accepted.is_success


@pytest.mark.parametrize(
    "values",
    [
        {"userName": "AMARA.OSEI@contoso.example", "externalId": "another"},
        {"userName": "another@contoso.example", "emails": []},
    ],
)
async def test_a_name_or_external_id_that_is_taken_is_refused_as_taken(
    directory: Directory, values: dict[str, Any]
) -> None:
    await directory.create()
    mei = await directory.create("mei.tanaka")

    async with leaving_no_trace():
        created = await directory.send("POST", "/Users", json=user(**values))
        replaced = await directory.send("PUT", f"/Users/{mei['id']}", json=user(**values))

    assert is_error(created, 409, "uniqueness")
    assert is_error(replaced, 409, "uniqueness")


async def test_a_deleted_user_is_gone_and_the_name_is_free_again(directory: Directory) -> None:
    created = await directory.create()

    deleted = await directory.send("DELETE", f"/Users/{created['id']}")
    again = await directory.create()

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert is_error(await directory.send("GET", f"/Users/{created['id']}"), 404)
    assert is_error(await directory.send("DELETE", f"/Users/{created['id']}"), 404)
    assert is_error(await directory.send("PUT", f"/Users/{created['id']}", json=user()), 404)
    assert [row["id"] for row in (await directory.find("active eq true"))["Resources"]] == [again["id"]]
    # What the directory told of it is erased.
    erased = await DirectoryUser.get(id=created["id"])
    assert (erased.user_name, erased.external_id, erased.resource) == ("", None, {})


@pytest.mark.parametrize(
    ("content", "media_type", "status", "scim_type"),
    [
        (b"{", "application/scim+json", 400, "invalidSyntax"),
        (b'{"userName": "a", "userName": "b"}', "application/scim+json", 400, "invalidSyntax"),
        (b"[" * 5_000, "application/scim+json", 400, "invalidSyntax"),
        (b'{"userName": "\\u0000@contoso.example"}', "application/scim+json", 400, "invalidSyntax"),
        (b" " * 300_000, "application/scim+json", 413, None),
        (b"userName=a", "application/x-www-form-urlencoded", 415, None),
        (json.dumps({"schemas": [USER]}).encode(), "application/scim+json", 400, "invalidValue"),
        (json.dumps(user(userName="a" * 400)).encode(), "application/json", 400, "invalidValue"),
        (json.dumps(user(userName=" ")).encode(), "application/json", 400, "invalidValue"),
        (json.dumps(user(userName=17)).encode(), "application/json", 400, "invalidValue"),
        (json.dumps(user(active="perhaps")).encode(), "application/json", 400, "invalidValue"),
        (json.dumps(user(emails="amara")).encode(), "application/json", 400, None),
        (b'"user"', "application/json", 400, None),
    ],
)
async def test_a_body_that_is_no_user_is_refused_and_leaves_no_trace(
    directory: Directory, content: bytes, media_type: str, status: int, scim_type: str | None
) -> None:
    await directory.find("active eq true")

    async with leaving_no_trace():
        answer = await directory.send("POST", "/Users", content=content, headers={"Content-Type": media_type})

    assert is_error(answer, status, scim_type or answer.json().get("scimType"))


async def test_only_a_valid_token_of_the_directory_lets_in(
    directory: Directory, client: AsyncClient, contoso: Organization, settings: Settings, clock: FrozenClock
) -> None:
    operator = Operator(organization_id=contoso.id)
    short = await create_scim_token(by=operator, expires_at=START + DAY, now=START, settings=settings)
    key = await make_api_client(contoso, *Scope, settings=settings)
    forged = directory.token[:-7] + ("0" if directory.token[-7] != "0" else "1") + directory.token[-6:]

    assert (await Directory(client, short.secret).send("GET", "/Users")).status_code == 200
    clock.advance(DAY)
    for token in ("", "nonsense", forged, key.secret or "", short.secret):
        refused = await Directory(client, token).send("GET", "/ServiceProviderConfig")
        assert is_error(refused, 401), token
        assert refused.headers["www-authenticate"].startswith("Bearer")
    assert (await directory.send("GET", "/Users")).status_code == 200
    await revoke_scim_tokens(by=operator, now=clock())
    assert is_error(await directory.send("GET", "/Users"), 401)


async def test_a_token_of_the_directory_opens_nothing_else(directory: Directory, client: AsyncClient) -> None:
    answer = await client.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"Authorization": f"Bearer {directory.token}"}
    )

    assert answer.status_code == 401


async def test_a_directory_sees_and_changes_its_own_users_only(
    directory: Directory, client: AsyncClient, settings: Settings
) -> None:
    created = await directory.create()
    fabrikam = await directory_of(await make_organization("Fabrikam"), client, settings)
    path = f"/Users/{created['id']}"

    assert (await fabrikam.find('userName eq "amara.osei@contoso.example"'))["totalResults"] == 0
    # The use of the token is recorded by now.
    async with leaving_no_trace():
        assert is_error(await fabrikam.send("GET", path), 404)
        assert is_error(await fabrikam.send("PUT", path, json=user()), 404)
        assert is_error(await fabrikam.patch(created["id"], {"op": "replace", "path": "active", "value": False}), 404)
        assert is_error(await fabrikam.send("DELETE", path), 404)


async def test_groups_are_an_empty_list_and_cannot_be_written(directory: Directory) -> None:
    listed = await directory.send("GET", "/Groups", params={"filter": 'displayName eq "Staff"'})
    created = await directory.send("POST", "/Groups", json={"displayName": "Staff"})
    types = (await directory.send("GET", "/ResourceTypes")).json()

    assert (listed.status_code, listed.json()["totalResults"]) == (200, 0)
    assert is_error(created, 501)
    assert is_error(await directory.send("GET", f"/Groups/{uuid4()}"), 501)
    assert [resource["name"] for resource in types["Resources"]] == ["User"]


async def test_what_is_announced_is_what_is_supported(directory: Directory) -> None:
    config = (await directory.send("GET", "/ServiceProviderConfig")).json()
    schemas = (await directory.send("GET", "/Schemas")).json()

    supported = {
        name: part["supported"] for name, part in config.items() if isinstance(part, dict) and "supported" in part
    }
    assert supported == {
        "patch": True,
        "bulk": False,
        "filter": True,
        "changePassword": False,
        "sort": False,
        "etag": True,
    }
    assert {schema["id"] for schema in schemas["Resources"]} == {USER, ENTERPRISE}
    assert "password" not in {
        attribute["name"] for schema in schemas["Resources"] for attribute in schema["attributes"]
    }
    assert is_error(await directory.send("POST", "/Bulk", json={"Operations": []}), 501)
    assert is_error(await directory.send("GET", "/Me"), 501)
    assert is_error(await directory.send("GET", "/Users", params={"sortBy": "userName"}), 501)


async def test_a_path_or_method_that_is_none_is_refused_in_the_same_shape(directory: Directory) -> None:
    created = await directory.create()

    assert is_error(await directory.send("GET", "/Nothing"), 404)
    assert is_error(await directory.send("GET", "/Users/no-such-id"), 404)
    refused = await directory.send("POST", f"/Users/{created['id']}", json=user())
    assert is_error(refused, 405)
    assert refused.headers["allow"] == "DELETE, GET, PATCH, PUT"


async def test_a_directory_that_asks_too_often_is_told_when_to_come_back(
    directory: Directory, runtime: Runtime, settings: Settings, redis: object
) -> None:
    limited = RateLimit(settings.model_copy(update={"rate_limit": 25, "max_cost": 20}))
    object.__setattr__(runtime, "rate_limit", limited)

    answers = [await directory.send("GET", "/Users") for _ in range(3)]
    await limited.close()

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert is_error(answers[-1], 429)
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_the_use_of_a_token_is_recorded_and_its_secret_is_stored_as_a_hash(
    directory: Directory, contoso: Organization
) -> None:
    await directory.find("active eq true")

    assert await fetch_value("SELECT last_used_at FROM scim_token WHERE organization_id = $1", contoso.id) == START
    assert directory.token not in json.dumps(await trace())


async def test_a_user_has_only_texts_of_which_a_page_can_hold_many(directory: Directory) -> None:
    emails = [{"value": f"{number}@contoso.example", "display": "x" * 990} for number in range(20)]
    created = await directory.create(title="x" * 1_000)

    for values in (
        {"title": "x" * 1_001},
        {"name": {"givenName": "x" * 1_001}},
        {ENTERPRISE: {"department": "x" * 1_001}},
        {"emails": [{"type": "home", "value": "x" * 1_001}]},
        {"emails": emails},
    ):
        refused = await directory.send("POST", "/Users", json=user("mei.tanaka", **values))
        assert is_error(refused, 400, "invalidValue"), values
        assert "characters" in refused.json()["detail"]
    patched = await directory.patch(created["id"], {"op": "replace", "path": "title", "value": "x" * 1_001})

    assert is_error(patched, 400, "invalidValue")
    assert await directory.read(created["id"]) == created


@pytest.mark.parametrize("mark", ["#EXT#", "#ext#"])
async def test_a_guest_is_refused_and_never_invited(directory: Directory, mark: str) -> None:
    name = f"amara_gmail.com{mark}@contoso.example"
    created = await directory.create("mei.tanaka")

    async with leaving_no_trace():
        alone = await directory.send("POST", "/Users", json=user(userName=name, emails=[]))
        with_email = await directory.send("POST", "/Users", json=user(userName=name))
        renamed = await directory.patch(created["id"], {"op": "replace", "path": "userName", "value": name})

    assert [is_error(answer, 400, "invalidValue") for answer in (alone, with_email, renamed)] == [True] * 3
    assert "guest" in alone.json()["detail"]


@pytest.mark.parametrize("form", ["{{{}}}", "urn:uuid:{}", "{}-"])
async def test_a_user_has_one_address(directory: Directory, form: str) -> None:
    created = await directory.create()

    for path in (form.format(created["id"]), created["id"].replace("-", "")):
        assert is_error(await directory.send("GET", f"/Users/{path}"), 404)
        assert is_error(await directory.send("DELETE", f"/Users/{path}"), 404)
    assert await directory.read(created["id"]) == created
