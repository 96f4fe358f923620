"""The sandbox's fault knobs."""

import json
import time
from typing import Any

import pytest
from httpx2 import AsyncClient
from joserfc.errors import BadSignatureError

from sandbox import faults
from tests.sandbox.browser import BASE_URL, Browser, answer_of


async def set_fault(client: AsyncClient, issuer: str = "microsoft-learn", **knobs: Any) -> None:
    response = await client.post("/faults", json={"issuer": issuer, **knobs})
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("endpoint", ["userinfo", "transcript"])
async def test_an_endpoint_fails_as_often_as_it_was_told(browser: Browser, client: AsyncClient, endpoint: str) -> None:
    access_token = (await browser.sign_in())["access_token"]
    await set_fault(client, fail={endpoint: 500}, times=2)

    statuses = [(await browser.ask(f"/microsoft-learn/{endpoint}", access_token)).status_code for _ in range(3)]

    assert statuses == [500, 500, 200]
    assert (await client.get("/faults")).json() == {"faults": {}}


async def test_a_failing_token_endpoint_does_not_burn_the_code(browser: Browser, client: AsyncClient) -> None:
    code = await browser.code()
    await set_fault(client, fail={"token": 503}, times=1)

    first = await browser.exchange(code)
    second = await browser.exchange(code)

    assert (first.status_code, second.status_code) == (503, 200)


async def test_requests_that_a_fault_does_not_concern_are_not_counted(browser: Browser, client: AsyncClient) -> None:
    await set_fault(client, fail={"transcript": 500}, times=1)

    await client.get("/microsoft-learn/jwks")
    await browser.sign_in("amara-university", "partner-university")
    access_token = (await browser.sign_in())["access_token"]

    assert (await browser.ask("/microsoft-learn/transcript", access_token)).status_code == 500


async def test_a_fault_without_times_lasts_until_it_is_cleared(client: AsyncClient) -> None:
    await set_fault(client, fail={"jwks": 500})
    failed = {(await client.get("/microsoft-learn/jwks")).status_code for _ in range(5)}

    cleared = await client.delete("/faults")

    assert failed == {500}
    assert cleared.json() == {"faults": {}}
    assert (await client.get("/microsoft-learn/jwks")).status_code == 200


async def test_set_faults_are_shown_and_replaced_by_the_next(client: AsyncClient) -> None:
    await set_fault(client, slow_seconds=2, times=3)
    await set_fault(client, error="server_error")

    shown = (await client.get("/faults")).json()["faults"]

    assert list(shown) == ["microsoft-learn"]
    assert shown["microsoft-learn"]["error"] == "server_error"
    assert shown["microsoft-learn"]["slow_seconds"] == 0


async def test_a_slow_issuer_keeps_its_callers_waiting(client: AsyncClient) -> None:
    await set_fault(client, slow_seconds=0.2, times=1)

    started = time.monotonic()
    response = await client.get("/microsoft-learn/jwks")

    assert response.status_code == 200
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("error", ["access_denied", "server_error", "temporarily_unavailable"])
async def test_an_error_is_answered_in_place_of_a_code(browser: Browser, client: AsyncClient, error: str) -> None:
    await set_fault(client, error=error, times=1)

    answer = answer_of(await browser.choose(persona="amara-learn"))

    assert answer["error"] == error
    assert answer["state"] == "state-1"
    assert "code" not in answer
    assert await browser.code()


async def test_a_wrong_issuer_lies_in_the_answer(browser: Browser, client: AsyncClient) -> None:
    await set_fault(client, wrong_issuer=True)

    answer = answer_of(await browser.choose(persona="amara-learn"))

    assert answer["code"]
    assert answer["iss"] != f"{BASE_URL}/microsoft-learn"


