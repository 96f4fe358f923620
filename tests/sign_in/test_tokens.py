"""Verification of tokens."""

import hmac
import json
from typing import Any

import pytest
from joserfc import jwt

from domain.providers.oidc import unverified_issuer
from domain.rules.sign_in import SignInNotAccepted
from tests.sign_in.token_forgery import (
    AUDIENCE,
    HOUR,
    ISSUER,
    MISSING,
    NONCE,
    NOW,
    Forger,
    curve_key,
    encoded,
    foreign_key,
    part,
)

LEEWAY = 60
ENDPOINTS = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
RIGHT = {"iss": ISSUER, "aud": AUDIENCE, "sub": "somebody", "iat": NOW, "exp": NOW + HOUR}

WRONG_FOR_BOTH: dict[str, dict[str, Any]] = {
    "no end": {"exp": MISSING},
    "an end that is none": {"exp": None},
    "an end in words": {"exp": "tomorrow"},
    "an end in the past": {"exp": NOW - LEEWAY - 1},
    "no beginning": {"iat": MISSING},
    "a beginning in the future": {"iat": NOW + LEEWAY + 1},
    "not yet valid": {"nbf": NOW + LEEWAY + 1},
    "no issuer": {"iss": MISSING},
    "another issuer": {"iss": "http://localhost:8001/work/fabrikam"},
    "a list of issuers": {"iss": [ISSUER]},
    "no audience": {"aud": MISSING},
    "another audience": {"aud": "another-client"},
    "an empty audience": {"aud": []},
    "an audience of no word": {"aud": {"certlink": "certlink-api"}},
    "no subject": {"sub": MISSING},
    "an empty subject": {"sub": ""},
    "a subject of no word": {"sub": 1},
    "a list of subjects": {"sub": ["somebody"]},
    "a subject that nobody can store": {"sub": "a\x00"},
    "half a character of a subject": {"sub": "\ud800"},
    "a long subject": {"sub": "s" * 256},
}
WRONG_HEADERS: dict[str, dict[str, Any]] = {
    "an unknown key": {"kid": "unknown"},
    "a key of no word": {"kid": ["x"]},
    "a type of no word": {"typ": ["at+jwt"]},
    "a type that is an object": {"typ": {"JWT": 1}},
    "an algorithm of no word": {"alg": ["RS256"]},
    "no algorithm": {"alg": MISSING},
    "another algorithm": {"alg": "RS512"},
    "another kind of algorithm": {"alg": "ES256"},
    "an unknown field that is critical": {"crit": ["pi.atm"], "pi.atm": "1"},
    "something critical": {"crit": ["exp"], "exp": 1},
    "critical nonsense": {"crit": 1},
    "an unencoded payload": {"b64": False, "crit": ["b64"]},
}
NOT_TOKENS = [
    "",
    ".",
    "..",
    "...",
    "a.b.c",
    "\x00.\x00.\x00",
    "é.é.é",
    f"{part([])}.{part([])}.",
    "W" * 16_000,
    "\ud800",
]


async def test_a_right_token_stands_for_its_subject(forger: Forger) -> None:
    bearer = await forger.bearer(forger.access_token(email="a@contoso.example", email_verified=True, name=" "))
    signed_in = await forger.exchange(forger.identity_token(email="a@contoso.example", email_verified="yes"))

    assert (bearer.issuer, bearer.subject, bearer.address, bearer.name) == (
        ISSUER,
        "somebody",
        "a@contoso.example",
        None,
    )
    # Only the truth is true.
    assert signed_in.address is None


@pytest.mark.parametrize("claims", [{"exp": NOW - LEEWAY + 1}, {"iat": NOW + LEEWAY}, {"aud": [AUDIENCE, "other"]}])
async def test_clocks_may_differ_by_a_minute_and_a_bearer_token_may_be_for_several(
    forger: Forger, claims: dict[str, Any]
) -> None:
    assert (await forger.bearer(forger.access_token(**claims))).subject == "somebody"


@pytest.mark.parametrize("wrong", WRONG_FOR_BOTH)
async def test_a_wrong_claim_makes_a_token_worthless(forger: Forger, wrong: str) -> None:
    claims = WRONG_FOR_BOTH[wrong]

    with pytest.raises(SignInNotAccepted):
        await forger.bearer(forger.access_token(**claims))
    with pytest.raises(SignInNotAccepted):
        await forger.exchange(forger.identity_token(**claims))


@pytest.mark.parametrize("wrong", WRONG_HEADERS)
async def test_a_wrong_header_makes_a_token_worthless(forger: Forger, wrong: str) -> None:
    header = WRONG_HEADERS[wrong]

    with pytest.raises(SignInNotAccepted):
        await forger.bearer(forger.access_token(header))
    with pytest.raises(SignInNotAccepted):
        await forger.exchange(forger.identity_token(header))


@pytest.mark.parametrize("text", NOT_TOKENS)
async def test_what_is_no_token_is_refused_and_names_no_issuer(forger: Forger, text: str) -> None:
    with pytest.raises(SignInNotAccepted):
        await forger.bearer(text)

    assert unverified_issuer(text) is None


