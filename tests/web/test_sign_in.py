"""Sign-in and sign-out on the pages."""

import re

import asyncpg
import pytest
from httpx2 import AsyncClient, Response

from domain.models import BrowserSession
from domain.operations.invitations import invite_member
from domain.operations.organizations import IssuerSettings, create_organization, remove_issuer
from domain.providers.client_authentication import ClientSecret
from domain.rules.enums import MemberRole
from domain.secrets import hash_token
from domain.settings import Settings
from sandbox.issuers import CONTOSO
from sandbox.state import API_AUDIENCE, CLIENT_ID, CLIENT_SECRET
from tests.clock import START, FrozenClock
from tests.factories import make_member, make_organization
from tests.sandbox.browser import BASE_URL
from tests.web.conftest import OWN_FORM, SignIn

AMARA = "amara.osei@contoso.example"


@pytest.fixture(autouse=True)
async def contoso(app: object, settings: Settings) -> None:
    """Contoso, whose issuer the sandbox plays, has invited Amara."""
    await create_organization(
        name="Contoso",
        domain="contoso.example",
        issuer=IssuerSettings(
            issuer=CONTOSO.url(BASE_URL),
            client_id=CLIENT_ID,
            credential=ClientSecret(secret=CLIENT_SECRET),
            api_audiences=(API_AUDIENCE,),
        ),
        now=START,
        settings=settings,
    )
    await invite_member(
        organization_domain="contoso.example", work_email=AMARA, role=MemberRole.MEMBER, now=START, settings=settings
    )


async def start(browser: AsyncClient, *, email: str = AMARA, return_to: str = "/profile") -> Response:
    """Send the sign-in form."""
    return await browser.post("/sign-in", data={"email": email, "return_to": return_to}, headers=OWN_FORM)


async def answer(browser: AsyncClient, started: Response, **choice: str) -> str:
    """Choose at the issuer and return the address that it sends the browser to."""
    page = await browser.get(started.headers["location"])
    transaction = re.search(r'name="transaction" value="([^"]+)"', page.text)
    assert transaction
    form = {"transaction": transaction[1], **choice}
    chosen = await browser.post(page.url.join("sign-in"), data=form)
    return str(chosen.headers["location"])


async def sign_in_as_amara(browser: AsyncClient, *, return_to: str = "/profile") -> Response:
    """Go the whole way."""
    return await browser.get(await answer(browser, await start(browser, return_to=return_to), persona="amara"))


async def test_the_page_asks_for_the_work_email_and_names_the_sandboxs_people(browser: AsyncClient) -> None:
    page = await browser.get("/sign-in", params={"return_to": "/organization"})

    assert page.status_code == 200
    assert '<label for="email">Work email</label>' in page.text
    assert f'name="email" value="{AMARA}"' in page.text
    assert 'name="return_to" value="/organization"' in page.text


async def test_another_name_of_this_machine_leads_to_the_one_that_keeps_the_cookies(browser: AsyncClient) -> None:
    answered = await browser.get("http://127.0.0.1:8000/sign-in?return_to=%2Forganization")

    assert answered.headers["location"] == "http://localhost:8000/sign-in?return_to=%2Forganization"


async def test_a_name_that_somebody_else_made_up_leads_nowhere(browser: AsyncClient) -> None:
    answered = await browser.get("/sign-in", headers={"host": "evil.example"})

    assert answered.status_code == 200
    assert "evil" not in answered.text


async def test_whoever_signs_in_gets_a_session_in_a_guarded_cookie(browser: AsyncClient) -> None:
    finished = await sign_in_as_amara(browser)

    assert finished.status_code == 303
    assert finished.headers["location"] == "/profile"
    cookie = next(each for each in finished.headers.get_list("set-cookie") if "certlink_session" in each)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    profile = await browser.get("/profile")
    assert "Amara Osei" in profile.text


async def test_a_session_that_was_there_before_is_ended_and_its_value_not_used_again(browser: AsyncClient) -> None:
    await sign_in_as_amara(browser)
    before = browser.cookies["certlink_session"]

    await sign_in_as_amara(browser)

    assert browser.cookies["certlink_session"] != before
    assert (await BrowserSession.get(token_hash=hash_token(before))).ended_at is not None


async def test_a_planted_session_value_is_not_taken_over(browser: AsyncClient) -> None:
    browser.cookies.set("certlink_session", "planted")

    finished = await sign_in_as_amara(browser)

    cookie = next(each for each in finished.headers.get_list("set-cookie") if "certlink_session" in each)
    assert "planted" not in cookie


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "/\\evil.example", "https://evil.example", "https://front.example"]
)
async def test_no_sign_in_leads_to_another_site(elsewhere: str, browser: AsyncClient) -> None:
    finished = await sign_in_as_amara(browser, return_to=elsewhere)

    assert finished.headers["location"] == "/profile"


async def test_an_address_of_no_organization_is_told_so_and_kept_in_the_form(browser: AsyncClient) -> None:
    page = await start(browser, email="amara&co@nowhere.example")

    assert page.status_code == 403
    assert "not invited" in page.text
    assert "An admin invites" in page.text
    assert 'value="amara&amp;co@nowhere.example"' in page.text


