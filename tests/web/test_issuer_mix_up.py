"""The issuer mix-up attack (RFC 9700, 4.4).

The honest issuer is the sandbox's Contoso, made to send no ``iss``. Mallory's sends people on to it, in the way that an
identity issuer with an external sign-in does, and keeps each code that reaches its token endpoint.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from typing_extensions import override

from domain.models import BrowserSession, WorkIdentity
from domain.operations.invitations import invite_member
from domain.operations.organizations import IssuerSettings, create_organization
from domain.providers.client_authentication import ClientSecret
from domain.providers.oidc import Issuers
from domain.rules.enums import MemberRole
from domain.settings import Settings
from sandbox.issuers import CONTOSO
from sandbox.state import API_AUDIENCE, CLIENT_ID, CLIENT_SECRET
from tests.clock import START
from tests.sandbox.browser import BASE_URL
from tests.web.conftest import OWN_FORM

NADIA, MALLORY = "nadia.novak@contoso.example", "mallory@mallory.example"
EVIL = "https://login.mallory.example"


class Evil(httpx2.AsyncBaseTransport):
    """The line to Mallory's issuer, and to an honest one that says nothing of ``iss``."""

    def __init__(self, honest: httpx2.AsyncBaseTransport) -> None:
        self._honest = honest
        self._key = ECKey.generate_key("P-256", {"kid": "evil"})
        self.codes: list[str] = []

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer for Mallory's issuer, or pass a request on."""
        path = request.url.path
        if request.url.host != urlsplit(EVIL).hostname:
            answer = await self._honest.handle_async_request(request)
            if path.endswith("/openid-configuration"):
                document = json.loads(await answer.aread())
                del document["authorization_response_iss_parameter_supported"]
                return httpx2.Response(200, json=document)
            return answer
        if path.endswith("/openid-configuration"):
            ends = {
                name: f"{EVIL}/{name}" for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")
            }
            return httpx2.Response(200, json={"issuer": EVIL, "jwks_uri": f"{EVIL}/jwks", **ends})
        if path == "/token_endpoint":
            self.codes.append(parse_qs((await request.aread()).decode())["code"][0])
            return httpx2.Response(400, json={"error": "invalid_grant"})
        # Before a code is spent, certlink wants to see keys.
        return httpx2.Response(200, json={"keys": [self._key.as_dict(private=False)]})


@pytest.fixture
async def evil(app: Starlette, settings: Settings) -> AsyncIterator[Evil]:
    """Contoso, whose admin Nadia is invited, and Mallory's organization."""
    for name, issuer in (("Contoso", CONTOSO.url(BASE_URL)), ("Mallory", EVIL)):
        await create_organization(
            name=name,
            domain=f"{name.lower()}.example",
            issuer=IssuerSettings(
                issuer=issuer,
                client_id=CLIENT_ID,
                credential=ClientSecret(secret=CLIENT_SECRET),
                api_audiences=(API_AUDIENCE,),
            ),
            now=START,
            settings=settings,
        )
    await invite_member(
        organization_domain="contoso.example",
        work_email=NADIA,
        role=MemberRole.ACCOUNT_ADMIN,
        now=START,
        settings=settings,
    )
    evil = Evil(ASGITransport(app=app.state.sandbox))
    async with Issuers(settings=settings, transport=evil) as issuers:
        app.state.runtime = replace(app.state.runtime, issuers=issuers)
        yield evil


@asynccontextmanager
async def new_browser(app: Starlette, settings: Settings) -> AsyncIterator[AsyncClient]:
    """Somebody's browser."""
    mounts = {BASE_URL: ASGITransport(app=app.state.sandbox)}
    transport = ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, mounts=mounts, base_url=settings.public_url) as client:
        yield client


async def start(browser: AsyncClient, email: str) -> dict[str, str]:
    """Begin a sign-in and return the authorization request that the browser is sent on with."""
    started = await browser.post("/sign-in", data={"email": email}, headers=OWN_FORM)
    return dict(parse_qsl(urlsplit(started.headers["location"]).query))


