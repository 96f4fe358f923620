"""Does a learning provider of the sandbox give refresh tokens that work once, and keep them over a restart?"""

from datetime import timedelta

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from tests.clock import FrozenClock
from tests.sandbox.browser import BASE_URL, CLIENT, Visitor, answer_of
from tests.sandbox.conftest import AppFactory

OFFLINE = "openid offline_access"


async def first_token(visitor: Visitor, issuer: str = "microsoft-learn", persona: str = "amara-learn") -> str:
    """Sign in with the scope for it and return the refresh token."""
    return str((await _signed_in(visitor, issuer, persona))["refresh_token"])


async def refresh(client: AsyncClient, token: str, issuer: str = "microsoft-learn") -> Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return await client.post(f"/{issuer}/token", data=form, auth=CLIENT)


async def test_a_refresh_token_gives_an_access_token_and_the_next_refresh_token(visitor: Visitor) -> None:
    token = await first_token(visitor)

    answer = await refresh(visitor.client, token)

    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != token
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    transcript = await visitor.client.get("/microsoft-learn/transcript", headers=bearer)
    assert transcript.json()["profileId"] == "991204737"


async def test_it_works_days_later_and_after_a_restart(
    visitor: Visitor, real_clock: FrozenClock, start: AppFactory
) -> None:
    token = await first_token(visitor)
    real_clock.advance(timedelta(days=100))

    async with AsyncClient(transport=ASGITransport(app=start()), base_url=BASE_URL) as client:
        assert (await refresh(client, token)).status_code == 200


async def test_an_earlier_token_is_refused_and_revokes_the_latest(visitor: Visitor) -> None:
    token = await first_token(visitor)
    latest = (await refresh(visitor.client, token)).json()["refresh_token"]

    reused = await refresh(visitor.client, token)

    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    assert (await refresh(visitor.client, latest)).status_code == 400


async def test_a_code_that_is_used_again_revokes_the_refresh_token(visitor: Visitor) -> None:
    page = await visitor.authorize(scope=OFFLINE)
    code = answer_of(await visitor.press(page, "microsoft-learn", persona="amara-learn"))["code"]
    token = (await visitor.exchange(code)).json()["refresh_token"]

    await visitor.exchange(code)

    assert (await refresh(visitor.client, token)).status_code == 400


async def test_only_who_asks_for_it_gets_one_and_only_at_a_learning_provider(visitor: Visitor) -> None:
    without = await visitor.exchange(await visitor.code())
    at_work = await _signed_in(visitor, "work/contoso", "amara")
    refused = await refresh(visitor.client, "x", "work/contoso")

    assert "refresh_token" not in without.json()
    assert "refresh_token" not in at_work
    assert refused.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("token", ["", "x", "x.y", "é.é", "." * 1000])
async def test_nonsense_is_refused(visitor: Visitor, token: str) -> None:
    assert (await refresh(visitor.client, token)).status_code == 400


async def test_a_token_of_another_provider_is_unknown(visitor: Visitor) -> None:
    token = await first_token(visitor)

    assert (await refresh(visitor.client, token, "partner-university")).status_code == 400
    assert (await refresh(visitor.client, token)).status_code == 200


async def test_a_person_can_withdraw_every_permission(visitor: Visitor) -> None:
    tokens = [await first_token(visitor) for _ in range(2)]

    withdrawn = await visitor.client.post("/personas/amara-learn/withdrawals")

    assert withdrawn.json() == {"revoked": 2}
    assert [(await refresh(visitor.client, token)).status_code for token in tokens] == [400, 400]


async def _signed_in(visitor: Visitor, issuer: str, persona: str) -> dict[str, object]:
    page = await visitor.authorize(issuer, scope=OFFLINE)
    code = answer_of(await visitor.press(page, issuer, persona=persona))["code"]
    answer: dict[str, object] = (await visitor.exchange(code, issuer)).json()
    return answer