@pytest.mark.parametrize("text", ["a\x00", "\ud800", "", 1, None, ["a"]])
async def test_what_nobody_can_store_is_left_out(forger: Forger, text: object) -> None:
    """Anybody may show a token whose issuer is looked up before it is believed."""
    identity = await forger.exchange(forger.identity_token(email=text, email_verified=True, name=text))

    assert (identity.address, identity.name) == (None, None)
    assert unverified_issuer(f"{part({})}.{part({'iss': text})}.") in (None, "")


async def test_an_unsigned_token_proves_nothing(forger: Forger) -> None:
    for algorithm in ("none", "None", "NONE"):
        unsigned = f"{part({'alg': algorithm, 'typ': 'at+jwt'})}.{part(RIGHT)}."
        with pytest.raises(SignInNotAccepted):
            await forger.bearer(unsigned)


async def test_the_public_key_is_no_shared_secret(forger: Forger) -> None:
    with pytest.raises(SignInNotAccepted):
        await forger.bearer(forger.symmetric(RIGHT))


async def test_another_key_under_the_right_name_proves_nothing(forger: Forger) -> None:
    kid = str(forger.key.kid)
    foreign = jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": kid}, RIGHT, foreign_key(kid), algorithms=["RS256"])
    curve = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": kid}, RIGHT, curve_key(kid), algorithms=["ES256"])
    # A key that the token brings along is the forger's.
    brought = {"alg": "RS256", "typ": "at+jwt", "jwk": foreign_key(kid).as_dict(private=False)}

    for token in (foreign, curve, jwt.encode(brought, RIGHT, foreign_key(kid), algorithms=["RS256"])):
        with pytest.raises(SignInNotAccepted):
            await forger.bearer(token)


async def test_a_changed_token_proves_nothing(forger: Forger) -> None:
    header, _, signature = forger.access_token().split(".")

    with pytest.raises(SignInNotAccepted):
        await forger.bearer(f"{header}.{part(RIGHT | {'sub': 'somebody else'})}.{signature}")


async def test_an_identity_token_opens_no_api(forger: Forger) -> None:
    for_us = forger.identity_token()
    # Some issuers let a client choose its audience; what tells it apart then are type, nonce and hash.
    for_the_api = forger.identity_token(aud=AUDIENCE)
    without_nonce = forger.identity_token(aud=AUDIENCE, nonce=MISSING, at_hash="x")
    without_type = forger.access_token({"typ": MISSING})

    for token in (for_us, for_the_api, without_nonce, without_type):
        with pytest.raises(SignInNotAccepted):
            await forger.bearer(token)


async def test_an_access_token_is_no_identity_token(forger: Forger) -> None:
    for typ in ("at+jwt", "application/at+jwt", "AT+JWT", "logout+jwt"):
        with pytest.raises(SignInNotAccepted):
            await forger.exchange(forger.identity_token({"typ": typ}))


@pytest.mark.parametrize("nonce", [MISSING, "", None, "another", [NONCE]])
async def test_an_identity_token_of_another_sign_in_is_not_accepted(forger: Forger, nonce: object) -> None:
    with pytest.raises(SignInNotAccepted):
        await forger.exchange(forger.identity_token(nonce=nonce))


async def test_an_identity_token_for_several_must_name_us_as_its_party(forger: Forger) -> None:
    both = ["certlink", "another-client"]

    assert (await forger.exchange(forger.identity_token(aud=both, azp="certlink"))).subject == "somebody"
    for party in (MISSING, "another-client"):
        with pytest.raises(SignInNotAccepted):
            await forger.exchange(forger.identity_token(aud=both, azp=party))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("algorithms", [["HS256"], ["none"], [], ["RS256"]])
async def test_whatever_an_issuer_lists_a_shared_secret_among_its_keys_signs_nothing(
    forger: Forger, algorithms: list[str]
) -> None:
    secret = b"x" * 64
    metadata = {"issuer": ISSUER, "id_token_signing_alg_values_supported": algorithms}
    metadata |= {name: f"{ISSUER}/{at}" for name, at in ENDPOINTS.items()}
    forger.line.lie("/openid-configuration", json.dumps(metadata))
    shared = {"kty": "oct", "kid": "shared", "k": encoded(secret)}
    forger.line.lie("/jwks", json.dumps({"keys": [shared, forger.key.as_dict(private=False)]}))
    claims = RIGHT | {"aud": "certlink", "nonce": NONCE}
    unsigned = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'shared'})}.{part(claims)}"

    with pytest.raises(SignInNotAccepted):
        await forger.exchange(f"{unsigned}.{encoded(hmac.digest(secret, unsigned.encode(), 'sha256'))}")


@pytest.mark.parametrize("header", [{"pi.atm": "1"}, {"x5t": "abc"}, {"x5c": ["a" * 3_000]}, {"foo": {"bar": []}}])
async def test_header_fields_that_we_do_not_know_are_ignored(forger: Forger, header: dict[str, Any]) -> None:
    assert (await forger.bearer(forger.access_token(header))).subject == "somebody"
    assert (await forger.exchange(forger.identity_token(header))).subject == "somebody"
