"""The routes of the pages."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from domain.errors import InvalidInput
from web.forms import read_form
from web.pages.association import associate, remove, show_association
from web.pages.attempt import show_attempt
from web.pages.authorize import confirm_ticket, open_ticket
from web.pages.callback import take_callback
from web.pages.organization import show_organization
from web.pages.profile import show_profile
from web.pages.sign_in import (
    SignInHint,
    finish_sign_in,
    show_sign_in,
    sign_out,
    submit_sign_in,
    take_logout_notice,
)
from web.rendering import THEME, THEMES, redirect
from web.static_files import show_static_file
from web.urls import HOME, local_path

# A refusal of any of them becomes a page of its own (web/refusals.py).
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(*, sign_in_hints: Sequence[SignInHint] = ()) -> list[BaseRoute]:
    """Return the pages' routes; the hints name, in the sandbox, as whom one can sign in."""
    return [
        _shown("/", go_home),
        _shown("/sign-in", partial(show_sign_in, hints=sign_in_hints)),
        _posted("/sign-in", partial(submit_sign_in, hints=sign_in_hints)),
        _visited_once("/sign-in/callback/{key}", finish_sign_in),
        _posted("/sign-in/logout/{key}", take_logout_notice),
        _posted("/sign-out", sign_out),
        _posted("/theme", choose_theme),
        _shown("/profile", show_profile),
        _shown("/organization", show_organization),
        _shown("/associate", go_home),
        _posted("/associate", associate),
        _visited_once("/associate/{ticket}", open_ticket),
        _posted("/associate/{ticket}", confirm_ticket),
        _visited_once("/callbacks/{provider}", take_callback),
        _shown("/attempts/{id}", show_attempt),
        _shown("/associations/{id}", show_association),
        _posted("/remove", remove),
        _shown("/static/{digest}/{name}", show_static_file),
    ]


def _shown(path: str, endpoint: Endpoint) -> Route:
    return Route(path, endpoint, methods=["GET"])


def _posted(path: str, endpoint: Endpoint) -> Route:
    return Route(path, endpoint, methods=["POST"])


def _visited_once(path: str, endpoint: Endpoint) -> Route:
    route = Route(path, endpoint, methods=["GET"])
    # Mail programs and chats look ahead with HEAD, which would use up an address that works once.
    assert route.methods is not None
    route.methods.discard("HEAD")
    return route


async def go_home(request: Request) -> Response:
    return redirect(HOME)


YEAR_SECONDS = 365 * 24 * 3600


async def choose_theme(request: Request) -> Response:
    form = await read_form(request)
    if form.get("theme") not in THEMES:
        raise InvalidInput("There is no such theme.")
    # In a cookie: the page needs no script for it, and does not flash in the other theme first.
    response = redirect(local_path(form.get("return_to")))
    response.set_cookie(THEME, form["theme"], max_age=YEAR_SECONDS, httponly=True, samesite="lax")
    return response
