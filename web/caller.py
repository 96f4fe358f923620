"""The caller of a page, and the way to sign in."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from api.auth.cookies import BROWSER, SESSION, read_cookie, set_cookie
from api.runtime import runtime_of
from domain.queries.callers import viewer_of_session
from domain.rules.visibility import MemberViewer
from domain.settings import Settings
from web.rendering import redirect


class SignInNeeded(Exception):
    """The page is for members, and nobody is signed in."""


async def optional_viewer(request: Request) -> MemberViewer | None:
    runtime = runtime_of(request)
    token = read_cookie(request, SESSION, runtime.settings)
    return await viewer_of_session(token, now=runtime.clock()) if token else None


async def signed_in_viewer(request: Request) -> MemberViewer:
    """Return the member who is signed in with this browser.

    Raises:
        SignInNeeded: nobody is.
    """
    viewer = await optional_viewer(request)
    if viewer is None:
        raise SignInNeeded
    return viewer


def redirect_to_issuer(location: str, browser_token: str, *, settings: Settings, now: datetime) -> Response:
    """Send a browser on to sign in, with the token that its return must prove."""
    response = redirect(location)
    expires_at = now + settings.policy.attempt_lifetime
    set_cookie(response, BROWSER, browser_token, settings=settings, expires_at=expires_at, now=now)
    return response
