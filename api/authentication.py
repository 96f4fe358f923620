"""Whose request is this: a browser's session, an issuer's bearer token, or nobody's?"""

from datetime import datetime

from starlette.requests import HTTPConnection

from api.callers import Caller
from api.cookies import SESSION, read_cookie
from api.runtime import Runtime
from domain.operations.activate_member import activate_member
from domain.providers.oidc import unverified_issuer
from domain.queries.callers import session, trusted_issuer, viewer_of_member, viewer_of_session, viewer_of_subject
from domain.rules.sign_in import SignInNotAccepted
from domain.rules.visibility import MemberViewer

MAX_TOKEN_LENGTH = 16_384


class NotAuthenticated(Exception):
    """An Authorization header was sent and stands for nobody here."""


async def caller_of_request(connection: HTTPConnection, runtime: Runtime, *, now: datetime) -> Caller:
    """Return who calls; an Authorization header goes before a session's cookie.

    Raises:
        NotAuthenticated: the header proves nothing.
        ProviderUnavailable: the token's issuer does not answer.
        TryAgain: the database is away.
    """
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        return await caller_of_authorization(authorization, runtime, now=now)
    return await caller_of_cookie(connection, runtime, now=now)


async def caller_of_cookie(connection: HTTPConnection, runtime: Runtime, *, now: datetime) -> Caller:
    """Return the member whose browser holds the session's cookie, or nobody."""
    token = read_cookie(connection, SESSION, runtime.settings)
    found = await session(token, now=now) if token else None
    if token is None or found is None:
        return nobody(connection)
    return Caller(
        viewer=found.viewer,
        is_trusted_to_explore=False,
        expires_at=found.expires_at,
        look_again=lambda at: viewer_of_session(token, now=at),
    )


def nobody(connection: HTTPConnection) -> Caller:
    """Return somebody who proved nothing, known by their network address alone."""
    address = connection.client.host if connection.client else ""
    return Caller(viewer=None, is_trusted_to_explore=False, address=address)


async def caller_of_authorization(authorization: str, runtime: Runtime, *, now: datetime) -> Caller:
    """Return the member whom a header ``Bearer ...`` stands for; an invited one is active from now on (R2).

    Raises:
        NotAuthenticated: the token proves nothing, or stands for nobody here.
        ProviderUnavailable: the token's issuer does not answer.
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_LENGTH:
        raise NotAuthenticated
    return await _caller_of_token(token, runtime, now=now)


async def _caller_of_token(token: str, runtime: Runtime, *, now: datetime) -> Caller:
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
    viewer = viewer or await activate_member(identity=identity, now=now)
    if viewer is None:
        raise NotAuthenticated
    member_id = viewer.member_id

    async def look_again(at: datetime) -> MemberViewer | None:
        expired = identity.expires_at is not None and identity.expires_at <= at
        return None if expired else await viewer_of_member(member_id)

    return Caller(viewer=viewer, is_trusted_to_explore=True, expires_at=identity.expires_at, look_again=look_again)
