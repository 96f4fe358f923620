"""Which theme does this browser want?"""

from starlette.requests import Request
from starlette.responses import Response

from domain.errors import InvalidInput
from web.addresses import local_path
from web.forms import read_form
from web.rendering import THEME, THEMES, redirect

YEAR_SECONDS = 365 * 24 * 3600


async def choose_theme(request: Request) -> Response:
    """Keep the choice in a cookie, so that it needs no script and pages never flash.

    Raises:
        InvalidInput: there is no such theme.
    """
    form = await read_form(request)
    if form.get("theme") not in THEMES:
        raise InvalidInput("There is no such theme.")
    response = redirect(local_path(form.get("return_to")))
    response.set_cookie(THEME, form["theme"], max_age=YEAR_SECONDS, httponly=True, samesite="lax")
    return response
