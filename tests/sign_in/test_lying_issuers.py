"""Nonsense answers of issuers, refused without a database."""

import json

import pytest

from domain.providers.http import JsonClient
from domain.providers.oidc import REQUIRED_METADATA
from domain.rules.sign_in import ClientRefused, ProviderUnavailable, SignInNotAccepted
from tests.clock import START
from tests.sign_in.token_forgery import ISSUER, NONCE, Forger

NONSENSE: dict[str, bytes | str] = {
    "an empty answer": "",
    "a list": "[]",
    "nothing": "null",
    "a number": "1",
    "a deep nest": "[" * 100_000,
    "bytes": b"\xff\xfe",
    "an endless life": '{"expires_in": 1e999}',
    "a life of no number": '{"expires_in": [1]}',
    "an end of no number": '{"expires_at": {}}',
    "an error of no word": '{"error": {"a": 1}}',
    "an error that is ours": '{"error": "invalid_client"}',
}


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_a_token_endpoint_that_talks_nonsense_is_unavailable(forger: Forger, nonsense: str) -> None:
    forger.line.lie("/token", NONSENSE[nonsense])

    with pytest.raises(ProviderUnavailable):
        await _exchange(forger)


@pytest.mark.parametrize(
    "answer",
    ["{}", '{"id_token": "a.b.c"}', '{"id_token": 1, "access_token": 2}', '{"id_token": "", "access_token": ""}'],
)
async def test_an_answer_without_the_tokens_is_not_accepted(forger: Forger, answer: str) -> None:
    forger.line.lie("/token", answer)

    with pytest.raises(SignInNotAccepted):
        await _exchange(forger)


async def test_an_issuer_that_never_ends_its_answer_is_left(forger: Forger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JsonClient, "TIMEOUT_SECONDS", 0.05)
    forger.line.hold("/token")

    with pytest.raises(ProviderUnavailable):
        await _exchange(forger)


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        "{}",
        '{"issuer": "http://localhost:8001/work/fabrikam", "authorization_endpoint": "http://localhost:8001/a",'
        ' "token_endpoint": "http://localhost:8001/token", "jwks_uri": "http://localhost:8001/work/contoso/jwks",'
        ' "userinfo_endpoint": "http://localhost:8001/userinfo"}',
        '{"issuer": "http://localhost:8001/work/contoso"}',
        '{"issuer": "http://localhost:8001/work/contoso", "authorization_endpoint": "javascript:alert(1)",'
        ' "token_endpoint": "file:///etc/passwd", "jwks_uri": "http:", "userinfo_endpoint": 1}',
    ],
)
async def test_a_document_that_lies_about_its_issuer_is_not_believed(forger: Forger, document: str) -> None:
    forger.line.lie("/openid-configuration", document)

    with pytest.raises(ProviderUnavailable):
        await _exchange(forger)

    assert forger.line.count("/token") == 0


@pytest.mark.parametrize(
    "endpoint",
    ["http://host:port/", "http://host:99999/", "http://h/\0", "http://h\0ost/", "http://h/a\r\nb", "http://h ost/",
     "http://h;script-src */", f"http://{'a' * 100_000}/"],
)  # fmt: skip
@pytest.mark.parametrize("name", REQUIRED_METADATA)
async def test_an_address_that_nobody_can_call_makes_an_issuer_unavailable_and_a_trial_says_it(
    forger: Forger, endpoint: str, name: str
) -> None:
    metadata = {"issuer": ISSUER} | dict.fromkeys(
        ("authorization_endpoint", "token_endpoint", "jwks_uri"), f"{ISSUER}/x"
    )
    forger.line.lie("/openid-configuration", json.dumps(metadata | {name: endpoint}))

    with pytest.raises(ProviderUnavailable):
        await _exchange(forger)
    findings = await forger.issuers.examine(forger.client, now=START)

    assert [(finding.step, finding.is_well) for finding in findings] == [("discovery", False)]
    assert name in findings[0].text


async def test_a_host_of_another_script_is_called_by_its_ascii_name(forger: Forger) -> None:
    assert forger.issuers._json.allows("https://xn--bcher-kva.example:8443/token")


@pytest.mark.parametrize("error", ["invalid_request", "invalid_scope", "unsupported_grant_type"])
async def test_a_token_endpoint_that_finds_our_request_wrong_refuses_us_and_is_not_down(
    forger: Forger, error: str
) -> None:
    forger.line.lie("/token", json.dumps({"error": error}), status=400)

    with pytest.raises(ClientRefused) as refused:
        await _exchange(forger)

    assert refused.value.cause == error


@pytest.mark.parametrize("keys", ["[]", "{}", '{"keys": 1}', '{"keys": [1]}', '{"keys": [{"kty": "RSA"}]}', "<html>"])
async def test_keys_that_cannot_be_read_are_no_keys(forger: Forger, keys: str) -> None:
    forger.line.lie("/jwks", keys)

    with pytest.raises((ProviderUnavailable, SignInNotAccepted)):
        await forger.exchange(forger.identity_token())


async def _exchange(forger: Forger) -> None:
    await forger.issuers.exchange(
        forger.client, code="code", named_issuer=ISSUER, verifier="v" * 43, nonce=NONCE, now=START
    )
