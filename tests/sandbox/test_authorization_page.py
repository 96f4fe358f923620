"""The sandbox's authorization page."""

import re
from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from sandbox.authorization import is_registered
from tests.clock import FrozenClock
from tests.sandbox.browser import BASE_URL, CHALLENGE, REDIRECT_URI, Browser, answer_of, transaction_of


async def test_the_page_offers_the_personas_of_its_issuer_only(browser: Browser) -> None:
    page = await browser.authorize("work/fabrikam")

    offered = re.findall(r'name="persona" value="([^"]+)"', page.text)

    assert offered == ["felix", "amara-fabrikam", "mei-fabrikam"]
    assert "Sandbox." in page.text


@pytest.mark.parametrize("hint", ["priya-learn", "PRIYA.raman@mail.example", "Priya Raman"])
async def test_the_hinted_persona_comes_first(browser: Browser, hint: str) -> None:
    page = await browser.authorize(login_hint=hint)

    offered = re.findall(r'name="persona" value="([^"]+)"', page.text)

    assert offered[:2] == ["priya-learn", "amara-learn"]
    assert page.text.count("Suggested") == 1


async def test_the_page_is_under_a_strict_policy(browser: Browser, client: AsyncClient) -> None:
    page = await browser.authorize()

    policy = page.headers["content-security-policy"]
    style = await client.get("/sandbox.css")

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http://localhost:8000" in policy
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert style.headers["content-type"].startswith("text/css")
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


async def test_choosing_a_persona_sends_code_state_and_issuer(browser: Browser) -> None:
    answer = answer_of(await browser.choose(persona="amara-learn"))

    assert set(answer) == {"code", "state", "iss"}
    assert answer["state"] == "state-1"
    assert answer["iss"] == f"{BASE_URL}/microsoft-learn"


async def test_canceling_sends_access_denied(browser: Browser) -> None:
    answer = answer_of(await browser.choose(cancel="cancel"))

    assert answer["error"] == "access_denied"
    assert answer["state"] == "state-1"
    assert answer["iss"] == f"{BASE_URL}/microsoft-learn"
    assert "code" not in answer


async def test_the_answer_keeps_the_query_of_the_redirect_uri(browser: Browser) -> None:
    page = await browser.authorize(redirect_uri=f"{REDIRECT_URI}?a=1", state="a b&c=ä")

    response = await browser.press(page, "microsoft-learn", persona="amara-learn")

    assert answer_of(response)["a"] == "1"
    assert answer_of(response)["state"] == "a b&c=ä"


async def test_a_request_may_be_posted(client: AsyncClient) -> None:
    form = {"response_type": "code", "client_id": "certlink", "redirect_uri": REDIRECT_URI, "scope": "openid email"}
    challenge = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}

    page = await client.post("/microsoft-learn/authorize", data=form | challenge)

    assert transaction_of(page)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "v" * 64, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "email"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "urn:x"}, "request_uri_not_supported"),
        ({"nonce": "n" * 3000}, "invalid_request"),
    ],
)
async def test_a_request_that_lacks_something_is_sent_back(
    browser: Browser, changes: dict[str, str | None], error: str
) -> None:
    answer = answer_of(await browser.authorize(**changes))

    assert answer["error"] == error
    assert answer["state"] == "state-1"
    assert answer["iss"] == f"{BASE_URL}/microsoft-learn"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "somebody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/callbacks/microsoft-learn"},
        {"redirect_uri": "http://localhost:8000/elsewhere"},
        {"client_id": "somebody", "redirect_uri": "javascript:alert(1)"},
    ],
)
async def test_an_unknown_client_or_redirect_uri_gets_a_page_and_no_redirect(
    browser: Browser, changes: dict[str, str | None]
) -> None:
    response = await browser.authorize(**changes)

    assert response.status_code == 400
    assert "location" not in response.headers
    assert "This sign-in cannot go on" in response.text


async def test_a_parameter_given_twice_gets_a_page(client: AsyncClient) -> None:
    response = await client.get("/microsoft-learn/authorize?client_id=certlink&client_id=certlink")

    assert response.status_code == 400
    assert "more than once" in response.text


@pytest.mark.parametrize(
    ("redirect_uri", "registered"),
    [
        ("http://localhost:8000/callbacks/microsoft-learn", True),
        ("http://127.0.0.1/sign-in/contoso", True),
        ("http://[::1]:8000/sign-in/contoso", True),
        ("https://localhost/callbacks/x?y=z", True),
        ("http://localhost:8000/callbacks", False),
        ("http://localhost:8000/callbacks/../x", False),
        ("http://localhost:8000/callbacks/%2e%2e/x", False),
        ("http://localhost:8000/callbacks/x#y", False),
        ("http://localhost:99999/callbacks/x", False),
        ("http://localhost:x/callbacks/x", False),
        ("http://localhost@evil.example/callbacks/x", False),
        ("http://evil.example\\@localhost/callbacks/x", False),
        ("http://localhost.evil.example/callbacks/x", False),
        ("http://[::1/callbacks/x", False),
        ("ftp://localhost/callbacks/x", False),
        ("//localhost/callbacks/x", False),
        ("http:///callbacks/x", False),
        ("http://localhost/callbacks/ä", False),
        ("http://localhost/callbacks/\r\nx", False),
        ("", False),
    ],
)
def test_only_callbacks_on_a_loopback_host_are_registered(redirect_uri: str, registered: bool) -> None:
    assert is_registered(redirect_uri) is registered


async def test_a_page_can_be_answered_only_once(browser: Browser) -> None:
    page = await browser.authorize()
    await browser.press(page, "microsoft-learn", persona="amara-learn")

    again = await browser.press(page, "microsoft-learn", persona="amara-learn")

    assert again.status_code == 400
    assert "already answered" in again.text


async def test_a_page_waits_for_ten_minutes(browser: Browser, real_clock: FrozenClock) -> None:
    page = await browser.authorize()
    real_clock.advance(timedelta(minutes=10))

    late = await browser.press(page, "microsoft-learn", persona="amara-learn")

    assert late.status_code == 400


async def test_a_page_cannot_be_answered_at_another_issuer(browser: Browser) -> None:
    page = await browser.authorize("microsoft-learn")

    elsewhere = await browser.press(page, "work/contoso", persona="nadia")

    assert elsewhere.status_code == 400


@pytest.mark.parametrize("choice", [{}, {"persona": "nobody"}, {"persona": "nadia"}, {"create": "account"}])
async def test_a_choice_that_was_not_offered_leaves_the_page_waiting(browser: Browser, choice: dict[str, str]) -> None:
    page = await browser.authorize()

    refused = await browser.press(page, "microsoft-learn", **choice)
    repaired = await browser.press(page, "microsoft-learn", persona="amara-learn")

    assert refused.status_code == 400
    assert answer_of(repaired)["code"]


async def test_what_a_person_sends_is_escaped(browser: Browser) -> None:
    page = await browser.choose("partner-university", create="account", display_name="<script>" * 20)

    assert page.status_code == 400
    assert "<script>" not in page.text
