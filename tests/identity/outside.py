"""The outside OpenID provider, and a client that is not certlink's."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote_plus

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from httpx2 import URL, AsyncClient, Response
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.clock import FrozenClock
from tests.identity.profiles import AMARA, Profile

MAX_REDIRECTS = 10
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, kw_only=True)
class ClientKey:
    """A client's private key with its certificate, as an admin has both in a file."""

    pem: str
    thumbprint: str

    @property
    def key(self) -> RSAKey:
        """Return the private key."""
        return RSAKey.import_key(self.pem)


@cache
def client_key() -> ClientKey:
    """Return the key by which the tests' client authenticates where it has one."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "certlink")])
    valid_from = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_from + timedelta(days=730))
        .sign(private, hashes.SHA256())
    )
    key = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return ClientKey(
        pem=(key + certificate.public_bytes(serialization.Encoding.PEM)).decode(),
        thumbprint=_base64url(certificate.fingerprint(hashes.SHA256())),
    )


@dataclass(frozen=True, kw_only=True)
class OutsideIssuer:
    """One issuer of the outside provider, with the person whom its profile names."""

    key: str
    issuer: str
    discovery: str
    pages: str
    profile: Profile
    clock: FrozenClock = field(repr=False)
    control: AsyncClient = field(repr=False)

    async def register(self, client_id: str, redirect_uri: str, **metadata: object) -> None:
        """Register a client that authenticates as the profile says."""
        method = self.profile.authenticates_by
        proof: dict[str, object] = {}
        if method.startswith("client_secret"):
            proof["client_secret"] = self.profile.secret
        if method == "private_key_jwt":
            proof["jwks"] = {"keys": [client_key().key.as_dict(private=False)]}
        await self._post(
            "/clients",
            {
                "client_id": client_id,
                "redirect_uris": [redirect_uri],
                "token_endpoint_auth_method": method,
                **proof,
                **metadata,
            },
        )

    async def change(self, **changes: object) -> None:
        """Change the issuer, by the names of its shape; its clock shows what ours does."""
        await self._post("", {"now": self.clock().isoformat(), **changes})

    async def person(self, login: str = AMARA, **claims: object) -> None:
        """Change claims of the person with a login, who is made from the profile's where there is none."""
        await self.change(accounts={login: {**self.profile.person, **claims}})

    async def rotate(self) -> None:
        """Let the issuer sign with new keys."""
        await self._post("/rotate", {})

    async def seen(self) -> list[dict[str, Any]]:
        """Return what clients did at the token endpoint."""
        answer = await self.control.get(f"/control/{self.key}/seen")
        seen: list[dict[str, Any]] = answer.raise_for_status().json()
        return seen

    async def metadata(self) -> dict[str, Any]:
        """Return the discovery document."""
        answer = await self.control.get(self.discovery)
        document: dict[str, Any] = answer.raise_for_status().json()
        return document

    async def keys(self) -> KeySet:
        """Return the public keys."""
        answer = await self.control.get((await self.metadata())["jwks_uri"])
        return KeySet.import_key_set(answer.raise_for_status().json())

    async def _post(self, path: str, body: Mapping[str, object]) -> None:
        answer = await self.control.post(f"/control/{self.key}{path}", json=body)
        assert answer.status_code == 200, answer.text


@dataclass(frozen=True, kw_only=True)
class OutsideProvider:
    """The running provider, which becomes as many issuers as a test wants."""

    control: AsyncClient
    clock: FrozenClock

    async def issuer(self, profile: Profile, **changes: object) -> OutsideIssuer:
        """Make an issuer of a profile, at which the profile's person has an account."""
        shape = {"now": self.clock().isoformat(), "accounts": {AMARA: profile.person}, **profile.shape, **changes}
        answer = await self.control.post("/control/issuers", json=shape)
        assert answer.status_code == 200, answer.text
        return OutsideIssuer(**answer.json(), profile=profile, clock=self.clock, control=self.control)


class FrontEnd:
    """Another client of an issuer's, such as a front-end of a company, by joserfc and httpx2 alone."""

    REDIRECT_URI = "http://localhost:9/front-end"

    def __init__(self, issuer: OutsideIssuer, client_id: str = "front-end") -> None:
        self.issuer = issuer
        self.client_id = client_id

    async def sign_in(self, *, login: str = AMARA, browser: AsyncClient | None = None, **asked: str) -> dict[str, Any]:
        """Sign in with an account, in a new browser if none is given; return what the token endpoint answers."""
        metadata = await self.issuer.metadata()
        verifier = secrets.token_urlsafe(32)
        redirected = await self._authorize(
            metadata["authorization_endpoint"],
            {
                "client_id": self.client_id,
                "response_type": "code",
                "redirect_uri": self.REDIRECT_URI,
                "scope": "openid profile email",
                "state": "a-state",
                "nonce": "a-nonce",
                "code_challenge": _base64url(hashlib.sha256(verifier.encode()).digest()),
                "code_challenge_method": "S256",
                "login_hint": login,
                **asked,
            },
            browser,
        )
        assert redirected.params["state"] == "a-state"
        assert redirected.params["iss"] == self.issuer.issuer
        return await self.exchange(
            grant_type="authorization_code",
            code=redirected.params["code"],
            redirect_uri=self.REDIRECT_URI,
            code_verifier=verifier,
        )

    async def exchange(self, **grant: str) -> dict[str, Any]:
        """Exchange a grant at the token endpoint, authenticated as the profile says."""
        endpoint = (await self.issuer.metadata())["token_endpoint"]
        fields, headers = dict(grant), {}
        match self.issuer.profile.authenticates_by:
            case "client_secret_basic":
                pair = f"{quote_plus(self.client_id)}:{quote_plus(self.issuer.profile.secret)}"
                headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
            case "client_secret_post":
                fields |= {"client_id": self.client_id, "client_secret": self.issuer.profile.secret}
            case "private_key_jwt":
                fields |= {"client_assertion_type": ASSERTION, "client_assertion": self._assertion(endpoint)}
            case "none":
                fields |= {"client_id": self.client_id}
        answer = await self.issuer.control.post(endpoint, data=fields, headers=headers)
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def verified(self, token: str) -> jwt.Token:
        """Return a token whose signature is the issuer's."""
        keys = await self.issuer.keys()
        return jwt.decode(token, keys, algorithms=[self.issuer.profile.algorithm])

    async def _authorize(self, endpoint: str, query: Mapping[str, str], browser: AsyncClient | None) -> URL:
        if browser is None:
            async with AsyncClient(trust_env=False) as new:
                return await self._authorize(endpoint, query, new)
        answer: Response = await browser.get(endpoint, params=dict(query))
        for _ in range(MAX_REDIRECTS):
            assert answer.is_redirect, answer.text
            address = answer.url.join(answer.headers["location"])
            if str(address).startswith(self.REDIRECT_URI):
                return address
            answer = await browser.get(address)
        raise AssertionError("too many redirects")

    def _assertion(self, audience: str) -> str:
        now = int(self.issuer.clock().timestamp())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 300,
        }
        header = {"alg": "PS256", "x5t#S256": client_key().thumbprint}
        return jwt.encode(header, claims, client_key().key, algorithms=["PS256"])


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
