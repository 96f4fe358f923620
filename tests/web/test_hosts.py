"""Hostile Host headers on every route."""

import pytest
from httpx2 import AsyncClient
from starlette.applications import Starlette
from starlette.routing import Route

from domain.rules.enums import MemberRole
from tests.factories import make_member, make_organization
from tests.web.conftest import OWN_FORM, SignIn
from web.static_files import static_path

FOREIGN = "evil.example"
CLAIMS = {
    "host": FOREIGN,
    "x-forwarded-host": FOREIGN,
    "x-forwarded-server": FOREIGN,
    "x-host": FOREIGN,
    "forwarded": f"host={FOREIGN};proto=https",
    "x-forwarded-proto": "https",
    "x-original-url": f"https://{FOREIGN}/",
}
SECRETS = "?code=secret-code&state=secret-state"
STATIC = static_path("certlink.css").split("/")


def path_of(route: Route) -> str:
    """Return an address of a route, with values that lead as far as they can."""
    values = {
        "provider": "microsoft-learn",
        "ticket": "some-ticket",
        "id": "some-id",
        "key": "some-key",
        "path": "Users",
    }
    return route.path.replace(":path}", "}").format(**values, digest=STATIC[2], name=STATIC[3])


@pytest.mark.parametrize("is_signed_in", [False, True], ids=["nobody", "a member"])
async def test_no_answer_names_a_host_that_the_request_claims(
    is_signed_in: bool, app: Starlette, browser: AsyncClient, sign_in: SignIn
) -> None:
    if is_signed_in:
        await sign_in(await make_member(await make_organization(), role=MemberRole.ACCOUNT_ADMIN))
    paths = [path_of(route) for route in app.routes if isinstance(route, Route)]
    assert {"/graphql", "/readyz", "/exports/skills-report.csv", "/callbacks/microsoft-learn"} <= set(paths)

    for path in [*paths, "/nothing"]:
        for slashes in ("", "/", "//"):
            for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS"):
                address = path + slashes + SECRETS
                answered = await browser.request(method, address, headers=CLAIMS | OWN_FORM)

                told = f"{answered.headers}{answered.text}"
                assert FOREIGN not in told, (method, address)
                assert answered.status_code < 500, (method, address)
                assert not slashes or path == "/" or answered.status_code in {404, 405}, (method, address)


async def test_a_callback_with_a_slash_too_many_is_not_there_and_keeps_its_code(browser: AsyncClient) -> None:
    answered = await browser.get(f"/callbacks/microsoft-learn/{SECRETS}", headers={"host": FOREIGN})

    assert answered.status_code == 404
    assert "location" not in answered.headers
    assert "secret-code" not in answered.text
