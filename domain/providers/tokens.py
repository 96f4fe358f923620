"""Verification of signed tokens (JWT) by their issuer's keys."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import ClaimsOption

from domain.providers.http import JsonClient, WrongAnswer
from domain.rules.sign_in import SignInNotAccepted
from domain.rules.text import is_storable

ALGORITHMS = ["RS256", "ES256", "PS256"]
LEEWAY_SECONDS = 60
IDENTITY_TOKEN_TYPES = {None, "jwt"}
# RFC 9068 names access tokens at+jwt; some issuers still write JWT, so that only the audience tells the two apart.
ACCESS_TOKEN_TYPES = {"at+jwt", "application/at+jwt", "jwt"}


class KeyCache:
    """Caches issuers' public keys for ten minutes; an unknown key is looked up at most every ten seconds."""

    SECONDS = 600.0
    # Without this limit, tokens with invented key ids would make us ask the issuer as often as they come.
    SECONDS_BETWEEN_READS = 10.0

    class Keys:
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
            now = self._cache.client.monotonic()
            if now - self._checked_at <= self._cache.SECONDS_BETWEEN_READS:
                return self.key_set
            self._checked_at = now
            try:
                return (await self._cache.read(self._url)).key_set
            except WrongAnswer:
                return self.key_set

    def __init__(self, client: JsonClient) -> None:
        self.client = client
        self._cached: dict[str, KeyCache.Keys] = {}

    async def of(self, url: str) -> "KeyCache.Keys":
        """Return the keys at an address.

        Raises:
            WrongAnswer: they cannot be read.
        """
        cached = self._cached.get(url)
        if cached is not None and self.client.monotonic() - cached.read_at < self.SECONDS:
            return cached
        return await self.read(url)

    async def read(self, url: str) -> "KeyCache.Keys":
        """Read the keys at an address anew.

        Raises:
            WrongAnswer: they cannot be read.
        """
        document = await self.client.get(url)
        try:
            key_set = KeySet.import_key_set(dict(document))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise WrongAnswer from None
        self._cached[url] = KeyCache.Keys(self, url, key_set, self.client.monotonic())
        return self._cached[url]


async def verified_claims(
    token: str, *, keys: KeyCache.Keys, issuer: str, audience: str, now: datetime, nonce: str | None
) -> Mapping[str, Any]:
    """Return a token's claims; with a nonce it must be an identity token, without one an access token.

    Raises:
        SignInNotAccepted: signature, type, issuer, audience, time or nonce is wrong, or a claim is missing.
    """
    header = _part(token, 0)
    token_type = header.get("typ")
    token_type = token_type.lower() if isinstance(token_type, str) else token_type
    # Compared one by one: the header may hold an unhashable value, which no set can look up.
    if not any(token_type == allowed for allowed in (ACCESS_TOKEN_TYPES if nonce is None else IDENTITY_TOKEN_TYPES)):
        raise SignInNotAccepted
    seconds = int(now.timestamp())
    expected: dict[str, ClaimsOption] = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": audience},
        "sub": {"essential": True},
        # Many verifiers take a token without an expiry for one that never ends.
        "exp": {"essential": True},
        "iat": {"essential": True},
    }
    if nonce is not None:
        expected["nonce"] = {"essential": True, "value": nonce}
    registry = jwt.JWTClaimsRegistry(now=seconds, leeway=LEEWAY_SECONDS, **expected)
    try:
        key_set = await keys.with_key(header.get("kid"))
        claims = jwt.decode(token, key_set, algorithms=ALGORITHMS).claims
        registry.validate(claims)
    except (JoseError, ValueError, KeyError, TypeError):
        raise SignInNotAccepted from None
    # The library also takes a list that holds the value.
    if claims["iss"] != issuer or claims.get("nonce") != nonce:
        raise SignInNotAccepted
    subject, audiences = storable_text(claims["sub"]), claims["aud"]
    if subject is None or not 0 < len(subject) <= 255:
        raise SignInNotAccepted
    if nonce is None and "at_hash" in claims:
        # Only an identity token has it, and one of those proves no right to call.
        raise SignInNotAccepted
    # An identity token with several audiences must name us as the party to which it was issued.
    if nonce is not None and isinstance(audiences, list) and len(audiences) > 1 and claims.get("azp") != audience:
        raise SignInNotAccepted
    return claims


def unverified_claims(token: str) -> Mapping[str, Any]:
    """Return a token's claims without verifying them; none where it cannot be read."""
    return _part(token, 1)


def storable_text(value: object) -> str | None:
    # A database stores neither NUL nor half a surrogate pair.
    return value if isinstance(value, str) and is_storable(value) else None


def _part(token: str, index: int) -> Mapping[str, Any]:
    try:
        text = token.split(".")[index]
        content = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
