"""The requests of Microsoft Entra ID are answered as it needs, in the shapes in which it sends them."""

from typing import Any

import pytest

from domain.models import Member
from domain.rules.enums import MemberStatus
from tests.scim.conftest import ENTERPRISE, PATCH, USER, Directory

# As its documentation shows it: with members that are null, roles, and the enterprise schema without a colon.
CREATION: dict[str, Any] = {
    "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "userName": "Test_User_ab6490ee@contoso.example",
    "active": True,
    "addresses": None,
    "displayName": "lennay",
    "emails": [{"primary": True, "type": "work", "value": "Test_User_fd0ea19b@contoso.example"}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "Adrienne Lowe", "familyName": "Lowe", "givenName": "Adrienne"},
    "phoneNumbers": None,
    "preferredLanguage": None,
    "roles": [],
    "title": None,
    ENTERPRISE: {"department": "bob", "manager": None},
}


@pytest.fixture
async def user_id(directory: Directory) -> str:
    """The id of a user that Entra has created."""
    answer = await directory.send("POST", "/Users", json=CREATION)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    assert created["meta"]["resourceType"] == "User"
    assert created["schemas"] == [USER, ENTERPRISE]
    return str(created["id"])


async def patched(directory: Directory, user_id: str, *operations: dict[str, Any], query: str = "") -> dict[str, Any]:
    """Return the user after a PATCH as Entra sends it."""
    payload = {"schemas": [PATCH], "Operations": list(operations)}
    answer = await directory.send("PATCH", f"/Users/{user_id}{query}", json=payload)
    assert answer.status_code in {200, 204}, answer.text
    return await directory.read(user_id)


async def test_the_test_of_the_connection_finds_nobody_and_succeeds(directory: Directory) -> None:
    found = await directory.find('userName eq "4f7d4ae1-1ef4-4ec0-b6a7-ed7b0d8fb8c8"')

    assert (found["totalResults"], found.get("Resources", [])) == (0, [])


async def test_a_user_is_found_by_what_entra_matches_by(directory: Directory, user_id: str) -> None:
    for expression in (
        'userName eq "test_user_AB6490EE@contoso.example"',
        'externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"',
        "externalId eq 0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        'emails[type eq "work"].value eq "Test_User_fd0ea19b@contoso.example"',
    ):
        assert [row["id"] for row in (await directory.find(expression))["Resources"]] == [user_id], expression


async def test_a_user_is_disabled_by_a_text_and_still_returned_and_restored_and_deleted(
    directory: Directory, user_id: str
) -> None:
    disabled = await patched(directory, user_id, {"op": "Replace", "path": "active", "value": "False"})
    found = await directory.find('userName eq "Test_User_ab6490ee@contoso.example"')
    left = [member.status for member in await Member.all()]
    restored = await patched(directory, user_id, {"op": "Replace", "path": "active", "value": "True"})
    deleted = await directory.send("DELETE", f"/Users/{user_id}")

    assert (disabled["active"], found["Resources"][0]["active"], left) == (False, False, [MemberStatus.REMOVED])
    assert restored["active"] is True
    assert deleted.status_code == 204
    assert {member.status for member in await Member.all()} == {MemberStatus.REMOVED}


async def test_each_attribute_is_replaced_by_an_operation_of_its_own(directory: Directory, user_id: str) -> None:
    changed = await patched(
        directory,
        user_id,
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "updated@Contoso.example"},
        {"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
        {"op": "Add", "path": "displayName", "value": "Adrienne"},
        {"op": "Add", "path": f"{ENTERPRISE}:employeeNumber", "value": "0017"},
        {"op": "Remove", "path": f"{ENTERPRISE}:department"},
        # What is not kept here is read over.
        {"op": "Add", "path": "manager", "value": [{"$ref": "http://example.com/Users/2819c223", "value": "2819c223"}]},
        {"op": "Replace", "path": 'phoneNumbers[type eq "work"].value', "value": "+1 555 0100"},
        {"op": "Add", "path": 'addresses[type eq "work"].country', "value": "GH"},
    )

    assert changed["emails"] == [{"primary": True, "type": "work", "value": "updated@Contoso.example"}]
    assert changed["name"] == {
        "formatted": "Adrienne Lowe",
        "familyName": "updatedFamilyName",
        "givenName": "Adrienne",
    }
    assert (changed["displayName"], changed[ENTERPRISE]) == ("Adrienne", {"employeeNumber": "0017"})
    (member,) = await Member.all()
    assert (member.work_email, member.name) == ("updated@contoso.example", "Adrienne")


@pytest.mark.parametrize("operation", ["Add", "Replace"])
async def test_a_work_email_that_is_not_there_yet_is_made(directory: Directory, operation: str) -> None:
    created = await directory.send("POST", "/Users", json={**CREATION, "emails": None})

    changed = await patched(
        directory,
        created.json()["id"],
        {"op": operation, "path": 'emails[type eq "work"].value', "value": "first@contoso.example"},
    )

    assert changed["emails"] == [{"type": "work", "value": "first@contoso.example"}]
    assert [member.work_email for member in await Member.all()] == ["first@contoso.example"]


async def test_several_attributes_are_replaced_at_once_by_dotted_keys(directory: Directory, user_id: str) -> None:
    changed = await patched(
        directory,
        user_id,
        {
            "op": "replace",
            "value": {
                "active": False,
                "displayName": "Bjfe",
                "name.givenName": "Kim",
                "name.familyName": "Bj",
                'emails[type eq "work"].value': "kim@contoso.example",
                f"{ENTERPRISE}:department": "Sales",
                f"{ENTERPRISE}:manager": "2819c223",
                'phoneNumbers[type eq "work"].value': "+1 555 0100",
            },
        },
        query="?aadOptscim062020",
    )

    assert (changed["active"], changed["displayName"]) == (False, "Bjfe")
    assert (changed["name"]["givenName"], changed["name"]["familyName"]) == ("Kim", "Bj")
    assert changed["emails"] == [{"primary": True, "type": "work", "value": "kim@contoso.example"}]
    assert changed[ENTERPRISE] == {"department": "Sales"}


@pytest.mark.parametrize("manager", ["manager", "Manager.value", f"{ENTERPRISE}:manager"])
async def test_a_question_for_a_manager_finds_nobody_since_none_is_kept(
    directory: Directory, user_id: str, manager: str
) -> None:
    found = await directory.find(f'id eq "{user_id}" and {manager} eq "2819c223"')

    assert (found["totalResults"], found.get("Resources", [])) == (0, [])


@pytest.mark.parametrize(("op", "value"), [("op", "Value"), ("OP", "VALUE")])
async def test_the_keys_of_an_operation_count_in_any_case(
    directory: Directory, user_id: str, op: str, value: str
) -> None:
    changed = await patched(
        directory, user_id, {op: "replace", value: {'emails[type eq "work"].value': "kim@contoso.example"}}
    )

    assert [email["value"] for email in changed["emails"]] == ["kim@contoso.example"]


async def test_a_group_assignment_finds_no_groups_to_write(directory: Directory) -> None:
    probe = await directory.send(
        "GET", "/Groups", params={"excludedAttributes": "members", "filter": 'displayName eq "b"'}
    )

    assert (probe.status_code, probe.json()["totalResults"]) == (200, 0)
