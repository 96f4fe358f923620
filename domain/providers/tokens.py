"""Verification of signed tokens (JWT) by their issuer's keys."""

import json
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry
from joserfc.jwt import ClaimsOption

from domain.providers.http import JsonClient, WrongAnswer
from domain.rules.identity import MAX_SUBJECT
from domain.rules.sign_in import SignInNotAccepted
from domain.rules.text import is_storable

# Neither `none` nor HS: whoever knows our client secret could sign with the latter.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
CURVES = {"P-256", "P-384", "P-521", "Ed25519"}
LEEWAY_SECONDS = 60
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

# Issuers write EdDSA for years to come, although RFC 9864 names the curve instead.
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)


class TokenKind(Enum):
    """What a token is for."""

    IDENTITY = "identity"
    ACCESS = "access"
    LOGOUT = "logout"
    USERINFO = "userinfo"


# The values of a header's ``typ`` that fit. RFC 9068 names access tokens at+jwt; some issuers still write JWT, so that
# only the audience tells them from identity tokens.
TYPES = {
    TokenKind.IDENTITY: (None, "jwt"),
    TokenKind.ACCESS: ("at+jwt", "application/at+jwt", "jwt"),
    TokenKind.LOGOUT: (None, "jwt", "logout+jwt", "application/logout+jwt"),
    TokenKind.USERINFO: (None, "jwt"),
}


class KeyCache:
    """Caches issuers' public keys for ten minutes; an unknown key is looked up at most every ten seconds."""

    SECONDS = 600.0
    SECONDS_BETWEEN_READS = 10.0

    class Keys:
        """One issuer's keys at the time they were read."""

        def __init__(self, cache: "KeyCache", url: str, key_set: KeySet, read_at: float) -> None:
            self._cache = cache
            self._url = url
            self.key_set = key_set
            self.read_at = read_at
            self._checked_at = read_at

        async def with_key(self, key_id: object) -> KeySet:
            """Return the keys, read anew if no key has the id, because issuers change their keys."""
            if any(key.kid == key_id for key in self.key_set.keys):
                return self.key_set
            # Set before the request, so that neither a failed one nor many tokens at once make more requests.
            now = self._cache.monotonic()
            if now - self._checked_at <= self._cache.SECONDS_BETWEEN_READS:
                return self.key_set
            self._checked_at = now
            try:
                return (await self._cache.read(self._url)).key_set
            except WrongAnswer:
                return self.key_set

    def __init__(self, client: JsonClient) -> None:
        self._client = client
        self._cached: dict[str, KeyCache.Keys] = {}

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return self._client.monotonic()

    async def of(self, url: str) -> "KeyCache.Keys":
        """Return the keys at an address.

        Raises:
            WrongAnswer: they cannot be read.
        """
        cached = self._cached.get(url)
        if cached is not None and self.monotonic() - cached.read_at < self.SECONDS:
            return cached
        return await self.read(url)

    async def read(self, url: str) -> "KeyCache.Keys":
        """Read the keys at an address anew.

        Raises:
            WrongAnswer: they cannot be read.
        """
        document = await self._client.get(url)
        listed = document.get("keys")
        if not isinstance(listed, list):
            raise WrongAnswer
        key_set = KeySet([key for entry in listed if (key := _public_key(entry)) is not None])
        if not key_set.keys:
            raise WrongAnswer
        self._cached[url] = KeyCache.Keys(self, url, key_set, self._client.monotonic())
        return self._cached[url]


def _public_key(entry: object) -> RSAKey | ECKey | OKPKey | None:
    # One key that we do not know, such as of a newer curve, must not hide the good ones beside it (RFC 7517, 5).
    if not isinstance(entry, dict) or entry.get("use") == "enc":
        return None
    try:
        key = import_key(entry)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if isinstance(key, RSAKey):
        return key
    return key if isinstance(key, ECKey | OKPKey) and key.curve_name in CURVES else None


class _Signatures(JWSRegistry):
    # Certificates stand in some issuers' headers, and take more than the library's 512 bytes.
    max_header_length = 16_384


async def verified_claims(
    token: str,
    kind: TokenKind,
    *,
    keys: KeyCache.Keys,
    issuers: Collection[str],
    audiences: Collection[str],
    now: datetime,
    algorithms: Collection[str] = ALGORITHMS,
    nonce: str | None = None,
) -> Mapping[str, Any]:
    """Return a token's claims.

    Raises:
        SignInNotAccepted: signature, type, issuer, audience, time or nonce is wrong, or a claim is missing.
    """
    header = _part(token, 0)
    token_type = header.get("typ")
    token_type = token_type.lower() if isinstance(token_type, str) else token_type
    # Compared one by one: the header may hold an unhashable value, which no set can look up.
    if not any(token_type == allowed for allowed in TYPES[kind]):
        raise SignInNotAccepted
    allowed = [name for name in ALGORITHMS if name in algorithms]
    # The library takes an empty list for its own, in which HS256 is.
    if not allowed:
        raise SignInNotAccepted("algorithm")
    expected: dict[str, ClaimsOption] = {
        "iss": {"essential": True, "values": list(issuers)},
        "aud": {"essential": True, "values": list(audiences)},
    }
    if kind is not TokenKind.USERINFO:
        expected["iat"] = {"essential": True}
    if kind in (TokenKind.IDENTITY, TokenKind.ACCESS):
        expected |= {"sub": {"essential": True}, "exp": {"essential": True}}
    registry = jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=LEEWAY_SECONDS, **expected)
    try:
        key_set = await keys.with_key(header.get("kid"))
        # Unknown header fields are ignored (RFC 7515, 4), but for those in "crit", which the library refuses.
        signatures = _Signatures(algorithms=allowed, strict_check_header=False)
        claims = jwt.decode(token, key_set, registry=signatures).claims
        registry.validate(claims)
    except (JoseError, ValueError, KeyError, TypeError):
        raise SignInNotAccepted from None
    # The library also takes a list that holds the value.
    if not isinstance(claims["iss"], str) or (kind is not TokenKind.ACCESS and claims.get("nonce") != nonce):
        raise SignInNotAccepted
    _check_parties(claims, audiences, kind)
    return claims


def unverified_claims(token: str) -> Mapping[str, Any]:
    """Return a token's claims without verifying them; none where it cannot be read."""
    return _part(token, 1)


def storable_text(value: object) -> str | None:
    """Return a value if it is a text that a database can store: without NUL and half surrogate pairs."""
    return value if isinstance(value, str) and is_storable(value) else None


def _check_parties(claims: Mapping[str, Any], audiences: Collection[str], kind: TokenKind) -> None:
    if "sub" in claims:
        subject = storable_text(claims["sub"])
        if subject is None or not 0 < len(subject) <= MAX_SUBJECT:
            raise SignInNotAccepted
    named = claims["aud"]
    # An identity token with several audiences must name us as the party to which it was issued, and may always do so.
    if kind is TokenKind.IDENTITY:
        party = claims.get("azp")
        is_named = isinstance(party, str) and party in audiences
        if (party is not None and not is_named) or (isinstance(named, list) and len(named) > 1 and not is_named):
            raise SignInNotAccepted
    if kind is TokenKind.ACCESS and ("at_hash" in claims or "nonce" in claims):
        raise SignInNotAccepted
    if kind is TokenKind.LOGOUT:
        events = claims.get("events")
        if not isinstance(events, dict) or LOGOUT_EVENT not in events:
            raise SignInNotAccepted


def _part(token: str, index: int) -> Mapping[str, Any]:
    try:
        text = token.split(".")[index]
        content = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
