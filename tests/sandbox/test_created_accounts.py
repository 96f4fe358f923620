"""Partner University accounts that people make on the way."""

import json
import re
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from tests.sandbox.browser import BASE_URL, Browser, answer_of
from tests.sandbox.conftest import AppFactory

ISSUER = "partner-university"


async def test_creating_an_account_goes_on_with_the_sign_in(browser: Browser) -> None:
    response = await browser.choose(ISSUER, create="account", display_name="  Noor   Haddad ")
    tokens = (await browser.exchange(answer_of(response)["code"], ISSUER)).json()

    userinfo = (await browser.ask(f"/{ISSUER}/userinfo", tokens["access_token"])).json()
    transcript = (await browser.ask(f"/{ISSUER}/transcript", tokens["access_token"])).json()

    assert userinfo["name"] == "Noor Haddad"
    assert re.fullmatch(r"PU-\d{6}", userinfo["learner_id"])
    assert transcript == {"profileId": userinfo["learner_id"], "completions": [], "nextCursor": None}


async def test_created_accounts_are_kept_over_a_restart(browser: Browser, start: AppFactory) -> None:
    first = await browser.choose(ISSUER, create="account", display_name="Noor")
    await browser.choose(ISSUER, create="account", display_name="Noor")
    tokens = (await browser.exchange(answer_of(first)["code"], ISSUER)).json()
    before = (await browser.ask(f"/{ISSUER}/userinfo", tokens["access_token"])).json()

    async with AsyncClient(transport=ASGITransport(app=start()), base_url=BASE_URL) as again:
        after = (await Browser(again).ask(f"/{ISSUER}/userinfo", tokens["access_token"])).json()
        page = await Browser(again).authorize(ISSUER)

    assert before == after
    assert len(re.findall(r'value="new-\w+"', page.text)) == 2


@pytest.mark.parametrize("name", ["", "   ", "n" * 81, "a\x00b", "a\u202eb", "\U000e0001"])
async def test_a_name_that_cannot_be_shown_is_refused_on_the_form(browser: Browser, data: Path, name: str) -> None:
    page = await browser.authorize(ISSUER)

    refused = await browser.press(page, ISSUER, create="account", display_name=name)
    repaired = await browser.press(page, ISSUER, create="account", display_name="Noor")

    assert refused.status_code == 400
    assert 'aria-invalid="true"' in refused.text
    assert answer_of(repaired)["code"]
    assert [row["name"] for row in json.loads((data / "accounts.json").read_text())] == ["Noor"]


async def test_nobody_creates_an_account_at_another_issuer(browser: Browser, data: Path) -> None:
    page = await browser.authorize("microsoft-learn")

    refused = await browser.press(page, "microsoft-learn", create="account", display_name="Noor")

    assert "Create an account" not in page.text
    assert refused.status_code == 400
    assert not (data / "accounts.json").exists()
