"""Whatever a directory sends is answered in SCIM's shape, and never by a fault."""

from typing import Any

import pytest
from scim2_models.messages import patch_op

from domain.rules.directory import MAX_EMAILS
from tests.scim.conftest import ENTERPRISE, PATCH, Directory, is_error

FILTERS = [
    "(" * 3_000 + 'userName eq "a"' + ")" * 3_000,
    "not (" * 1_000 + 'userName eq "a"' + ")" * 1_000,
    " or ".join(['userName eq "a"'] * 2_000),
    "emails[" * 500 + 'type eq "a"' + "]" * 500,
    'userName eq "' + "a" * 30_000 + '"',
    'userName eq "\\u0000"',
    'userName eq "\\ud800"',
    'userName eq "\x00"',
    "userName eq null",
    "active eq null",
    "id eq 17",
    'externalId eq "a" and',
    'emails eq "a@contoso.example"',
    'emails[type eq "work"] eq "a"',
    f'{ENTERPRISE}:userName eq "a"',
    'meta.lastModified eq "2026-01-01T00:00:00Z"',
    "",
    " ",
    "💥",
]
OPERATIONS: list[Any] = [
    None,
    [],
    17,
    {"op": "replace"},
    {"op": "destroy", "path": "title"},
    {"op": "replace", "path": "active", "value": "perhaps"},
    {"op": "replace", "path": "active", "value": {"a": 1}},
    {"op": "replace", "path": "(" * 3_000, "value": "a"},
    {"op": "replace", "path": 'emails[type eq "' + "a" * 20_000 + '"].value', "value": "a@contoso.example"},
    {"op": "replace", "path": "emails[" + "(" * 3_000 + 'type eq "a"' + ")" * 3_000 + "].value", "value": "a"},
    {"op": "replace", "value": {"emails[" + "not (" * 800: "a"}},
    {"op": "replace", "path": "emails", "value": "a"},
    {"op": "replace", "path": "emails", "value": [{"value": 17}]},
    {"op": "replace", "path": "id", "value": "a"},
    {"op": "replace", "path": "meta.version", "value": "a"},
    {"op": "replace", "path": "schemas", "value": []},
    {"op": "remove", "path": "userName"},
    {"op": "remove"},
    {"op": "replace", "path": "userName", "value": None},
    {"op": "replace", "path": "userName", "value": ""},
    {"op": "replace", "path": "externalId", "value": ["a"]},
    {"op": "add", "path": "name", "value": "a"},
    {"op": "add", "path": ENTERPRISE, "value": "a"},
    {"op": "add", "path": "urn:nothing:here:title", "value": "a"},
    {"op": "replace", "value": {}},
    {"op": "replace", "value": {"": "a", ".": "b", "[": "c", "name.": "d"}},
]


@pytest.mark.parametrize("number", range(len(FILTERS)))
async def test_a_filter_whatever_it_is_costs_no_fault(directory: Directory, number: int) -> None:
    answer = await directory.send("GET", "/Users", params={"filter": FILTERS[number]})

    assert answer.status_code in {200, 400}, answer.text
    assert answer.headers["content-type"] == "application/scim+json"


@pytest.mark.parametrize("number", range(len(OPERATIONS)))
async def test_a_patch_whatever_it_is_costs_no_fault(directory: Directory, number: int) -> None:
    created = await directory.create()

    answer = await directory.send(
        "PATCH", f"/Users/{created['id']}", json={"schemas": [PATCH], "Operations": [OPERATIONS[number]]}
    )

    assert answer.status_code in {200, 204, 400}, answer.text
    assert (await directory.read(created["id"]))["userName"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"schemas": [PATCH]},
        {"schemas": [PATCH], "Operations": {}},
        {"schemas": [PATCH], "Operations": []},
        {"schemas": "a", "Operations": [{"op": "replace", "path": "title", "value": "a"}]},
        {"Operations": [{"op": "replace", "path": "title", "value": "a"}], "operations": []},
    ],
)
async def test_a_body_of_a_patch_whatever_it_is_costs_no_fault(directory: Directory, body: Any) -> None:
    created = await directory.create()

    answer = await directory.send("PATCH", f"/Users/{created['id']}", json=body)

    assert answer.status_code in {200, 204, 400}, answer.text


@pytest.mark.parametrize(
    "parameters",
    [
        {"count": "a"},
        {"count": "-5"},
        {"count": "99999999999999999999"},
        {"startIndex": "99999999999999999999"},
        {"startIndex": "0"},
        {"startIndex": "1.5"},
        {"attributes": "nosuch"},
        {"attributes": "(" * 2_000},
        {"attributes": "userName", "excludedAttributes": "userName"},
        {"excludedAttributes": "id,userName"},
        {"cursor": "abc"},
        {"sortBy": "("},
    ],
)
async def test_a_parameter_whatever_it_is_costs_no_fault(directory: Directory, parameters: dict[str, str]) -> None:
    await directory.create()

    answer = await directory.send("GET", "/Users", params=parameters)

    assert answer.status_code in {200, 400, 501}, answer.text
    assert answer.headers["content-type"] == "application/scim+json"


