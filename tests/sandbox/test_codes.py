"""Authorization codes of the sandbox."""

from datetime import timedelta
from urllib.parse import quote_plus

import pytest
from httpx2 import AsyncClient

from tests.clock import FrozenClock
from tests.sandbox.browser import REDIRECT_URI, VERIFIER, Browser


async def test_a_code_works_only_once_and_its_replay_revokes_the_tokens(browser: Browser) -> None:
    code = await browser.code()
    access_token = (await browser.exchange(code)).json()["access_token"]
    before = await browser.ask("/microsoft-learn/userinfo", access_token)

    replay = await browser.exchange(code)
    after = await browser.ask("/microsoft-learn/userinfo", access_token)

    assert before.status_code == 200
    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    assert after.status_code == 401


async def test_a_replay_revokes_the_tokens_of_that_code_only(browser: Browser) -> None:
    other = (await browser.sign_in())["access_token"]
    code = await browser.code()
    await browser.exchange(code)

    await browser.exchange(code)

    assert (await browser.ask("/microsoft-learn/userinfo", other)).status_code == 200


async def test_a_late_replay_still_revokes_the_tokens(browser: Browser, real_clock: FrozenClock) -> None:
    code = await browser.code()
    access_token = (await browser.exchange(code)).json()["access_token"]
    real_clock.advance(timedelta(minutes=59))
    await browser.authorize()

    await browser.exchange(code)

    assert (await browser.ask("/microsoft-learn/userinfo", access_token)).status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(59.999, 200), (60, 400)])
async def test_a_code_lives_for_60_seconds(
    browser: Browser, real_clock: FrozenClock, seconds: float, status: int
) -> None:
    code = await browser.code()
    real_clock.advance(timedelta(seconds=seconds))

    response = await browser.exchange(code)

    assert response.status_code == status


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "unknown"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"redirect_uri": f"{REDIRECT_URI}/"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": "ä" * 64}, "invalid_request"),
        ({"code_verifier": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
        ({"client_secret": "sandbox-secret"}, "invalid_request"),
    ],
)
async def test_a_wrong_exchange_gives_nothing(browser: Browser, changes: dict[str, str | None], error: str) -> None:
    code = await browser.code()

    response = await browser.exchange(code, **changes)

    assert (response.status_code, response.json()["error"]) == (400, error)


async def test_a_code_that_met_a_wrong_verifier_is_burnt(browser: Browser) -> None:
    code = await browser.code()
    await browser.exchange(code, code_verifier="w" * 64)

    second = await browser.exchange(code)

    assert second.json()["error"] == "invalid_grant"


async def test_a_code_is_unknown_at_another_issuer_and_not_burnt_there(browser: Browser) -> None:
    code = await browser.code()

    elsewhere = await browser.exchange(code, "work/contoso")
    at_home = await browser.exchange(code)

    assert elsewhere.json()["error"] == "invalid_grant"
    assert at_home.status_code == 200


async def test_a_client_may_authenticate_in_the_body(browser: Browser, client: AsyncClient) -> None:
    form = {"grant_type": "authorization_code", "code": await browser.code(), "redirect_uri": REDIRECT_URI}
    secret = {"code_verifier": VERIFIER, "client_id": "certlink", "client_secret": "sandbox-secret"}

    response = await client.post("/microsoft-learn/token", data=form | secret)

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic Y2VydGxpbms=",
        "Basic Y2VydGxpbms6d3Jvbmc=",
        "Basic /////w==",
        "Bearer Y2VydGxpbms6c2FuZGJveC1zZWNyZXQ=",
        "Digest x",
    ],
)
async def test_a_client_that_does_not_authenticate_gets_a_401(
    browser: Browser, client: AsyncClient, authorization: str | None
) -> None:
    code = await browser.code()
    headers = {} if authorization is None else {"Authorization": authorization}

    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
    response = await client.post("/microsoft-learn/token", data=form, headers=headers)

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert response.headers["www-authenticate"].startswith("Basic")
    assert (await browser.exchange(code)).status_code == 200


async def test_the_client_and_its_secret_are_unquoted(browser: Browser, client: AsyncClient) -> None:
    form = {"grant_type": "authorization_code", "code": await browser.code(), "redirect_uri": REDIRECT_URI}
    quoted = (quote_plus("certlink"), "%73andbox%2Dsecret")

    response = await client.post("/microsoft-learn/token", data=form | {"code_verifier": VERIFIER}, auth=quoted)

    assert response.status_code == 200
