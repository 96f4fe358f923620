"""Who looks at a page?"""

from starlette.requests import Request

from api.authentication import viewer_of_cookie
from api.runtime import runtime_of
from domain.rules.visibility import Viewer


class SignInNeeded(Exception):
    """The page is for members, and nobody is signed in."""


async def optional_viewer(request: Request) -> Viewer | None:
    """Return the member who is signed in with this browser, if any."""
    runtime = runtime_of(request)
    return await viewer_of_cookie(request, runtime, now=runtime.clock())


async def signed_in_viewer(request: Request) -> Viewer:
    """Return the member who is signed in with this browser.

    Raises:
        SignInNeeded: nobody is.
    """
    viewer = await optional_viewer(request)
    if viewer is None:
        raise SignInNeeded
    return viewer
