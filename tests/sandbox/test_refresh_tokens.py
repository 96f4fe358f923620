"""The sandbox's refresh tokens work once and outlive a restart."""

from datetime import timedelta

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from tests.clock import FrozenClock
from tests.sandbox.browser import BASE_URL, CLIENT, Browser, answer_of
from tests.sandbox.conftest import AppFactory

OFFLINE = "openid offline_access"


async def first_token(browser: Browser, issuer: str = "microsoft-learn", persona: str = "amara-learn") -> str:
    """Sign in with the scope for it and return the refresh token."""
    return str((await _signed_in(browser, issuer, persona))["refresh_token"])


async def refresh(client: AsyncClient, token: str, issuer: str = "microsoft-learn") -> Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return await client.post(f"/{issuer}/token", data=form, auth=CLIENT)


async def test_a_refresh_token_gives_an_access_token_and_the_next_refresh_token(browser: Browser) -> None:
    token = await first_token(browser)

    answer = await refresh(browser.client, token)

    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != token
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    transcript = await browser.client.get("/microsoft-learn/transcript", headers=bearer)
    assert transcript.json()["profileId"] == "991204737"


async def test_it_works_days_later_and_after_a_restart(
    browser: Browser, real_clock: FrozenClock, start: AppFactory
) -> None:
    token = await first_token(browser)
    real_clock.advance(timedelta(days=100))

    async with AsyncClient(transport=ASGITransport(app=start()), base_url=BASE_URL) as client:
        assert (await refresh(client, token)).status_code == 200


async def test_an_earlier_token_is_refused_and_revokes_the_latest(browser: Browser) -> None:
    token = await first_token(browser)
    latest = (await refresh(browser.client, token)).json()["refresh_token"]

    reused = await refresh(browser.client, token)

    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    assert (await refresh(browser.client, latest)).status_code == 400


async def test_a_code_that_is_used_again_revokes_the_refresh_token(browser: Browser) -> None:
    page = await browser.authorize(scope=OFFLINE)
    code = answer_of(await browser.press(page, "microsoft-learn", persona="amara-learn"))["code"]
    token = (await browser.exchange(code)).json()["refresh_token"]

    await browser.exchange(code)

    assert (await refresh(browser.client, token)).status_code == 400


async def test_only_who_asks_for_it_gets_one(browser: Browser) -> None:
    without = await browser.exchange(await browser.code())

    assert "refresh_token" not in without.json()


@pytest.mark.parametrize("token", ["", "x", "x.y", "é.é", "." * 1000])
async def test_nonsense_is_refused(browser: Browser, token: str) -> None:
    assert (await refresh(browser.client, token)).status_code == 400


async def test_a_token_of_another_provider_is_unknown(browser: Browser) -> None:
    token = await first_token(browser)

    assert (await refresh(browser.client, token, "partner-university")).status_code == 400
    assert (await refresh(browser.client, token)).status_code == 200


async def test_a_person_can_withdraw_every_permission(browser: Browser) -> None:
    tokens = [await first_token(browser) for _ in range(2)]

    withdrawn = await browser.client.post("/personas/amara-learn/withdrawals")

    assert withdrawn.json() == {"revoked": 2}
    assert [(await refresh(browser.client, token)).status_code for token in tokens] == [400, 400]


async def test_a_work_issuer_gives_one_too_and_refuses_it_once_the_account_is_blocked(browser: Browser) -> None:
    token = await first_token(browser, "work/contoso", "amara")
    renewed = await refresh(browser.client, token, "work/contoso")

    blocked = await browser.client.post("/personas/amara/withdrawals")
    refused = await refresh(browser.client, renewed.json()["refresh_token"], "work/contoso")
    unknown = await browser.client.post("/personas/nobody/withdrawals")

    assert (renewed.status_code, blocked.json()) == (200, {"revoked": 1})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert unknown.status_code == 404


async def _signed_in(browser: Browser, issuer: str, persona: str) -> dict[str, object]:
    page = await browser.authorize(issuer, scope=OFFLINE)
    code = answer_of(await browser.press(page, issuer, persona=persona))["code"]
    answer: dict[str, object] = (await browser.exchange(code, issuer)).json()
    return answer