async def test_what_is_no_address_is_told_so_and_kept_in_the_form(browser: AsyncClient) -> None:
    page = await start(browser, email='"><i>@nowhere.example')

    assert page.status_code == 400
    assert "This is no e-mail address" in page.text
    assert "not invited" not in page.text
    assert "&#34;&gt;&lt;i&gt;@nowhere.example" in page.text
    assert "<i>" not in page.text


async def test_an_organization_without_an_issuer_is_not_said_to_have_invited_nobody(browser: AsyncClient) -> None:
    await remove_issuer(organization_domain="contoso.example", issuer=CONTOSO.url(BASE_URL), now=START)

    page = await start(browser)

    assert page.status_code == 403
    assert "Your organization has no such sign-in here" in page.text
    assert "not invited" not in page.text


async def test_who_is_not_invited_is_told_so_and_gets_no_session(browser: AsyncClient) -> None:
    refused = await browser.get(await answer(browser, await start(browser), persona="priya"))

    assert refused.status_code == 403
    assert "You are not invited yet" in refused.text
    assert await BrowserSession.all().count() == 0


async def test_an_answer_of_the_issuer_works_once_and_is_not_repeated_on_the_page(browser: AsyncClient) -> None:
    address = await answer(browser, await start(browser), persona="amara")
    await browser.get(address)

    again = await browser.get(address)

    assert again.status_code == 400
    assert again.headers["referrer-policy"] == "no-referrer"
    for name, secret in again.url.params.items():
        assert name == "iss" or secret not in again.text


@pytest.mark.parametrize("twice", ["iss", "code", "state"])
async def test_an_answer_that_names_a_parameter_twice_is_refused_and_not_used_up(
    twice: str, browser: AsyncClient
) -> None:
    address = await answer(browser, await start(browser), persona="amara")
    mixed = address.replace("?", f"?{twice}=https%3A%2F%2Fevil.example&", 1)
    named = mixed if f"&{twice}=" in mixed else f"{mixed}&{twice}=https%3A%2F%2Fevil.example"

    refused = await browser.get(named)
    accepted = await browser.get(address)

    assert (refused.status_code, accepted.status_code) == (400, 303)


async def test_another_browsers_answer_is_refused(browser: AsyncClient) -> None:
    address = await answer(browser, await start(browser), persona="amara")
    browser.cookies.clear()

    refused = await browser.get(address)

    assert refused.status_code == 400
    assert await BrowserSession.all().count() == 0


async def test_an_answer_that_comes_too_late_is_gone(
    browser: AsyncClient, clock: FrozenClock, settings: Settings
) -> None:
    address = await answer(browser, await start(browser), persona="amara")
    clock.advance(settings.policy.attempt_lifetime)

    refused = await browser.get(address)

    assert refused.status_code == 410


async def test_whoever_cancels_at_the_issuer_is_told_that_nothing_happened(browser: AsyncClient) -> None:
    address = await answer(browser, await start(browser), cancel="cancel")

    refused = await browser.get(address)

    assert refused.status_code == 403
    assert "You canceled the sign-in" in refused.text


async def test_looking_ahead_does_not_use_up_an_answer(browser: AsyncClient) -> None:
    address = await answer(browser, await start(browser), persona="amara")

    ahead = await browser.head(address)

    assert ahead.status_code == 405
    assert (await browser.get(address)).status_code == 303


async def test_signing_out_ends_the_session(browser: AsyncClient) -> None:
    await sign_in_as_amara(browser)

    left = await browser.post("/sign-out", headers=OWN_FORM)

    assert left.status_code == 303
    assert await BrowserSession.filter(ended_at=None).count() == 0
    assert "certlink_session" not in browser.cookies


async def test_the_cookie_is_gone_although_the_session_could_not_be_ended(
    browser: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(self: object, *arguments: object, **named: object) -> None:
        raise asyncpg.ConnectionDoesNotExistError

    await sign_in_as_amara(browser)
    with monkeypatch.context() as away:
        away.setattr(asyncpg.Connection, "fetch", lost)
        away.setattr(asyncpg.Connection, "fetchrow", lost)

        left = await browser.post("/sign-out", headers=OWN_FORM)

    assert left.status_code == 503
    assert "certlink_session" not in browser.cookies


async def test_who_is_signed_in_is_not_asked_again(browser: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(await make_member(await make_organization("Fabrikam")))

    answered = await browser.get("/sign-in", params={"return_to": "/organization"})

    assert answered.headers["location"] == "/organization"


@pytest.mark.parametrize("path", ["/profile?after=x", "/organization", "/attempts/abc", "/associations/abc"])
async def test_a_members_page_asks_to_sign_in_and_comes_back(path: str, browser: AsyncClient) -> None:
    answered = await browser.get(path)

    assert answered.status_code == 303
    assert answered.url.join(answered.headers["location"]).params["return_to"] == path
