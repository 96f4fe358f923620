"""The requests of Okta are answered as it needs, in the shapes in which it sends them."""

from typing import Any

import pytest

from domain.models import Member
from domain.rules.enums import MemberStatus
from tests.scim.conftest import PATCH, USER, Directory, is_error

NAME = "test.user@contoso.example"
CREATION: dict[str, Any] = {
    "schemas": [USER],
    "userName": NAME,
    "name": {"givenName": "Test", "familyName": "User"},
    "emails": [{"primary": True, "value": NAME, "type": "work"}],
    "displayName": "Test User",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}


@pytest.fixture
async def created(directory: Directory) -> dict[str, Any]:
    """The user that Okta has created."""
    answer = await directory.send("POST", "/Users", json=CREATION)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_the_test_of_the_connection_and_the_import_read_pages(directory: Directory) -> None:
    tested = await directory.send("GET", "/Users", params={"startIndex": "1", "count": "2"})
    groups = await directory.send("GET", "/Groups", params={"startIndex": "1", "count": "100"})

    assert (tested.status_code, tested.json()["totalResults"]) == (200, 0)
    assert (groups.status_code, groups.json()["totalResults"]) == (200, 0)


async def test_a_user_is_looked_for_created_and_refused_the_second_time(directory: Directory) -> None:
    before = await directory.find(f'userName eq "{NAME}"', startIndex="1", count="100")
    created = await directory.send("POST", "/Users", json=CREATION)
    without_id = {name: value for name, value in CREATION.items() if name != "externalId"}
    again = await directory.send("POST", "/Users", json=without_id)
    after = await directory.find(f'userName eq "{NAME}"', startIndex="1", count="100")

    assert before["totalResults"] == 0
    assert created.status_code == 201
    assert {
        name: created.json()[name] for name in ("userName", "name", "emails", "externalId", "active", "locale")
    } == {name: CREATION[name] for name in ("userName", "name", "emails", "externalId", "active", "locale")}
    assert "password" not in created.json()
    assert is_error(again, 409, "uniqueness")
    assert (after["totalResults"], after["startIndex"]) == (1, 1)


async def test_an_update_reads_the_user_and_sends_it_back_whole(directory: Directory, created: dict[str, Any]) -> None:
    read = await directory.read(created["id"])
    read["name"] = {"familyName": "Person", "givenName": "Another"}
    read["displayName"] = "Another Person"

    answer = await directory.send("PUT", f"/Users/{created['id']}", json={**read, "groups": [], "password": "x"})

    assert answer.status_code == 200
    assert answer.json()["name"] == {"familyName": "Person", "givenName": "Another"}
    assert [member.name for member in await Member.all()] == ["Another Person"]


async def test_a_user_is_deactivated_and_activated_by_the_whole_user(
    directory: Directory, created: dict[str, Any]
) -> None:
    path = f"/Users/{created['id']}"

    off = await directory.send("PUT", path, json={**created, "active": False})
    left = [member.status for member in await Member.all()]
    on = await directory.send("PUT", path, json={**created, "active": True})

    assert (off.json()["active"], left) == (False, [MemberStatus.REMOVED])
    assert on.json()["active"] is True
    assert {member.status for member in await Member.all()} == {MemberStatus.REMOVED, MemberStatus.INVITED}


async def test_a_user_is_deactivated_by_a_patch_without_a_path(directory: Directory, created: dict[str, Any]) -> None:
    answer = await directory.send(
        "PATCH",
        f"/Users/{created['id']}",
        json={"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": False}}]},
    )

    assert answer.is_success
    assert (await directory.read(created["id"]))["active"] is False
    assert [member.status for member in await Member.all()] == [MemberStatus.REMOVED]


async def test_a_password_is_taken_and_forgotten(directory: Directory, created: dict[str, Any]) -> None:
    answer = await directory.patch(created["id"], {"op": "replace", "value": {"password": "0vk6alez"}})

    assert answer.is_success
    assert await directory.read(created["id"]) == created
