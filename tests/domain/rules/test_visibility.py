"""Visibility rules (R1, R2, R17)."""

import pytest

from domain.errors import Forbidden
from domain.rules.enums import MemberRole, Scope
from domain.rules.visibility import (
    ApiClientViewer,
    MemberViewer,
    check_person,
    check_signed_in,
    masked_for,
    masked_profile_id,
    may_see_of,
)


@pytest.mark.parametrize(
    ("role", "is_admin"),
    [(MemberRole.MEMBER, False), (MemberRole.ACCOUNT_ADMIN, True), (MemberRole.GLOBAL_ADMIN, True)],
)
def test_only_admins_see_their_organization(role: MemberRole, is_admin: bool) -> None:
    assert MemberViewer(member_id=1, organization_id=1, role=role).is_admin is is_admin


def test_nobody_is_asked_to_sign_in() -> None:
    with pytest.raises(Forbidden):
        check_signed_in(None)


def test_an_api_client_sees_what_its_scopes_open_and_is_nobody_s_person() -> None:
    """R1, R17."""
    program = ApiClientViewer(api_client_id=1, organization_id=1, scopes=frozenset({Scope.CREDITS_READ}))

    assert [scope for scope in Scope if program.may(scope)] == [Scope.CREDITS_READ]
    assert may_see_of(program, 1, Scope.CREDITS_READ)
    assert not may_see_of(program, 1, Scope.MEMBERS_READ)
    with pytest.raises(Forbidden):
        check_person(check_signed_in(program))


def test_members_see_all_of_themselves_and_admins_of_everybody() -> None:
    member = MemberViewer(member_id=1, organization_id=1, role=MemberRole.MEMBER)
    admin = MemberViewer(member_id=2, organization_id=1, role=MemberRole.ACCOUNT_ADMIN)

    assert [may_see_of(member, number, Scope.CREDITS_READ) for number in (1, 2)] == [True, False]
    assert [may_see_of(admin, number, Scope.CREDITS_READ) for number in (1, 2)] == [True, True]


def test_an_organization_sees_the_last_three_digits_of_an_mcid_and_its_owner_all() -> None:
    """R17."""
    assert masked_profile_id("991204737") == "•••737"
    assert masked_for("991204737", owner=False) is None
    assert masked_for("991204737", owner=True) == "991204737"


@pytest.mark.parametrize("profile_id", ["7", "37", "737"])
def test_an_id_of_three_digits_or_fewer_is_not_told(profile_id: str) -> None:
    """R17: the last three digits are never all of them."""
    assert profile_id not in masked_profile_id(profile_id)
