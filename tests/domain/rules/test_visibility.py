"""Who may see what (R1, R2, R17)?"""

import pytest

from domain.errors import Forbidden
from domain.rules.sign_in import Identity
from domain.rules.visibility import MemberViewer, check_signed_in, masked_for, masked_profile_id
from domain.rules.words import MemberRole


@pytest.mark.parametrize(
    ("role", "is_admin"),
    [(MemberRole.MEMBER, False), (MemberRole.ACCOUNT_ADMIN, True), (MemberRole.GLOBAL_ADMIN, True)],
)
def test_only_admins_see_their_organization(role: MemberRole, is_admin: bool) -> None:
    assert MemberViewer(member_id=1, organization_id=1, role=role).is_admin is is_admin


def test_nobody_is_asked_to_sign_in() -> None:
    with pytest.raises(Forbidden):
        check_signed_in(None)


def test_an_organization_sees_the_last_three_digits_of_an_mcid_and_its_owner_all() -> None:
    """R17."""
    assert masked_profile_id("991204737") == "•••737"
    assert masked_for("991204737", owner=False) is None
    assert masked_for("991204737", owner=True) == "991204737"


@pytest.mark.parametrize("profile_id", ["7", "37", "737"])
def test_an_id_of_three_digits_or_fewer_is_not_told(profile_id: str) -> None:
    """R17: the last three digits are never all of them."""
    assert profile_id not in masked_profile_id(profile_id)


@pytest.mark.parametrize(
    ("email", "verified", "expected"),
    [
        (" Mei.Tanaka@Contoso.example ", True, "mei.tanaka@contoso.example"),
        ("mei.tanaka@contoso.example", False, None),
        (None, True, None),
        ("", True, None),
    ],
)
def test_only_a_verified_address_accepts_an_invitation(email: str | None, verified: bool, expected: str | None) -> None:
    """R2."""
    identity = Identity(issuer="https://login.contoso.example", subject="1", email=email, email_verified=verified)

    assert identity.verified_email == expected
