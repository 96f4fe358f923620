"""Settings that fit the issuers which companies have."""

from dataclasses import dataclass

from domain.rules.enums import AddressTrust, IssuerPreset
from domain.rules.identity import is_shared_issuer


@dataclass(frozen=True, kw_only=True)
class IssuerProfile:
    """How an issuer tells who somebody is, and how its tokens for the API look."""

    address_trust: AddressTrust
    address_claims: tuple[str, ...] = ("email",)
    subject_claims: tuple[str, ...] = ("sub",)


VERIFIED = IssuerProfile(address_trust=AddressTrust.VERIFIED)
PROFILES = {
    # Entra ID has no email_verified, and a `sub` for each client: the object's id is a person's in all of them.
    # https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
    IssuerPreset.ENTRA: IssuerProfile(
        address_trust=AddressTrust.ISSUER,
        address_claims=("email", "preferred_username", "upn"),
        subject_claims=("tid", "oid"),
    ),
    # One issuer for all companies: `hd` names the company's domain.
    # https://developers.google.com/identity/openid-connect/reference
    IssuerPreset.GOOGLE: IssuerProfile(address_trust=AddressTrust.HOSTED_DOMAIN),
    IssuerPreset.OKTA: VERIFIED,
    IssuerPreset.KEYCLOAK: VERIFIED,
    IssuerPreset.AUTH0: VERIFIED,
    IssuerPreset.COGNITO: VERIFIED,
    # AD FS tells what its issuance rules give: often the UPN alone, and never email_verified.
    IssuerPreset.ADFS: IssuerProfile(address_trust=AddressTrust.ISSUER, address_claims=("email", "upn", "unique_name")),
    IssuerPreset.GENERIC: VERIFIED,
}


def access_token_issuers(preset: IssuerPreset, issuer: str) -> tuple[str, ...]:
    """Return the names, beside its own, under which an issuer signs access tokens."""
    tenant = issuer.removesuffix("/").removesuffix("/v2.0").rpartition("/")[2]
    if preset is IssuerPreset.ENTRA and not is_shared_issuer(issuer):
        # Applications that ask for version 1 tokens get them from the tenant's older name.
        return (f"https://sts.windows.net/{tenant}/",)
    if preset is IssuerPreset.ADFS:
        return (issuer.replace("https://", "http://", 1).removesuffix("/adfs") + "/adfs/services/trust",)
    return ()
