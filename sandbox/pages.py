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
    targets = "'self'"
    if redirect_uri is not None:
        parts = urlsplit(redirect_uri)
        # Browsers check form-action at every redirect after the form, and the client may send people on to a front-end
        # on another port. A policy cannot name an IPv6 address, so there only the scheme is named.
        is_ipv6 = ":" in (parts.hostname or "")
        origins = f"http://localhost:* http://127.0.0.1:* {parts.scheme}://{parts.netloc}"
        targets = f"'self' {parts.scheme}:" if is_ipv6 else f"'self' {origins}"
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {targets}"
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


async def show_static_file(request: Request) -> Response:
    # Each file has a route of its own: no other path reaches this.
    file = _HERE / "static" / request.url.path.removeprefix("/")
    return FileResponse(file, headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})