async def sign_in_at_contoso(browser: AsyncClient, settings: Settings, request: dict[str, str]) -> dict[str, str]:
    """Let Nadia sign in at the honest issuer; return what it sends back, and where to, without ``iss``."""
    page = await browser.get(f"{CONTOSO.url(BASE_URL)}/authorize?{urlencode(request)}")
    transaction = re.search(r'name="transaction" value="([^"]+)"', page.text)
    assert transaction, page.text
    chosen = await browser.post(page.url.join("sign-in"), data={"transaction": transaction[1], "persona": "nadia"})
    parts = urlsplit(chosen.headers["location"])
    answer = dict(parse_qsl(parts.query)) | {"to": parts.path}
    del answer["iss"]
    return answer


async def bring(browser: AsyncClient, answer: dict[str, str]) -> Response:
    """Visit the address that an issuer sends a browser to."""
    return await browser.get(answer["to"], params={"state": answer["state"], "code": answer["code"]})


async def test_an_honest_issuer_that_sends_no_iss_lets_its_people_in(
    app: Starlette, settings: Settings, evil: Evil
) -> None:
    async with new_browser(app, settings) as nadia:
        entered = await bring(nadia, await sign_in_at_contoso(nadia, settings, await start(nadia, NADIA)))

    assert entered.status_code == 303
    assert await BrowserSession.all().count() == 1


@pytest.mark.parametrize("whose_redirect_uri", ["Contoso's", "Mallory's"])
async def test_who_owns_an_issuer_does_not_become_another_organizations_admin(
    app: Starlette, settings: Settings, evil: Evil, whose_redirect_uri: str
) -> None:
    async with new_browser(app, settings) as mallory, new_browser(app, settings) as nadia:
        own = await start(mallory, NADIA)
        # Nadia is lured into a sign-in at Mallory's issuer, which sends her on to her own with Mallory's request: its
        # nonce and its challenge, but with the state of her own browser.
        lured = await start(nadia, MALLORY)
        forwarded = own | {"state": lured["state"]}
        if whose_redirect_uri == "Mallory's":
            forwarded["redirect_uri"] = lured["redirect_uri"]
        answer = await sign_in_at_contoso(nadia, settings, forwarded)
        await bring(nadia, answer)
        # What reached Mallory is put into the session that waits for it.
        home = urlsplit(own["redirect_uri"]).path
        stolen = evil.codes[0] if evil.codes else "nothing"
        taken = await bring(mallory, {"to": home, "state": own["state"], "code": stolen})

        profile = await mallory.get("/profile")

    assert taken.status_code == 400
    assert profile.status_code == 303
    assert await BrowserSession.all().count() == 0
    assert await WorkIdentity.filter(member__work_email=NADIA).count() == 0
    if whose_redirect_uri == "Contoso's":
        # Where an issuer accepts registered redirect URIs alone, this is the only way: the code goes nowhere.
        assert evil.codes == []
    else:
        assert evil.codes == [answer["code"]]


async def test_a_code_that_came_elsewhere_is_not_exchanged_even_in_the_right_session(
    app: Starlette, settings: Settings, evil: Evil
) -> None:
    async with new_browser(app, settings) as nadia, new_browser(app, settings) as other:
        elsewhere = urlsplit((await start(other, MALLORY))["redirect_uri"]).path
        answer = await sign_in_at_contoso(nadia, settings, await start(nadia, NADIA))

        refused = await bring(nadia, answer | {"to": elsewhere})
        again = await bring(nadia, answer)

    assert (refused.status_code, again.status_code) == (400, 400)
    assert "The sign-in could not be confirmed" in refused.text
    assert await BrowserSession.all().count() == 0


async def test_every_organization_has_a_redirect_uri_of_its_own_and_none_has_the_shared_one(
    app: Starlette, settings: Settings, evil: Evil
) -> None:
    async with new_browser(app, settings) as browser:
        ours, theirs = [(await start(browser, email))["redirect_uri"] for email in (NADIA, MALLORY)]
        answer = await sign_in_at_contoso(browser, settings, await start(browser, NADIA))
        shared = await bring(browser, answer | {"to": "/sign-in/callback"})
        unknown = await browser.get("/nothing-here")

    assert ours != theirs
    assert shared.status_code == 404
    assert "There is nothing here" in shared.text
    assert shared.text.count("There is nothing here") == unknown.text.count("There is nothing here")
    assert answer["code"] not in shared.text
