"""Security headers of pages."""

import asyncio
import re
from dataclasses import replace

import httpx2
import pytest
from httpx2 import AsyncClient
from starlette.applications import Starlette
from typing_extensions import override

from api.graphql.ids import Kind, global_id
from domain.models import BrowserSession
from domain.providers import oidc
from domain.providers.oidc import Issuers
from domain.rules.enums import MemberRole
from domain.settings import Settings
from tests.factories import make_association, make_attempt, make_credit, make_member, make_organization
from tests.web.conftest import OWN_FORM, SignIn
from web.security import sign_in_targets
from web.static_files import static_path

POSTED = ["/sign-in", "/sign-out", "/theme", "/associate", "/associate/some-ticket", "/remove"]


async def pages(browser: AsyncClient, sign_in: SignIn) -> dict[str, str]:
    """Return the HTML of a page of every kind."""
    member = await make_member(await make_organization(), role=MemberRole.ACCOUNT_ADMIN)
    await make_credit(await make_association(member))
    attempt = await make_attempt(member)
    public = ["/sign-in", "/nothing", "/callbacks/microsoft-learn?state=x", "/associate/unknown"]
    found = {path: await browser.get(path) for path in public}
    await sign_in(member)
    profile = await browser.get("/profile")
    removal = re.search(r"/associations/[\w-]+", profile.text)
    assert removal
    for path in [removal[0], f"/attempts/{global_id(Kind.ATTEMPT, attempt.id)}", "/organization"]:
        found[path] = await browser.get(path)
    found["/profile"] = profile
    for path, response in found.items():
        assert response.headers["content-type"] == "text/html; charset=utf-8", path
        assert response.headers["x-content-type-options"] == "nosniff", path
        assert response.headers["cache-control"] == "no-store", path
        assert response.headers["referrer-policy"] in {"same-origin", "no-referrer"}, path
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "unsafe" not in policy, path
    return {path: response.text for path, response in found.items()}


async def test_no_page_holds_a_script_or_a_style_of_its_own(browser: AsyncClient, sign_in: SignIn) -> None:
    found = await pages(browser, sign_in)

    for path, html in found.items():
        assert not re.search(r"<script(?![^>]* src=)", html), path
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html), path
        assert '<html lang="en"' in html, path
        assert len(re.findall("<h1", html)) == 1, path


async def test_every_file_that_a_page_loads_is_there(browser: AsyncClient, sign_in: SignIn) -> None:
    found = await pages(browser, sign_in)

    loaded = {path for html in found.values() for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', html)}

    assert len(loaded) == 3
    for path in loaded:
        response = await browser.get(path)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]


async def test_a_file_of_another_release_is_answered_but_not_kept(browser: AsyncClient) -> None:
    response = await browser.get(re.sub(r"/static/\w+/", "/static/0123456789ab/", static_path("certlink.css")))

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"


async def test_no_file_outside_the_folder_is_answered(browser: AsyncClient) -> None:
    response = await browser.get("/static/x/..%2frendering.py")

    assert response.status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://localhost:8000"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ],
)
async def test_forms_of_other_sites_are_refused(headers: dict[str, str], browser: AsyncClient) -> None:
    for path in POSTED:
        response = await browser.post(path, data={"provider": "MICROSOFT_LEARN", "theme": "dark"}, headers=headers)

        assert response.status_code == 403, path
        assert "set-cookie" not in response.headers, path


async def test_a_form_of_another_site_does_not_sign_out(browser: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(await make_member(await make_organization()))

    await browser.post("/sign-out", headers={"sec-fetch-site": "cross-site"})

    assert await BrowserSession.filter(ended_at=None).count() == 1


async def test_an_old_browser_proves_itself_by_its_origin(browser: AsyncClient) -> None:
    for path in POSTED:
        response = await browser.post(path, data={"a": "b"}, headers={"origin": "http://localhost:8000"})

        assert "another site" not in response.text, path


async def test_a_garbled_form_is_refused(browser: AsyncClient) -> None:
    headers = OWN_FORM | {"content-type": "application/x-www-form-urlencoded"}
    oversized = [b"a=1&" * 100, b"email=" + b"x" * 5_000, b"x" * 100_000]
    for body in [b"\xff\xfe", b"email=%ff%fe", b"email=%00", b"email=%0a", *oversized]:
        response = await browser.post("/sign-in", content=body, headers=headers)

        assert response.status_code == 400, body[:20]


async def test_what_is_no_form_is_refused(browser: AsyncClient) -> None:
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""]:
        response = await browser.post("/sign-in", content=b"{}", headers=OWN_FORM | {"content-type": kind})

        assert response.status_code == 400, kind


