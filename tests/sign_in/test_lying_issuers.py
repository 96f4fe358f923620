"""Nonsense answers of issuers, refused without a database."""

import pytest

from domain.providers.http import JsonClient
from domain.rules.sign_in import ProviderUnavailable, SignInNotAccepted
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


@pytest.mark.parametrize("keys", ["[]", "{}", '{"keys": 1}', '{"keys": [1]}', '{"keys": [{"kty": "RSA"}]}', "<html>"])
async def test_keys_that_cannot_be_read_are_no_keys(forger: Forger, keys: str) -> None:
    forger.line.lie("/jwks", keys)

    with pytest.raises((ProviderUnavailable, SignInNotAccepted)):
        await forger.exchange(forger.identity_token())


async def _exchange(forger: Forger) -> None:
    await forger.issuers.exchange(
        forger.client, code="code", named_issuer=ISSUER, verifier="v" * 43, nonce=NONCE, now=START
    )
