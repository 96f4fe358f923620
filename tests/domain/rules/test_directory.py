"""What counts of a directory's user."""

from typing import Any

import pytest

from domain.errors import InvalidInput
from domain.rules.api_clients import MARK, api_key, claims_to_be_api_key, prefix_of
from domain.rules.directory import SCIM_MARK, profile_of

WORK = {"type": "work", "value": "work@contoso.example"}
HOME = {"type": "home", "value": "home@gmail.example"}


@pytest.mark.parametrize(
    ("emails", "address"),
    [
        ([WORK], "work@contoso.example"),
        ([HOME, {**WORK, "type": "Work"}], "work@contoso.example"),
        ([{**HOME, "primary": True}, WORK], "work@contoso.example"),
        ([WORK, {**WORK, "value": "second@contoso.example", "primary": True}], "second@contoso.example"),
        ([{"value": "only@contoso.example", "primary": True}], "only@contoso.example"),
        ([{"value": "only@contoso.example"}], "amara@contoso.example"),
        ([HOME], "amara@contoso.example"),
        ([{"type": "work", "value": " "}, {"type": "work"}], "amara@contoso.example"),
        ([], "amara@contoso.example"),
        (None, "amara@contoso.example"),
    ],
)
def test_the_work_address_is_the_work_email_else_the_primary_one_else_the_user_name(
    emails: list[dict[str, Any]] | None, address: str
) -> None:
    assert profile_of({"userName": "amara@contoso.example", "emails": emails}).address == address


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"displayName": " Amara Osei ", "name": {"formatted": "Osei, Amara"}}, "Amara Osei"),
        ({"displayName": "", "name": {"formatted": "Osei, Amara"}}, "Osei, Amara"),
        ({"name": {"givenName": "Amara", "familyName": "Osei"}}, "Amara Osei"),
        ({"name": {"familyName": "Osei"}}, "Osei"),
        ({"displayName": "x" * 201, "name": {"givenName": "Amara"}}, "Amara"),
        ({"displayName": "A\nB"}, None),
        ({}, None),
    ],
)
def test_the_name_is_the_first_one_that_can_be_shown(values: dict[str, Any], name: str | None) -> None:
    assert profile_of({"userName": "amara", **values}).name == name


@pytest.mark.parametrize(
    "values",
    [{"userName": ""}, {"userName": " "}, {"userName": "a" * 321}, {"userName": "a\x07"}, {"externalId": "x" * 256}],
)
def test_a_name_or_id_that_cannot_be_kept_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        profile_of({"userName": "amara", **values})


def test_whether_a_user_is_active_may_be_left_open() -> None:
    assert [profile_of({"userName": "a", **said}).is_active for said in ({}, {"active": None}, {"active": False})] == [
        None,
        None,
        False,
    ]


def test_a_token_of_a_directory_and_an_api_key_are_never_taken_for_each_other() -> None:
    token, key = api_key("0" * 40, mark=SCIM_MARK), api_key("0" * 40)

    assert (prefix_of(token, mark=SCIM_MARK), prefix_of(key)) == (SCIM_MARK + "0" * 8, MARK + "0" * 8)
    assert (prefix_of(token), prefix_of(key, mark=SCIM_MARK)) == (None, None)
    # So it is refused as a wrong key, and no issuer is asked about it.
    assert claims_to_be_api_key(token)
