"""The caller of a page, from its session cookie."""

from starlette.requests import Request

from api.auth.cookies import SESSION, read_cookie
from api.runtime import runtime_of
from domain.queries.callers import viewer_of_session
from domain.rules.visibility import MemberViewer


class SignInNeeded(Exception):
    """The page is for members, and nobody is signed in."""


async def optional_viewer(request: Request) -> MemberViewer | None:
    """Return the member who is signed in with this browser, if any."""
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
