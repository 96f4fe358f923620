"""Cookies of browsers, and their protection."""

from datetime import datetime
from typing import Final, Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from domain.settings import Settings

CookieName = Literal["certlink_session", "certlink_browser"]

SESSION: Final = "certlink_session"
BROWSER: Final = "certlink_browser"


def cookie_name(name: CookieName, settings: Settings) -> str:
    # Over https the prefix binds the cookie to our host alone.
    return f"__Host-{name}" if _is_secure(settings) else name


def read_cookie(connection: HTTPConnection, name: CookieName, settings: Settings) -> str | None:
    return connection.cookies.get(cookie_name(name, settings)) or None


def set_cookie(
    response: Response, name: CookieName, value: str, *, settings: Settings, expires_at: datetime, now: datetime
) -> None:
    """Set a cookie that scripts cannot read and that other sites' forms do not carry, until an instant."""
    response.set_cookie(
        cookie_name(name, settings),
        value,
        max_age=max(0, int((expires_at - now).total_seconds())),
        path="/",
        secure=_is_secure(settings),
        httponly=True,
        samesite="lax",
    )


def clear_cookie(response: Response, name: CookieName, *, settings: Settings) -> None:
    response.delete_cookie(
        cookie_name(name, settings), path="/", secure=_is_secure(settings), httponly=True, samesite="lax"
    )


def _is_secure(settings: Settings) -> bool:
    return settings.public_url.startswith("https://")
