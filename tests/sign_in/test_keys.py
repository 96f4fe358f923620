"""Caching of issuers' keys."""

import asyncio
import json
from typing import Literal

import pytest
from joserfc.jwk import JWKRegistry

from domain.providers.http import JsonClient
from domain.providers.tokens import KeyCache
from domain.rules.sign_in import ProviderUnavailable, SignInNotAccepted
from tests.sign_in.token_forgery import ISSUER, Forger


class Stopwatch:
    """The seconds that certlink measures ages by, moved by hand."""

    seconds = 1000.0


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """Ages that a test decides."""
    stopwatch = Stopwatch()
    monkeypatch.setattr(JsonClient, "monotonic", lambda _: stopwatch.seconds)
    return stopwatch


async def test_keys_are_read_once_and_again_after_ten_minutes(forger: Forger, stopwatch: Stopwatch) -> None:
    await forger.bearer(forger.access_token())
    stopwatch.seconds += KeyCache.SECONDS - 1
    await forger.bearer(forger.access_token())
    read_once = forger.line.count("/jwks")
    stopwatch.seconds += 2
    await forger.bearer(forger.access_token())

    assert (read_once, forger.line.count("/jwks")) == (1, 2)


async def test_an_unknown_key_is_looked_for_at_most_every_ten_seconds(forger: Forger, stopwatch: Stopwatch) -> None:
    await forger.bearer(forger.access_token())
    unknown = forger.access_token({"kid": "unknown"})

    await _refuse(forger, unknown, unknown)
    at_once = forger.line.count("/jwks")
    stopwatch.seconds += KeyCache.SECONDS_BETWEEN_READS + 1
    await _refuse(forger, *[unknown] * 20)

    assert (at_once, forger.line.count("/jwks")) == (1, 2)


async def test_an_unknown_key_is_not_looked_for_oftener_while_the_keys_are_away(
    forger: Forger, stopwatch: Stopwatch
) -> None:
    await forger.bearer(forger.access_token())
    stopwatch.seconds += KeyCache.SECONDS_BETWEEN_READS + 1
    forger.line.cut.add("/jwks")

    for _ in range(5):
        await _refuse(forger, forger.access_token({"kid": "unknown"}))

    assert forger.line.count("/jwks") == 2
    assert (await forger.bearer(forger.access_token())).subject == "somebody"


async def test_a_changed_key_is_taken_up(forger: Forger, stopwatch: Stopwatch) -> None:
    old = {"keys": [forger.key.as_dict(private=False) | {"kid": "of-yesterday"}]}
    forger.line.lie("/jwks", json.dumps(old))
    await _refuse(forger, forger.access_token())
    forger.line.lies.clear()
    stopwatch.seconds += KeyCache.SECONDS_BETWEEN_READS + 1

    assert (await forger.bearer(forger.access_token())).subject == "somebody"


async def test_without_any_keys_the_issuer_is_unavailable(forger: Forger) -> None:
    forger.line.cut.add("/jwks")

    with pytest.raises(ProviderUnavailable):
        await forger.bearer(forger.access_token())


UNKNOWN: dict[str, object] = {
    "a word": "a",
    "a kind in a list": {"kty": ["RSA"]},
    "a kind of the time after quantum computers": {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
    "brainpool": {"kty": "EC", "crv": "brainpoolP256r1", "x": "AAAA", "y": "AAAA", "kid": "b"},
    "X448": {"kty": "OKP", "crv": "X448", "x": "AAAA", "kid": "x"},
    "P-224": {"kty": "EC", "crv": "P-224", "x": "AAAA", "y": "AAAA", "kid": "p"},
    "a point off its curve": {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
    "a number for a modulus": {"kty": "RSA", "n": 1, "e": "AQAB"},
    "half a character for a modulus": {"kty": "RSA", "n": "\ud800", "e": "AQAB"},
}


@pytest.mark.parametrize("unknown", UNKNOWN)
async def test_a_key_that_we_do_not_know_hides_no_good_one_beside_it(forger: Forger, unknown: str) -> None:
    forger.line.lie("/jwks", json.dumps({"keys": [UNKNOWN[unknown], forger.key.as_dict(private=False)]}))

    assert (await forger.bearer(forger.access_token())).subject == "somebody"


@pytest.mark.parametrize(("kind", "curve"), [("OKP", "X25519"), ("OKP", "Ed448"), ("EC", "secp256k1")])
async def test_a_key_of_a_curve_that_we_do_not_use_is_no_key(
    forger: Forger, kind: Literal["OKP", "EC"], curve: str
) -> None:
    unused = JWKRegistry.generate_key(kind, curve, {"kid": "unused"}).as_dict(private=False)
    forger.line.lie("/jwks", json.dumps({"keys": [unused, forger.key.as_dict(private=False)]}))

    keys = await KeyCache(forger.issuers._json).read(f"{ISSUER}/jwks")

    assert [key.kid for key in keys.key_set.keys] == [forger.key.kid]


async def _refuse(forger: Forger, *tokens: str) -> None:
    outcomes = await asyncio.gather(*(forger.bearer(token) for token in tokens), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {SignInNotAccepted}
