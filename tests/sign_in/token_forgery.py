"""Forge tokens, with an issuer's own key or with others."""

import hmac
import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, RSAKey

from domain.providers.client_authentication import ClientSecret
from domain.providers.oidc import Client, Issuers
from domain.rules.enums import AddressTrust
from domain.rules.identity import Identity, IssuerTrust, identify
from tests.clock import START
from tests.sign_in.tcp_proxy import Line

ISSUER = "http://localhost:8001/work/contoso"
AUDIENCE = "certlink-api"
NONCE = "nonce-1"
NOW = int(START.timestamp())
HOUR = 3600
TRUST = IssuerTrust(
    issuer=ISSUER,
    address_trust=AddressTrust.VERIFIED,
    address_claims=("email",),
    subject_claims=("sub",),
    mail_domains=frozenset({"contoso.example"}),
)
# A claim or header with this value is left out.
MISSING = object()
ACCESS_HEADER = {"alg": "RS256", "typ": "at+jwt"}
IDENTITY_HEADER = {"alg": "RS256", "typ": "JWT"}


class Forger:
    """Makes tokens in Contoso's name, and shows them to certlink."""

    def __init__(self, issuers: Issuers, line: Line, keys: Path) -> None:
        self.issuers = issuers
        self.line = line
        self.key = RSAKey.import_key(json.loads((keys / "work-contoso.json").read_text()))
        self.key.ensure_kid()
        self.client = Client(
            issuer=ISSUER,
            client_id="certlink",
            credentials=(ClientSecret(secret="sandbox-secret"),),
            redirect_uri="http://localhost:8000/sign-in/callback/contoso",
            title="The sign-in of Contoso",
        )

    def access_token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return a bearer token for the API that is right but for the changes."""
        right = {"iss": ISSUER, "aud": AUDIENCE, "sub": "somebody", "iat": NOW, "exp": NOW + HOUR}
        return self.signed(ACCESS_HEADER | {"kid": self.key.kid} | (header or {}), right | claims)

    def identity_token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return an identity token for certlink that is right but for the changes."""
        right = {"iss": ISSUER, "aud": "certlink", "sub": "somebody", "iat": NOW, "exp": NOW + HOUR, "nonce": NONCE}
        return self.signed(IDENTITY_HEADER | {"kid": self.key.kid} | (header or {}), right | claims)

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Sign with Contoso's own key, whatever the header says of it."""
        content = {name: value for name, value in claims.items() if value is not MISSING}
        shown = {name: value for name, value in header.items() if value is not MISSING}
        # By hand, since the library signs no nonsense.
        unsigned = f"{part(shown)}.{part(content)}"
        assert self.key.private_key is not None
        signature = self.key.private_key.sign(unsigned.encode(), PKCS1v15(), SHA256())
        return f"{unsigned}.{encoded(signature)}"

    def symmetric(self, claims: dict[str, Any]) -> str:
        """Sign with the public key as if it were a shared secret."""
        unsigned = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': self.key.kid})}.{part(claims)}"
        signature = hmac.digest(self.key.as_pem(private=False), unsigned.encode(), "sha256")
        return f"{unsigned}.{encoded(signature)}"

    async def bearer(self, token: str) -> Identity:
        """Show certlink a token as a front-end would."""
        claims = await self.issuers.verify_access_token(
            token, self.client, issuers=[ISSUER], audiences=[AUDIENCE], now=START
        )
        return identify(claims, TRUST)

    async def exchange(self, identity_token: str) -> Identity:
        """Let certlink get an identity token for its code."""
        self.line.lie("/token", json.dumps({"id_token": identity_token, "access_token": "opaque"}))
        grant = await self.issuers.exchange(
            self.client, code="code", named_issuer=ISSUER, verifier="v" * 43, nonce=NONCE, now=START
        )
        return identify(grant.claims, TRUST)


def foreign_key(kid: str) -> RSAKey:
    """Return a key that the issuer does not publish, under the name of one that it does."""
    return RSAKey.generate_key(2048, {"kid": kid})


def curve_key(kid: str) -> ECKey:
    """Return a key of another kind under a published name."""
    return ECKey.generate_key("P-256", {"kid": kid})


def part(value: object) -> str:
    """Return one part of a token."""
    return encoded(json.dumps(value).encode())


def encoded(value: bytes) -> str:
    """Return bytes as a token writes them."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()