async def test_a_form_may_lead_to_the_providers_and_to_front_ends_only(browser: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(await make_member(await make_organization()))

    response = await browser.get("/profile")

    targets = "form-action 'self' http://localhost:8000 http://localhost:8001 https://front.example;"
    assert targets in response.headers["content-security-policy"]


ELSEWHERE = "https://login.learn.example/authorize"


class Answers(httpx2.AsyncBaseTransport):
    """Issuers whose metadata name another address to sign in at, at once or after a while."""

    def __init__(self, authorization_endpoint: str, *, seconds: float = 0) -> None:
        self.asked = 0
        self._endpoint = authorization_endpoint
        self._seconds = seconds

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer with the metadata of the issuer that is asked."""
        self.asked += 1
        await asyncio.sleep(self._seconds)
        issuer = str(request.url).removesuffix("/.well-known/openid-configuration")
        ends = {"token_endpoint": f"{issuer}/token", "jwks_uri": f"{issuer}/jwks"}
        return httpx2.Response(200, json={"issuer": issuer, "authorization_endpoint": self._endpoint, **ends})


async def form_action(app: Starlette, browser: AsyncClient, settings: Settings, answers: Answers) -> str:
    """Return where the profile's forms may lead when the learning providers answer like this."""
    async with Issuers(settings=settings, transport=answers) as issuers:
        app.state.runtime = replace(app.state.runtime, issuers=issuers)
        policies = {(await browser.get("/profile")).headers["content-security-policy"] for _ in range(2)}
    (policy,) = policies
    found = re.search(r"form-action ([^;]*);", policy)
    assert found
    assert len(policy.split(";")) == 8
    return found[1]


async def test_a_form_may_lead_to_where_the_providers_metadata_say(
    app: Starlette, browser: AsyncClient, settings: Settings, sign_in: SignIn
) -> None:
    await sign_in(await make_member(await make_organization()))

    targets = await form_action(app, browser, settings, Answers(ELSEWHERE))

    assert targets == "'self' http://localhost:8000 https://login.learn.example https://front.example"


@pytest.mark.parametrize("endpoint", ["https://[2001:db8::1]/a", "https://a@b.example/a"])
async def test_no_metadata_write_another_rule_into_the_policy(
    endpoint: str, app: Starlette, browser: AsyncClient, settings: Settings, sign_in: SignIn
) -> None:
    await sign_in(await make_member(await make_organization()))

    targets = await form_action(app, browser, settings, Answers(endpoint))

    assert targets == "'self' http://localhost:8000 https: https://front.example"


async def test_a_page_waits_once_and_not_long_for_a_provider_that_is_slow_and_then_names_its_issuer(
    app: Starlette, browser: AsyncClient, settings: Settings, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(await make_member(await make_organization()))
    monkeypatch.setattr(oidc, "PAGE_SECONDS", 0.05)
    slow = Answers(ELSEWHERE, seconds=60)

    targets = await form_action(app, browser, settings, slow)

    assert targets == "'self' http://localhost:8000 http://localhost:8001 https://front.example"
    # One request for each provider, although two pages were shown.
    assert slow.asked == 2


async def test_the_sign_in_may_lead_to_any_issuer_over_plain_http_only_in_sandbox_mode(
    browser: AsyncClient, settings: Settings
) -> None:
    response = await browser.get("/sign-in")

    assert "form-action 'self' http://localhost:8000 https: http:;" in response.headers["content-security-policy"]
    assert "http:" not in sign_in_targets(settings.model_copy(update={"sandbox": False}))
