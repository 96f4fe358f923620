"""What an issuer's claims say about a person, by an organization's trust in that issuer (R2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from domain.errors import InvalidInput, Refusal
from domain.rules.enums import AddressTrust
from domain.rules.mail import confirmed_spelling, domain_of
from domain.rules.sign_in import SignInNotAccepted
from domain.rules.text import is_storable

MAX_SUBJECT = 255
MAX_NAME = 200
# Tenants of Microsoft Entra ID that stand for all companies, and for private accounts.
_SHARED_TENANTS = {"common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"}
_TENANT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Issuers that many companies share: none of them can vouch for the addresses of one.
_SHARED_ISSUERS = {"https://accounts.google.com"}


class AddressMissing(Refusal):
    """The issuer told no work address of the person."""

    code = "ADDRESS_MISSING"

    def __init__(self) -> None:
        super().__init__(
            "Your organization's sign-in did not tell your work address, so you cannot be found by it. Nothing was "
            "changed. Please show this to your organization's IT."
        )


class AddressNotVerified(Refusal):
    """The issuer did not confirm that the address is the person's own."""

    code = "ADDRESS_NOT_VERIFIED"

    def __init__(self) -> None:
        super().__init__(
            "Your organization's sign-in does not confirm that your work address is your own. Nothing was changed. "
            "Please show this to your organization's IT."
        )


class AddressNotOfOrganization(Refusal):
    """The address, or the account itself, is not the organization's own."""

    code = "ADDRESS_NOT_OF_ORGANIZATION"

    def __init__(self) -> None:
        super().__init__(
            "The account that you signed in with has no address of your organization's mail domains, or is a guest's. "
            "Sign in with your own work account. Nothing was changed."
        )


@dataclass(frozen=True, kw_only=True)
class IssuerTrust:
    """What of an issuer's claims an organization trusts."""

    issuer: str
    address_trust: AddressTrust
    address_claims: tuple[str, ...]
    subject_claims: tuple[str, ...]
    mail_domains: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A person as their issuer identifies them: by issuer and subject, never by address."""

    issuer: str
    subject: str
    # The address that the issuer confirms, in one spelling, or why there is none.
    address: str | None = None
    address_refusal: Refusal | None = None
    name: str | None = None
    # When the token that identified them expires (aware, UTC).
    expires_at: datetime | None = None


def identify(claims: Mapping[str, Any], trust: IssuerTrust) -> Identity:
    """Return the person whom verified claims of a token speak of.

    Raises:
        SignInNotAccepted: a claim of the subject is missing, the tenant is another one, or it is a program.
    """
    # A line break or a sign that turns the direction of writing would forge what stands around a name.
    name = "".join(character for character in _text(claims, "name") or "" if character.isprintable()).strip()
    address = _address(claims, trust)
    return Identity(
        issuer=trust.issuer,
        subject=_subject(claims, trust),
        address=None if isinstance(address, Refusal) else address,
        address_refusal=address if isinstance(address, Refusal) else None,
        name=name[:MAX_NAME] or None,
        expires_at=_instant(claims.get("exp")),
    )


def check_trust(trust: IssuerTrust) -> None:
    """Refuse settings that would take one company's people for another's.

    Raises:
        InvalidInput: the issuer cannot vouch for addresses, or a claim is trusted that nothing confirms.
    """
    if not trust.address_claims or not trust.subject_claims:
        raise InvalidInput("Name at least one claim for the address and one for the subject.")
    if is_shared_issuer(trust.issuer) and trust.address_trust is not AddressTrust.HOSTED_DOMAIN:
        # Also VERIFIED: whoever has left a company may keep a private account there with the verified address.
        raise InvalidInput(
            "This issuer signs in people of many companies, so it cannot vouch for the addresses of one: "
            "name the issuer of the company's own tenant, or use the preset google."
        )
    if trust.address_trust is not AddressTrust.ISSUER and trust.address_claims != ("email",):
        raise InvalidInput('"email_verified" speaks of the claim "email" alone: no other can hold the address then.')
    if "oid" in trust.subject_claims and "tid" not in trust.subject_claims:
        raise InvalidInput('"oid" names a person within one tenant only: use it together with "tid".')


def is_shared_issuer(issuer: str) -> bool:
    """Tell whether people of many companies sign in at an issuer."""
    parts = urlsplit(issuer)
    return issuer.rstrip("/") in _SHARED_ISSUERS or not _SHARED_TENANTS.isdisjoint(parts.path.lower().split("/"))


def is_false(value: object) -> bool:
    """Tell whether a claim says no: some issuers write it as text or as a number."""
    return value == 0 if isinstance(value, int | float) else isinstance(value, str) and value.lower() in {"false", "0"}


def is_true(value: object) -> bool:
    """Tell whether a claim says yes: some issuers write it as text."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _address(claims: Mapping[str, Any], trust: IssuerTrust) -> str | Refusal:
    if is_false(claims.get("email_verified")):
        return AddressNotVerified()
    texts = {name: text for name in trust.address_claims if "@" in (text := _text(claims, name) or "")}
    if not texts:
        return AddressMissing()
    if trust.address_trust is AddressTrust.ISSUER:
        return _address_of_company(claims, texts, trust)
    address = confirmed_spelling(next(iter(texts.values())))
    if not is_true(claims.get("email_verified")) or address is None:
        return AddressNotVerified()
    is_hosted = trust.address_trust is not AddressTrust.HOSTED_DOMAIN or _text(claims, "hd") in trust.mail_domains
    return address if is_hosted and domain_of(address) in trust.mail_domains else AddressNotOfOrganization()


def _address_of_company(claims: Mapping[str, Any], texts: dict[str, str], trust: IssuerTrust) -> str | Refusal:
    if _is_guest(claims, trust):
        return AddressNotOfOrganization()
    # Microsoft Entra ID says by xms_edov whether the domain of `email`, which any admin can write, is the tenant's own.
    if is_false(claims.get("xms_edov")):
        texts = {name: text for name, text in texts.items() if name != "email"}
        if not texts:
            return AddressNotVerified()
    addresses = [address for text in texts.values() if (address := confirmed_spelling(text))]
    return next((one for one in addresses if domain_of(one) in trust.mail_domains), AddressNotOfOrganization())


def _is_guest(claims: Mapping[str, Any], trust: IssuerTrust) -> bool:
    home = claims.get("idp")
    return (
        claims.get("acct") in (1, "1")
        or (isinstance(home, str) and home not in {trust.issuer, claims.get("iss")})
        or any("#ext#" in (_text(claims, name) or "").lower() for name in ("preferred_username", "upn", "unique_name"))
    )


def _subject(claims: Mapping[str, Any], trust: IssuerTrust) -> str:
    if claims.get("idtyp") == "app":
        raise SignInNotAccepted
    tenant, named = _text(claims, "tid"), _TENANT.findall(trust.issuer)
    if tenant is not None and named and tenant.lower() != named[-1].lower():
        raise SignInNotAccepted
    parts = [_text(claims, name) for name in trust.subject_claims]
    subject = ":".join(part or "" for part in parts)
    if not all(parts) or len(subject) > MAX_SUBJECT:
        raise SignInNotAccepted
    return subject


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value and is_storable(value) else None


def _instant(seconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)  # type: ignore[arg-type]
    except (TypeError, OverflowError, ValueError, OSError):
        # An instant beyond the calendar never comes.
        return None
