"""Protect against cross-site request forgery (CSRF)."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from api.auth.cookies import SESSION, read_cookie
from api.errors import ErrorCode, RequestError
from domain.settings import Settings

OWN_SITES = {"same-origin", "none"}


def check_origin_of_cookie(connection: HTTPConnection, settings: Settings) -> None:
    """Refuse a request of another site that has only a session's cookie as its proof.

    Raises:
        RequestError: it may come from another site.
    """
    # A browser adds the session's cookie to requests that other sites cause, so a cookie alone proves no intent.
    has_only_cookie = (
        "authorization" not in connection.headers and read_cookie(connection, SESSION, settings) is not None
    )
    if has_only_cookie and not is_same_origin(connection, settings):
        raise RequestError(
            ErrorCode.CROSS_SITE_REQUEST, "A session's cookie counts only for requests of our own pages."
        )


def is_same_origin(connection: HTTPConnection, settings: Settings) -> bool:
    """Tell whether our own pages, or the person, caused a request, as the browser says."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site in OWN_SITES
    return has_own_origin(connection, settings)


def has_own_origin(connection: HTTPConnection, settings: Settings) -> bool:
    """Tell whether a request names our own address as its origin, as every websocket of a browser does."""
    return connection.headers.get("origin") == own_origin(settings)


def own_origin(settings: Settings) -> str:
    parts = urlsplit(settings.public_url)
    return f"{parts.scheme}://{parts.netloc}"
