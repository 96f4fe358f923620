"""Render the sandbox's pages."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

_HERE = Path(__file__).parent
_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, *, status: int = 200, redirect_uri: str | None = None, **values: Any) -> Response:
    """Render a page; its forms may lead to the sandbox and on to the redirect URI."""
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {_form_targets(redirect_uri)}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(_TEMPLATES.get_template(template).render(**values), status, headers)


def refusal_page(description: str, *, status: int = 400) -> Response:
    """Render the page that says why a request is refused."""
    return page("refusal.html", status=status, description=description)


async def show_style(request: Request) -> Response:
    """Answer the style sheet."""
    return FileResponse(_HERE / "static" / "sandbox.css", media_type="text/css", headers=_STATIC_HEADERS)


async def show_icon(request: Request) -> Response:
    """Answer the icon."""
    return FileResponse(_HERE / "static" / "sandbox.svg", media_type="image/svg+xml", headers=_STATIC_HEADERS)


_STATIC_HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


def _form_targets(redirect_uri: str | None) -> str:
    if redirect_uri is None:
        return "'self'"
    parts = urlsplit(redirect_uri)
    # Browsers check form-action at every redirect after the form, and the client may send people on to a front-end on
    # another port. A policy cannot name an IPv6 address, so there only the scheme is named.
    if (parts.hostname or "").count(":"):
        return f"'self' {parts.scheme}:"
    return f"'self' http://localhost:* http://127.0.0.1:* {parts.scheme}://{parts.netloc}"
