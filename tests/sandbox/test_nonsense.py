"""Every nonsense gets a clear 4xx, whoever sends it."""

import pytest
from httpx2 import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.issuers import CONTOSO
from tests.sandbox.browser import CLIENT, Browser

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FORM_PATHS = ["/microsoft-learn/token", "/partner-university/sign-in", f"/{CONTOSO.key}/authorize"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/{CONTOSO.key}nowhere/.well-known/openid-configuration", 404),
        ("GET", f"/{CONTOSO.key}/transcript", 404),
        ("GET", f"/{CONTOSO.key}/jwks/", 404),
        ("GET", "/microsoft-learn/token", 405),
        ("PUT", "/clock", 405),
        ("GET", "/personas/amara/token", 405),
        ("POST", "/personas/%00/token", 404),
        ("POST", "/personas/%ff/token", 404),
        ("GET", "/microsoft-learn/userinfo", 401),
        ("GET", "/microsoft-learn/transcript", 401),
    ],
)
async def test_a_wrong_path_or_method_is_named(client: AsyncClient, method: str, path: str, status: int) -> None:
    response = await client.request(method, path)

    assert response.status_code == status
    assert response.json()["error_description"]


@pytest.mark.parametrize("path", FORM_PATHS)
@pytest.mark.parametrize(
    "body", [b"", b"a=%ff", b"\xff", b"a=1&a=2", b"&".join(b"a%d=1" % number for number in range(60)), b"{}"]
)
async def test_a_form_that_cannot_be_read_is_refused(client: AsyncClient, path: str, body: bytes) -> None:
    response = await client.post(path, content=body, headers=FORM, auth=CLIENT)

    assert response.status_code == 400


@pytest.mark.parametrize("path", FORM_PATHS)
@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", "", "ä"])
async def test_a_body_of_another_type_is_refused(client: AsyncClient, path: str, content_type: str) -> None:
    headers = {"Content-Type": content_type.encode("utf-8")}

    response = await client.post(path, content=b"a=1", headers=headers)  # type: ignore[arg-type]

    assert response.status_code == 400


@pytest.mark.parametrize("path", FORM_PATHS)
async def test_a_large_body_is_refused(client: AsyncClient, path: str) -> None:
    response = await client.post(path, content=b"a=" + b"1" * 70_000, headers=FORM)

    assert response.status_code == 413


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from(["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "prompt"]),
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(["certlink", "code", "openid", "http://localhost/callbacks/x", "http://[::1]:1/sign-in/x"]),
        ),
    )
)
async def test_no_authorization_request_breaks_the_page(browser: Browser, query: dict[str, str]) -> None:
    response = await browser.client.get("/microsoft-learn/authorize", params=query)

    assert response.status_code in (303, 400)


async def test_the_sandbox_is_healthy_and_shows_who_lives_in_it(client: AsyncClient) -> None:
    health = await client.get("/healthz")
    home = await client.get("/")
    icon = await client.get("/sandbox.svg")

    assert health.json() == {"status": "ok"}
    assert "Partner University" in home.text
    assert icon.headers["content-type"].startswith("image/svg+xml")