async def test_what_would_take_seconds_to_read_is_refused(directory: Directory) -> None:
    created = await directory.create()
    long = " and ".join(['userName eq "a"'] * 100)
    paths = {f'emails[type eq "t{number}"].value': "a@contoso.example" for number in range(51)}

    many = await directory.patch(created["id"], *[{"op": "replace", "path": "title", "value": "a"}] * 51)
    in_one = await directory.patch(created["id"], {"op": "replace", "value": paths})
    path = await directory.patch(created["id"], {"op": "replace", "path": f"emails[{long}].value", "value": "a"})
    emails = await directory.patch(
        created["id"], {"op": "add", "path": "emails", "value": [{"value": str(number)} for number in range(20)]}
    )
    filtered = await directory.send("GET", "/Users", params={"filter": long})
    searched = await directory.send("POST", "/Users/.search", json={"filter": long})
    attributes = await directory.send("GET", f"/Users/{created['id']}", params={"attributes": "title," * 200})

    assert is_error(many, 400, "invalidValue")
    assert is_error(in_one, 400, "invalidValue")
    assert is_error(path, 400, "invalidPath")
    assert is_error(emails, 400, "invalidValue")
    assert is_error(filtered, 400, "invalidFilter")
    assert is_error(searched, 400, "invalidFilter")
    assert is_error(attributes, 400, "invalidValue")
    assert await directory.read(created["id"]) == created


@pytest.mark.parametrize("key", ["path", "Path", "PATH"])
async def test_the_key_of_a_path_has_limits_in_any_case(directory: Directory, key: str) -> None:
    created = await directory.create()
    long = " or ".join(['value co "a"'] * 1_500)
    many = " and ".join(['value sw "a"'] * 11)

    too_long = await directory.patch(created["id"], {"op": "remove", key: f"emails[{long}].display"})
    too_many = await directory.patch(created["id"], {"op": "remove", key: f"emails[{many}].display"})
    in_all = [{"op": "replace", key: f"emails[{many[:-20]}].display", "value": "x"}] * 11

    assert is_error(too_long, 400, "invalidPath")
    assert is_error(too_many, 400, "invalidPath")
    assert is_error(await directory.patch(created["id"], *in_all), 400, "invalidPath")
    assert await directory.read(created["id"]) == created


@pytest.mark.parametrize("key", ["value", "Value"])
async def test_a_patch_never_looks_through_more_emails_than_a_user_may_have(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    created = await directory.create()
    seen: list[int] = []
    apply = patch_op._apply_operation

    def watched(resource: Any, *rest: Any) -> bool:
        seen.append(len(resource.emails))
        return apply(resource, *rest)

    monkeypatch.setattr(patch_op, "_apply_operation", watched)
    emails = [{"value": f"v{number}"} for number in range(500)]
    looking = [{"op": "replace", "path": 'emails[value sw "v"].display', "value": "x"}] * 30
    adding = [{"op": "add", "path": "emails", key: emails[first : first + 15]} for first in range(0, 75, 15)]

    at_once = await directory.patch(created["id"], {"op": "add", "path": "emails", key: emails}, *looking)
    in_one = await directory.patch(created["id"], {"op": "add", key: {"emails": emails}}, *looking)
    bit_by_bit = await directory.patch(created["id"], *adding, *looking)

    assert [is_error(answer, 400, "invalidValue") for answer in (at_once, in_one, bit_by_bit)] == [True] * 3
    assert max(seen) <= MAX_EMAILS
    assert await directory.read(created["id"]) == created


async def test_a_value_of_a_wrong_type_is_refused_in_our_words(directory: Directory) -> None:
    created = await directory.create()
    path = f"/Users/{created['id']}"

    answers = [
        await directory.send("POST", "/Users", json={**created, "active": "perhaps"}),
        await directory.send("POST", "/Users", json={**created, "emails": [{"value": 17}]}),
        await directory.send("PUT", path, json=[]),
        await directory.patch(created["id"], {"op": "replace", "path": "active", "value": "perhaps"}),
        await directory.patch(created["id"], {"op": "replace", "path": "emails", "value": [{"value": 17}]}),
        await directory.patch(created["id"], {"op": "replace", "path": ["title"], "value": "a"}),
        await directory.send("GET", "/Users", params={"count": "many"}),
    ]

    details = [answer.json()["detail"] for answer in answers]
    assert {answer.status_code for answer in answers} == {400}
    assert [detail for detail in details if "pydantic" in detail or "nput should" in detail] == []
    assert details[0] == "active has no value of its type."
