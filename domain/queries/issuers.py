"""Identity issuers that organizations trust, and our clients there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from domain.database.pool import fetch_row, fetch_rows, fetch_value
from domain.errors import NotFound
from domain.providers.client_authentication import ClientKey, ClientSecret, Credential
from domain.providers.oidc import Client
from domain.queries.organizations import organization_id_of
from domain.rules.credentials import expiry_to_warn_of
from domain.rules.enums import AddressTrust, CredentialKind, IssuerPreset
from domain.rules.identity import IssuerTrust
from domain.rules.sign_in import sign_in_redirect_uri
from domain.settings import Settings

# Whoever signs in gets a refresh token where the issuer has some, by which the session is checked every hour.
SCOPE = "openid profile email"


@dataclass(frozen=True, kw_only=True)
class TrustedIssuer:
    """An issuer that an organization trusts, with the sealed credentials of our client from the newest on."""

    id: int
    organization_id: int
    organization_name: str
    issuer: str
    discovery_url: str | None
    preset: IssuerPreset
    address_trust: AddressTrust
    address_claims: list[str]
    subject_claims: list[str]
    client_id: str
    api_audiences: list[str]
    access_token_issuers: list[str]
    front_end_client_ids: list[str]
    mail_domains: list[str]
    credential_kinds: list[str]
    credentials_sealed: list[bytes] = field(repr=False)
    thumbprints: list[str | None]
    credential_expiries: list[datetime | None]

    @cached_property
    def trust(self) -> IssuerTrust:
        """Return what of its claims the organization trusts."""
        return IssuerTrust(
            issuer=self.issuer,
            address_trust=self.address_trust,
            address_claims=tuple(self.address_claims),
            subject_claims=tuple(self.subject_claims),
            mail_domains=frozenset(self.mail_domains),
        )

    @property
    def token_issuers(self) -> list[str]:
        """Return the names under which it signs access tokens."""
        return [self.issuer, *self.access_token_issuers]

    def accepts(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether verified claims of an access token are for this organization, from a front-end that it named."""
        named = claims.get("aud")
        audiences = named if isinstance(named, list) else [named]
        # Version 1 tokens of Microsoft Entra ID name the client `appid`; `client_id` is RFC 9068's word.
        clients = {claims.get(name) for name in ("azp", "appid", "client_id") if isinstance(claims.get(name), str)}
        return any(audience in self.api_audiences for audience in audiences) and (
            not self.front_end_client_ids or not clients.isdisjoint(self.front_end_client_ids)
        )

    def client(self, settings: Settings) -> Client:
        """Return our client there."""
        key = settings.master_key
        kinds = zip(self.credential_kinds, self.credentials_sealed, self.thumbprints, strict=True)
        credentials: list[Credential] = [
            ClientSecret(secret=key.open(sealed))
            if kind == CredentialKind.SECRET
            else ClientKey(pem=key.open(sealed), thumbprint=thumbprint)
            for kind, sealed, thumbprint in kinds
        ]
        return Client(
            issuer=self.issuer,
            discovery_url=self.discovery_url,
            client_id=self.client_id,
            credentials=tuple(credentials),
            redirect_uri=sign_in_redirect_uri(
                settings.public_url, organization_id=self.organization_id, issuer=self.issuer
            ),
            title=f"The sign-in of {self.organization_name}",
            scope=SCOPE,
            is_offline_wanted=True,
        )


@dataclass(frozen=True, kw_only=True)
class ExpiringIssuer:
    """An issuer, and when the last of our secrets and keys there expires."""

    organization_id: int
    issuer: str
    expires_at: datetime


_LIVE = "FROM issuer_credential c WHERE c.identity_issuer_id = i.id AND c.ended_at IS NULL ORDER BY c.id DESC"
_SELECT = f"""SELECT i.id, i.organization_id, o.name AS organization_name, i.issuer, i.discovery_url, i.preset,
        i.address_trust, i.address_claims, i.subject_claims, i.client_id, i.api_audiences, i.access_token_issuers,
        i.front_end_client_ids, ARRAY(SELECT c.kind::text {_LIVE}) AS credential_kinds,
        ARRAY(SELECT c.sealed {_LIVE}) AS credentials_sealed, ARRAY(SELECT c.thumbprint::text {_LIVE}) AS thumbprints,
        ARRAY(SELECT c.expires_at {_LIVE}) AS credential_expiries,
        ARRAY(SELECT d.domain::text FROM mail_domain d WHERE d.organization_id = o.id ORDER BY d.id) AS mail_domains
    FROM identity_issuer i JOIN organization o ON o.id = i.organization_id
    WHERE i.removed_at IS NULL"""


async def trusted_issuer(identity_issuer_id: int) -> TrustedIssuer | None:
    """Return an issuer, if its organization still trusts it."""
    return await fetch_row(TrustedIssuer, f"{_SELECT} AND i.id = $1", identity_issuer_id)


async def issuers_of_domain(mail_domain: str) -> list[TrustedIssuer]:
    """Return the issuers of the organization with a mail domain, the newest first."""
    organization_id = await fetch_value("SELECT organization_id FROM mail_domain WHERE domain = $1", mail_domain)
    return await issuers_of_organization(organization_id)


async def issuers_of_organization(organization_id: int) -> list[TrustedIssuer]:
    """Return the issuers of an organization, the newest first."""
    return await fetch_rows(TrustedIssuer, f"{_SELECT} AND o.id = $1 ORDER BY i.id DESC", organization_id)


async def issuers_named(issuer: str) -> list[TrustedIssuer]:
    """Return who trusts an issuer: one tenant may serve several organizations."""
    return await fetch_rows(TrustedIssuer, f"{_SELECT} AND i.issuer = $1 ORDER BY i.id", issuer)


async def issuers_of_token(issuer: str) -> list[TrustedIssuer]:
    """Return who trusts an issuer that an access token names: one tenant may serve several organizations."""
    return await fetch_rows(
        TrustedIssuer, f"{_SELECT} AND (i.issuer = $1 OR $1 = ANY(i.access_token_issuers)) ORDER BY i.id", issuer
    )


async def expiring_issuers(*, now: datetime) -> list[ExpiringIssuer]:
    """Return the issuers whose last secret or key has expired, or is to be warned of."""
    rows = await fetch_rows(
        ExpiringIssuer,
        """SELECT i.organization_id, i.issuer, max(c.expires_at) AS expires_at
           FROM identity_issuer i JOIN issuer_credential c ON c.identity_issuer_id = i.id
           WHERE i.removed_at IS NULL AND c.ended_at IS NULL
           GROUP BY i.id HAVING bool_and(c.expires_at IS NOT NULL) ORDER BY i.id""",
    )
    return [row for row in rows if expiry_to_warn_of([row.expires_at], now=now)]


async def issuer_or_raise(mail_domain: str, issuer: str | None) -> TrustedIssuer:
    """Return an issuer of the organization with a mail domain, by its name where there are several.

    Raises:
        NotFound: there is no such organization or issuer, or several and no name.
    """
    organization_id = await organization_id_of(mail_domain)
    issuers = await fetch_rows(TrustedIssuer, f"{_SELECT} AND o.id = $1 ORDER BY i.id DESC", organization_id)
    chosen = [row for row in issuers if issuer is None or row.issuer == issuer]
    if len(chosen) != 1:
        known = ", ".join(row.issuer for row in issuers)
        raise NotFound(
            f"Name one of the organization's issuers: {known}." if known else "The organization trusts no issuer."
        )
    return chosen[0]