@pytest.mark.parametrize(("issuer", "persona"), [("microsoft-learn", "amara-learn"), ("work/fabrikam", "felix")])
async def test_a_bad_signature_is_made_with_a_key_that_is_not_published(
    browser: Browser, client: AsyncClient, issuer: str, persona: str
) -> None:
    await set_fault(client, issuer, bad_signature=True)

    tokens = await browser.sign_in(persona, issuer)

    with pytest.raises(BadSignatureError):
        await browser.decode(tokens["id_token"], issuer)


async def test_a_wrong_nonce_is_not_the_one_asked_for(browser: Browser, client: AsyncClient) -> None:
    await set_fault(client, wrong_nonce=True)

    tokens = await browser.sign_in()
    nonce = (await browser.decode(tokens["id_token"], "microsoft-learn")).claims["nonce"]

    assert nonce
    assert nonce != "nonce-1"


async def test_an_email_can_be_unverified(browser: Browser, client: AsyncClient) -> None:
    await set_fault(client, "work/contoso", unverified_email=True)

    tokens = await browser.sign_in("nadia", "work/contoso")

    assert (await browser.decode(tokens["id_token"], "work/contoso")).claims["email_verified"] is False


async def test_a_profile_can_be_incomplete(browser: Browser, client: AsyncClient) -> None:
    access_token = (await browser.sign_in())["access_token"]
    await set_fault(client, incomplete_profile=True)

    userinfo = (await browser.ask("/microsoft-learn/userinfo", access_token)).json()
    transcript = (await browser.ask("/microsoft-learn/transcript", access_token)).json()

    assert userinfo["mcid"] is None
    assert transcript["profileId"] is None


async def test_a_transcript_can_be_doubled_and_reversed(browser: Browser, client: AsyncClient) -> None:
    honest = [row["completionId"] for row in (await browser.transcript())["completions"]]
    await set_fault(client, duplicate=True, reordered=True)

    spoilt = [row["completionId"] for row in (await browser.transcript())["completions"]]

    assert spoilt == [row for row in reversed(honest) for _ in range(2)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"issuer": "nowhere"},
        {"issuer": None},
        {"issuer": ["microsoft-learn"]},
        {"issuer": "microsoft-learn", "slow": 3},
        {"issuer": "microsoft-learn", "slow_seconds": -1},
        {"issuer": "microsoft-learn", "slow_seconds": 30.1},
        {"issuer": "microsoft-learn", "slow_seconds": "1"},
        {"issuer": "microsoft-learn", "slow_seconds": None},
        {"issuer": "microsoft-learn", "slow_seconds": True},
        {"issuer": "microsoft-learn", "fail": "token"},
        {"issuer": "microsoft-learn", "fail": None},
        {"issuer": "microsoft-learn", "fail": {"nothing": 500}},
        {"issuer": "microsoft-learn", "fail": {"token": 200}},
        {"issuer": "microsoft-learn", "fail": {"token": "500"}},
        {"issuer": "microsoft-learn", "times": 0},
        {"issuer": "microsoft-learn", "times": 1.5},
        {"issuer": "microsoft-learn", "times": True},
        {"issuer": "microsoft-learn", "error": "sorry"},
        {"issuer": "microsoft-learn", "error": 1},
        {"issuer": "microsoft-learn", "wrong_issuer": 1},
        {"issuer": "microsoft-learn", "duplicate": None},
        {"issuer": "microsoft-learn", "unverified_email": True},
        {"issuer": "work/contoso", "duplicate": True},
        {"issuer": "work/contoso", "fail": {"transcript": 500}},
        {"issuer": "\ud800"},
        {"issuer": "microsoft-learn", "\ud800": 1},
    ],
)
async def test_what_is_no_fault_is_refused_and_changes_nothing(client: AsyncClient, body: dict[str, Any]) -> None:
    # As text, since the client does not send half a character as JSON.
    response = await client.post("/faults", content=json.dumps(body))

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert (await client.get("/faults")).json() == {"faults": {}}


def test_every_switch_is_a_knob_of_a_fault() -> None:
    assert set(faults.Fault.__dataclass_fields__) >= set(faults._SWITCHES)
