"""Where does somebody go who names no page?"""

from starlette.requests import Request
from starlette.responses import Response

from web.addresses import HOME
from web.rendering import redirect


async def go_home(request: Request) -> Response:
    """Send the browser to the profile, which asks to sign in where nobody is."""
    return redirect(HOME)
