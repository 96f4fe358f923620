"""Whose request is this: a browser's session, an issuer's bearer token, or nobody's?"""

from datetime import datetime

from starlette.requests import HTTPConnection

from api.cookies import SESSION, read_cookie
from api.runtime import Runtime
from domain.operations.activate_member import activate_member
from domain.providers.oidc import unverified_issuer
from domain.queries.callers import trusted_issuer, viewer_of_session, viewer_of_subject
from domain.rules.sign_in import SignInNotAccepted
from domain.rules.visibility import Viewer

MAX_TOKEN_LENGTH = 16_384


class NotAuthenticated(Exception):
    """An Authorization header was sent and does not stand for an active member."""


async def viewer_of_request(connection: HTTPConnection, runtime: Runtime, *, now: datetime) -> Viewer | None:
    """Return the active member who asks, or nobody; an Authorization header goes before a session's cookie.

    Raises:
        NotAuthenticated: the header proves nothing.
        ProviderUnavailable: the token's issuer does not answer.
        TryAgain: the database is away.
    """
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        return await viewer_of_authorization(authorization, runtime, now=now)
    return await viewer_of_cookie(connection, runtime, now=now)


async def viewer_of_cookie(connection: HTTPConnection, runtime: Runtime, *, now: datetime) -> Viewer | None:
    """Return the member whose browser holds the session's cookie, or nobody."""
    token = read_cookie(connection, SESSION, runtime.settings)
    return await viewer_of_session(token, now=now) if token else None


async def viewer_of_authorization(authorization: str, runtime: Runtime, *, now: datetime) -> Viewer:
    """Return the member whom a header ``Bearer ...`` stands for; an invited one is active from now on (R2).

    Raises:
        NotAuthenticated: the token proves nothing, or stands for nobody here.
        ProviderUnavailable: the token's issuer does not answer.
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_LENGTH:
        raise NotAuthenticated
    claimed = unverified_issuer(token)
    trusted = await trusted_issuer(claimed) if claimed else None
    if trusted is None:
        raise NotAuthenticated
    try:
        identity = await runtime.issuers.verify_access_token(
            token, issuer=trusted.issuer, audience=trusted.api_audience, now=now
        )
    except SignInNotAccepted:
        raise NotAuthenticated from None
    viewer = await viewer_of_subject(trusted.issuer, identity.subject)
    if viewer is None:
        viewer = await activate_member(identity=identity, now=now)
    if viewer is None:
        raise NotAuthenticated
    return viewer
