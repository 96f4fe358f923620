"""Render templates."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from web.date_filters import FILTERS
from web.security import page_headers, redirect_headers
from web.static_files import static_path
from web.urls import address_of, local_path, path_of

THEME = "certlink_theme"
THEMES = ("light", "dark")

# Addresses whose path or parameters hold something secret, or that are only posted to.
_SECRET = ("/callbacks/", "/associate", "/sign-in/")


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    form_targets: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    viewer: Mapping[str, Any] | None = None,
    **values: Any,
) -> Response:
    """Render a page; ``viewer`` is the API's, and names the person in the header."""
    theme = request.cookies.get(THEME)
    # Where the layout's forms come back to.
    here = local_path(None if request.method != "GET" or is_secret(request) else address_of(request))
    html = _TEMPLATES.get_template(template).render(
        viewer=viewer,
        theme=theme if theme in THEMES else None,
        here=here,
        path=path_of(request),
        **values,
    )
    return HTMLResponse(html, status, {**page_headers(form_targets=form_targets), **(headers or {})})


def redirect(location: str) -> Response:
    # 303 makes the browser go on with a GET, whatever it sent; 302 and 307 leave room for a second POST.
    return RedirectResponse(location, 303, redirect_headers())


def is_secret(request: Request) -> bool:
    """Tell whether a request's own address may hold something that must go no further."""
    return path_of(request).startswith(_SECRET)


def initials(name: str) -> str:
    words = [word for word in name.replace(".", " ").replace("@", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper()


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(FILTERS, initials=initials)
_TEMPLATES.globals.update(static=static_path)
