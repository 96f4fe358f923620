"""Authenticate callers by session, API key or bearer token."""

from collections.abc import Sequence
from datetime import datetime

from starlette.requests import HTTPConnection

from api.auth.callers import Caller
from api.auth.cookies import SESSION, read_cookie
from api.errors import ErrorCode, RequestError
from api.runtime import Runtime
from domain.operations.api_clients import touch_api_key
from domain.operations.members import activate_member
from domain.providers.oidc import unverified_issuer
from domain.queries.callers import api_key, api_key_by_id, session, viewer_of_identity, viewer_of_session
from domain.queries.issuers import TrustedIssuer, issuers_of_token
from domain.rules.api_clients import claims_to_be_api_key
from domain.rules.identity import Identity, identify
from domain.rules.sign_in import AccountReplaced, BoundElsewhere, NotAMember, ProviderUnavailable, SignInNotAccepted
from domain.rules.visibility import ApiClientViewer, MemberViewer

MAX_TOKEN_LENGTH = 16_384


class NotAuthenticated(Exception):
    """An Authorization header is no valid proof of a caller."""


def not_authenticated(sentence: str) -> RequestError:
    """Return the error of a request without a valid caller; the sentence says what is missing."""
    return RequestError(ErrorCode.NOT_AUTHENTICATED, sentence, headers={"WWW-Authenticate": 'Bearer realm="certlink"'})


async def caller_of_request(connection: HTTPConnection, runtime: Runtime, *, now: datetime) -> Caller:
    """Return the caller; an Authorization header goes before a session's cookie.

    Raises:
        NotAuthenticated, ProviderUnavailable: as of ``caller_of_authorization``.
        TryAgain: the database is away.
    """
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        return await caller_of_authorization(authorization, runtime, now=now)
    return await caller_of_cookie(connection, runtime, now=now)


async def caller_of_cookie(connection: HTTPConnection, runtime: Runtime, *, now: datetime) -> Caller:
    """Return the member whose browser holds the session's cookie, or nobody."""
    token = read_cookie(connection, SESSION, runtime.settings)
    current = await session(token, now=now) if token else None
    if token is None or current is None:
        return nobody(connection)
    return Caller(
        viewer=current.viewer,
        is_trusted_to_explore=False,
        expires_at=current.expires_at,
        revalidate=lambda at: viewer_of_session(token, now=at),
    )


def nobody(connection: HTTPConnection) -> Caller:
    """Return an anonymous caller, known by the network address alone."""
    address = connection.client.host if connection.client else ""
    return Caller(viewer=None, is_trusted_to_explore=False, address=address)


async def caller_of_authorization(authorization: str, runtime: Runtime, *, now: datetime) -> Caller:
    """Return the caller of a header ``Bearer ...``; an invited member is active from now on (R2).

    Raises:
        NotAuthenticated: the key or token is not valid, or of nobody known here.
        ProviderUnavailable: the token's issuer does not answer.
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_LENGTH:
        raise NotAuthenticated
    if claims_to_be_api_key(token):
        return await _caller_of_key(token, now=now)
    return await _caller_of_token(token, runtime, now=now)


async def _caller_of_key(text: str, *, now: datetime) -> Caller:
    key = await api_key(text, now=now)
    if key is None:
        raise NotAuthenticated
    await touch_api_key(key, now=now)
    key_id = key.id

    async def revalidate(at: datetime) -> ApiClientViewer | None:
        current = await api_key_by_id(key_id, now=at)
        if current is None:
            return None
        # A connection that stays open uses its key: an admin who wonders whether to end the key must see it.
        await touch_api_key(current, now=at)
        return current.viewer

    return Caller(viewer=key.viewer, is_trusted_to_explore=True, expires_at=key.expires_at, revalidate=revalidate)


async def _caller_of_token(token: str, runtime: Runtime, *, now: datetime) -> Caller:
    claimed = unverified_issuer(token)
    # One tenant may serve several organizations: the audience and then the subject or the address say which it is.
    rows = await issuers_of_token(claimed) if claimed else []
    if not rows:
        raise NotAuthenticated
    try:
        candidates = await _verified(token, rows, claimed or "", runtime, now=now)
        trusted, identity, viewer = await _member_of(candidates, now=now)
    except (SignInNotAccepted, NotAMember, AccountReplaced, BoundElsewhere):
        raise NotAuthenticated from None

    async def revalidate(at: datetime) -> MemberViewer | None:
        # Looked up by the issuer too, since the organization may no longer trust it.
        expired = identity.expires_at is not None and identity.expires_at <= at
        return None if expired else await viewer_of_identity(trusted.id, identity.subject)

    return Caller(viewer=viewer, is_trusted_to_explore=True, expires_at=identity.expires_at, revalidate=revalidate)


async def _verified(
    token: str, rows: Sequence[TrustedIssuer], claimed: str, runtime: Runtime, *, now: datetime
) -> list[tuple[TrustedIssuer, Identity]]:
    """Return who the token speaks of for each organization that trusts its issuer.

    Raises:
        SignInNotAccepted: it is valid for none of them.
        ProviderUnavailable: the keys of all that remain cannot be read.
    """
    found: list[tuple[TrustedIssuer, Identity]] = []
    unavailable: ProviderUnavailable | None = None
    # By the keys that the organization itself trusts: another one may name other metadata for the same issuer, whose
    # keys must open nothing but its own organization.
    for url in dict.fromkeys((row.issuer, row.discovery_url) for row in rows):
        same = [row for row in rows if (row.issuer, row.discovery_url) == url]
        try:
            claims = await runtime.issuers.verify_access_token(
                token,
                same[0].client(runtime.settings),
                issuers=[claimed],
                audiences=[audience for row in same for audience in row.api_audiences],
                now=now,
            )
            found += [(row, identify(claims, row.trust)) for row in same if row.accepts(claims)]
        except SignInNotAccepted:
            continue
        except ProviderUnavailable as refusal:
            unavailable = refusal
    if not found:
        raise unavailable or SignInNotAccepted
    return found


async def _member_of(
    candidates: Sequence[tuple[TrustedIssuer, Identity]], *, now: datetime
) -> tuple[TrustedIssuer, Identity, MemberViewer]:
    for trusted, identity in candidates:
        viewer = await viewer_of_identity(trusted.id, identity.subject)
        if viewer is not None:
            return trusted, identity, viewer
    for trusted, identity in candidates:
        if identity.address is not None:
            return (
                trusted,
                identity,
                await activate_member(identity=identity, identity_issuer_id=trusted.id, now=now),
            )
    raise NotAuthenticated
