"""What an issuer's claims say about a person (R2)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput, Refusal
from domain.rules.enums import AddressTrust, IssuerPreset
from domain.rules.identity import (
    MAX_SUBJECT,
    AddressMissing,
    AddressNotOfOrganization,
    AddressNotVerified,
    IssuerTrust,
    check_trust,
    identify,
)
from domain.rules.issuer_presets import PROFILES, access_token_issuers
from domain.rules.sign_in import SignInNotAccepted

TENANT, ANOTHER_TENANT = "4f2d3c1b-0a9e-4d8c-9b7a-6f5e4d3c2b1a", "0c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e4f"
ENTRA_ISSUER = f"https://login.microsoftonline.com/{TENANT}/v2.0"
GOOGLE_ISSUER = "https://accounts.google.com"
AMARA, JOSE = "amara.osei@contoso.example", "jos\u00e9@contoso.example"
VERIFIED, ISSUER, HOSTED_DOMAIN = AddressTrust.VERIFIED, AddressTrust.ISSUER, AddressTrust.HOSTED_DOMAIN
YES = [True, "true", "True", "TRUE"]
NO = [False, 0, 0.0, "0", "false", "False", "FALSE"]
UNSAID: list[object] = [None, "", "yes", 1, 0.5, [], {}, ["true"], " true"]


def trusted(preset: IssuerPreset, issuer: str = "https://login.contoso.example") -> IssuerTrust:
    """Return what a preset trusts an issuer with, for two mail domains of one company."""
    profile = PROFILES[preset]
    return IssuerTrust(
        issuer=issuer,
        address_trust=profile.address_trust,
        address_claims=profile.address_claims,
        subject_claims=profile.subject_claims,
        mail_domains=frozenset({"contoso.example", "xn--fa-hia.example"}),
    )


GENERIC, GOOGLE = trusted(IssuerPreset.GENERIC), trusted(IssuerPreset.GOOGLE, GOOGLE_ISSUER)
ENTRA, ADFS = trusted(IssuerPreset.ENTRA, ENTRA_ISSUER), trusted(IssuerPreset.ADFS)
TRUSTS = {"VERIFIED": GENERIC, "HOSTED_DOMAIN": GOOGLE, "ISSUER": ENTRA}
PERSON = {"sub": "pairwise", "oid": "11111111-2222-4333-8444-555555555555", "tid": TENANT, "hd": "contoso.example"}


def told(trust: IssuerTrust, **claims: Any) -> str | type[Refusal] | None:
    """Return the address that claims confirm, or the refusal that says why there is none."""
    identity = identify(PERSON | claims, trust)
    assert (identity.address is None) != (identity.address_refusal is None)
    return type(identity.address_refusal) if identity.address_refusal else identity.address


# The first column names whose word counts, the last what comes of the claims.
TABLE: list[tuple[str, dict[str, Any], str | type[Refusal]]] = [
    # Case 1 of public reports: an issuer that says nothing of email_verified.
    ("VERIFIED", {"email": AMARA}, AddressNotVerified),
    ("HOSTED_DOMAIN", {"email": AMARA}, AddressNotVerified),
    ("ISSUER", {"email": AMARA}, AMARA),
    ("VERIFIED", {"preferred_username": AMARA}, AddressMissing),
    ("VERIFIED", {"preferred_username": AMARA, "email_verified": True}, AddressMissing),
    ("HOSTED_DOMAIN", {"upn": AMARA, "email_verified": True}, AddressMissing),
    ("ISSUER", {"preferred_username": AMARA}, AMARA),
    ("ISSUER", {"upn": AMARA}, AMARA),
    ("ISSUER", {"unique_name": AMARA}, AddressMissing),
    ("VERIFIED", {"email": AMARA, "email_verified": "true"}, AMARA),
    ("HOSTED_DOMAIN", {"email": AMARA, "email_verified": "true"}, AMARA),
    ("ISSUER", {"email": AMARA, "email_verified": "true"}, AMARA),
    ("VERIFIED", {"email": "Mei.Tanaka@Contoso.example", "email_verified": True}, "mei.tanaka@contoso.example"),
    ("VERIFIED", {"email": "Émile@contoso.example", "email_verified": True}, "émile@contoso.example"),
    ("VERIFIED", {"email": "", "email_verified": True}, AddressMissing),
    # Case 8: one address in two spellings, and in capitals.
    ("VERIFIED", {"email": "jose\u0301@contoso.example", "email_verified": True}, JOSE),
    ("VERIFIED", {"email": JOSE, "email_verified": True}, JOSE),
    ("ISSUER", {"preferred_username": "JOSE\u0301@Contoso.example"}, JOSE),
    ("VERIFIED", {"email": "Amara.Osei@FAẞ.example", "email_verified": True}, "amara.osei@xn--fa-hia.example"),
    ("VERIFIED", {"email": "amara.osei@fass.example", "email_verified": True}, AddressNotOfOrganization),
    # An address of another company, or none.
    ("VERIFIED", {"email": "amara@gmail.example", "email_verified": True}, AddressNotOfOrganization),
    ("VERIFIED", {"email": "amara@sub.contoso.example", "email_verified": True}, AddressNotOfOrganization),
    ("ISSUER", {"email": "amara@gmail.example"}, AddressNotOfOrganization),
    ("ISSUER", {"email": "amara@contoso.onmicrosoft.example"}, AddressNotOfOrganization),
    ("VERIFIED", {}, AddressMissing),
    ("ISSUER", {}, AddressMissing),
    ("VERIFIED", {"email": "amara", "email_verified": True}, AddressMissing),
    ("ISSUER", {"email": "CONTOSO\\amara"}, AddressMissing),
    ("VERIFIED", {"email": [AMARA], "email_verified": True}, AddressMissing),
    ("VERIFIED", {"email": "a\x00@contoso.example", "email_verified": True}, AddressMissing),
    ("VERIFIED", {"email": f"{AMARA} ", "email_verified": True}, AddressNotVerified),
    ("VERIFIED", {"email": "a b@contoso.example", "email_verified": True}, AddressNotVerified),
    ("VERIFIED", {"email": "\u212aim@contoso.example", "email_verified": True}, AddressNotVerified),
    ("ISSUER", {"email": "\u212aim@contoso.example"}, AddressNotOfOrganization),
    # The next claim counts where the first holds no address of the company.
    ("ISSUER", {"email": "amara@gmail.example", "preferred_username": AMARA}, AMARA),
    ("ISSUER", {"email": "amara", "upn": AMARA}, AMARA),
    # The tenant has not verified the domain of `email`, which any of its admins can write; the user name is its own.
    ("ISSUER", {"email": "ceo@contoso.example", "xms_edov": False, "preferred_username": AMARA}, AMARA),
    ("ISSUER", {"email": AMARA, "xms_edov": False}, AddressNotVerified),
    ("ISSUER", {"email": AMARA, "xms_edov": "false"}, AddressNotVerified),
    ("ISSUER", {"email": AMARA, "xms_edov": "0"}, AddressNotVerified),
    ("ISSUER", {"email": AMARA, "xms_edov": 0}, AddressNotVerified),
    ("ISSUER", {"email": AMARA, "xms_edov": 0, "upn": AMARA}, AMARA),
    ("ISSUER", {"email": AMARA, "xms_edov": True}, AMARA),
    ("ISSUER", {"email": AMARA, "xms_edov": "1"}, AMARA),
    # A guest's address is vouched for by somebody else.
    ("ISSUER", {"email": AMARA, "acct": 1}, AddressNotOfOrganization),
    ("ISSUER", {"email": AMARA, "acct": "1"}, AddressNotOfOrganization),
    ("ISSUER", {"email": AMARA, "acct": 0}, AMARA),
    ("ISSUER", {"email": AMARA, "acct": "0"}, AMARA),
    ("ISSUER", {"email": AMARA, "idp": "live.com"}, AddressNotOfOrganization),
    ("ISSUER", {"email": AMARA, "idp": f"https://sts.windows.net/{ANOTHER_TENANT}/"}, AddressNotOfOrganization),
    ("ISSUER", {"email": AMARA, "idp": ENTRA_ISSUER}, AMARA),
    ("ISSUER", {"email": AMARA, "idp": "https://sts.example/x", "iss": "https://sts.example/x"}, AMARA),
    (
        "ISSUER",
        {"email": AMARA, "preferred_username": "amara.osei_contoso.example#EXT#@fabrikam.example"},
        AddressNotOfOrganization,
    ),
    ("ISSUER", {"email": AMARA, "upn": "amara#ext#@contoso.example"}, AddressNotOfOrganization),
    ("ISSUER", {"email": AMARA, "unique_name": "amara#EXT#@contoso.example"}, AddressNotOfOrganization),
    # Google's addresses count where it names the company's domain, too.
    ("HOSTED_DOMAIN", {"email": AMARA, "email_verified": True}, AMARA),
    ("HOSTED_DOMAIN", {"email": AMARA, "email_verified": True, "hd": None}, AddressNotOfOrganization),
    ("HOSTED_DOMAIN", {"email": AMARA, "email_verified": True, "hd": "fabrikam.example"}, AddressNotOfOrganization),
    ("HOSTED_DOMAIN", {"email": "amara@fabrikam.example", "email_verified": True}, AddressNotOfOrganization),
    ("HOSTED_DOMAIN", {"email": AMARA, "email_verified": True, "hd": ["contoso.example"]}, AddressNotOfOrganization),
]


@pytest.mark.parametrize(("trust", "claims", "outcome"), TABLE)
def test_an_address_counts_as_the_organization_trusts_its_issuer(
    trust: str, claims: dict[str, Any], outcome: str | type[Refusal]
) -> None:
    assert told(TRUSTS[trust], **claims) == outcome


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize("said", NO)
def test_an_address_that_the_issuer_says_is_not_verified_never_counts(trust: str, said: object) -> None:
    claims = {"email": AMARA, "preferred_username": AMARA, "upn": AMARA, "xms_edov": True, "email_verified": said}

    assert told(TRUSTS[trust], **claims) is AddressNotVerified


@pytest.mark.parametrize("said", YES)
def test_yes_is_yes_also_as_text(said: object) -> None:
    assert [told(trust, email=AMARA, email_verified=said) for trust in TRUSTS.values()] == [AMARA] * 3


@pytest.mark.parametrize("said", UNSAID)
def test_what_is_neither_yes_nor_no_verifies_nothing(said: object) -> None:
    outcomes = [told(TRUSTS[trust], email=AMARA, email_verified=said) for trust in ("VERIFIED", "HOSTED_DOMAIN")]

    assert outcomes == [AddressNotVerified] * 2
    assert told(ENTRA, email=AMARA, email_verified=said) == AMARA


@pytest.mark.parametrize("claim", ["email", "upn", "unique_name"])
def test_an_issuer_of_the_company_s_own_may_tell_the_address_by_another_name(claim: str) -> None:
    assert told(ADFS, **{claim: AMARA}) == AMARA


_VALUES = st.sampled_from(
    [None, True, False, "true", "false", 0, 1, "1", "", AMARA, "x@fabrikam.example", "a#EXT#@contoso.example", [AMARA]]
)
_CLAIMS = st.dictionaries(
    st.sampled_from(
        ["email", "email_verified", "preferred_username", "upn", "unique_name", "hd", "acct", "idp", "xms_edov", "name"]
    ),
    _VALUES,
)


@given(st.sampled_from([*TRUSTS.values(), ADFS]), _CLAIMS)
def test_whatever_is_claimed_only_an_address_of_the_organization_comes_of_it(
    trust: IssuerTrust, claims: dict[str, Any]
) -> None:
    address = told(trust, **claims)

    if isinstance(address, str):
        assert address == AMARA
        assert claims.get("email_verified") not in (False, "false", 0)
        if trust.address_trust is not ISSUER:
            assert claims.get("email") == AMARA
            assert claims.get("email_verified") in (True, "true")


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize("claim", ["sub", "oid", "tid"])
@pytest.mark.parametrize("value", [None, "", 7, ["x"], "a\x00", "\ud800", "s" * (MAX_SUBJECT + 1)])
def test_a_person_without_their_subject_is_nobody(trust: str, claim: str, value: object) -> None:
    if claim not in TRUSTS[trust].subject_claims:
        return
    with pytest.raises(SignInNotAccepted):
        identify(PERSON | {"email": AMARA, claim: value}, TRUSTS[trust])


def test_a_person_is_known_by_the_tenant_and_the_object_where_each_client_gets_another_subject() -> None:
    identity = identify(PERSON, ENTRA)

    assert identity.subject == f"{TENANT}:{PERSON['oid']}"
    assert identify(PERSON | {"sub": "of another client"}, ENTRA).subject == identity.subject
    assert identify(PERSON, GENERIC).subject == "pairwise"


@pytest.mark.parametrize("trust", [ENTRA, trusted(IssuerPreset.GENERIC, ENTRA_ISSUER)])
def test_another_tenant_s_token_is_not_accepted(trust: IssuerTrust) -> None:
    """Its people have the address claims that their own admin wrote."""
    with pytest.raises(SignInNotAccepted):
        identify(PERSON | {"tid": ANOTHER_TENANT, "email": AMARA}, trust)

    assert identify(PERSON | {"tid": TENANT.upper()}, trust).subject


@pytest.mark.parametrize("trust", TRUSTS)
def test_a_program_s_token_is_nobody_s(trust: str) -> None:
    with pytest.raises(SignInNotAccepted):
        identify(PERSON | {"idtyp": "app", "email": AMARA, "email_verified": True}, TRUSTS[trust])

    assert told(TRUSTS[trust], idtyp="user", email=AMARA, email_verified=True) == AMARA


@pytest.mark.parametrize(("name", "kept"), [("Amara Osei", "Amara Osei"), (" ", None), ("", None), (7, None),
                                            ("a\x00", None), ("n" * 300, "n" * 200), (None, None),
                                            ("A\n\u202eB\x1b\u2028", "AB"), ("\u202e\n", None)])  # fmt: skip
def test_a_name_is_kept_if_it_can_be(name: object, kept: str | None) -> None:
    assert identify(PERSON | {"name": name}, GENERIC).name == kept


@pytest.mark.parametrize(
    ("seconds", "instant"),
    [(0, datetime(1970, 1, 1, tzinfo=UTC)), (1e300, None), (float("nan"), None), (None, None), ("tomorrow", None)],
)
def test_a_token_ends_when_it_says_and_one_beyond_the_calendar_never(seconds: object, instant: datetime | None) -> None:
    assert identify(PERSON | {"exp": seconds}, GENERIC).expires_at == instant


def _settings(
    address_trust: AddressTrust,
    issuer: str = "https://login.contoso.example",
    address_claims: tuple[str, ...] = ("email",),
    subject_claims: tuple[str, ...] = ("sub",),
) -> IssuerTrust:
    return IssuerTrust(
        issuer=issuer,
        address_trust=address_trust,
        address_claims=address_claims,
        subject_claims=subject_claims,
        mail_domains=frozenset(),
    )


@pytest.mark.parametrize(
    "trust",
    [
        _settings(ISSUER, "https://accounts.google.com"),
        _settings(ISSUER, "https://accounts.google.com/"),
        _settings(VERIFIED, "https://accounts.google.com"),
        _settings(VERIFIED, "https://login.microsoftonline.com/common/v2.0"),
        _settings(ISSUER, "https://login.microsoftonline.com/common/v2.0"),
        _settings(ISSUER, "https://login.microsoftonline.com/organizations/v2.0"),
        _settings(ISSUER, "https://login.microsoftonline.com/Consumers/v2.0"),
        _settings(ISSUER, "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"),
        _settings(VERIFIED, GOOGLE_ISSUER),
        _settings(VERIFIED, f"{GOOGLE_ISSUER}/"),
        _settings(VERIFIED, address_claims=("email", "upn")),
        _settings(VERIFIED, address_claims=("preferred_username",)),
        _settings(HOSTED_DOMAIN, GOOGLE_ISSUER, address_claims=("upn",)),
        _settings(ISSUER, ENTRA_ISSUER, subject_claims=("oid",)),
        _settings(VERIFIED, address_claims=()),
        _settings(ISSUER, subject_claims=()),
    ],
)
def test_settings_by_which_one_company_could_be_another_are_refused(trust: IssuerTrust) -> None:
    with pytest.raises(InvalidInput):
        check_trust(trust)


@pytest.mark.parametrize("preset", IssuerPreset)
def test_every_preset_is_safe(preset: IssuerPreset) -> None:
    issuer = {IssuerPreset.ENTRA: ENTRA_ISSUER, IssuerPreset.GOOGLE: GOOGLE_ISSUER}.get(preset)

    check_trust(trusted(preset, issuer or "https://login.contoso.example"))


def test_access_tokens_are_signed_under_other_names_by_some() -> None:
    assert access_token_issuers(IssuerPreset.ENTRA, ENTRA_ISSUER) == (f"https://sts.windows.net/{TENANT}/",)
    assert access_token_issuers(IssuerPreset.ADFS, "https://fs.contoso.example/adfs") == (
        "http://fs.contoso.example/adfs/services/trust",
    )
    assert access_token_issuers(IssuerPreset.ENTRA, "https://login.microsoftonline.com/common/v2.0") == ()
    assert access_token_issuers(IssuerPreset.GENERIC, "https://login.contoso.example") == ()
