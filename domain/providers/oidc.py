"""OpenID Connect client for work identity issuers and learning providers."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc6749.errors import OAuth2Error

from domain.providers.http import JsonClient, WrongAnswer, retry_after
from domain.providers.tokens import KeyCache, storable_text, unverified_claims, verified_claims
from domain.rules.sign_in import Identity, ProviderUnavailable, SignInNotAccepted, check_answering_issuer
from domain.settings import Settings

# Not for longer: an issuer may change its endpoints.
METADATA_SECONDS = 600
OFFLINE_ACCESS = "offline_access"
MAX_TOKEN = 8192
# Authlib reads an answer before we can check it, and fails in these ways at values of unexpected types.
UNREADABLE = (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)
REQUIRED_METADATA = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")


@dataclass(frozen=True, kw_only=True)
class Client:
    """Our client at an issuer, and the issuer's name for people."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    title: str
    scope: str = "openid profile email"


@dataclass(frozen=True, kw_only=True)
class RenewedGrant:
    """The access token for which a refresh token was exchanged, and its replacement if the issuer sent one."""

    access_token: str
    refresh_token: str | None


@dataclass(frozen=True, kw_only=True)
class Grant(RenewedGrant):
    """The identity and tokens for which a code was exchanged."""

    identity: Identity


class GrantRefused(Exception):
    """The issuer accepts a refresh token no more: the person has to sign in again."""


class Issuers:
    """Talks to issuers, and caches their metadata and keys for ten minutes."""

    def __init__(self, *, settings: Settings, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._json = JsonClient(allow_http=settings.sandbox, transport=transport)
        self._transport = transport
        self._metadata: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._keys = KeyCache(self._json)

    async def close(self) -> None:
        await self._json.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def authorization_url(
        self, client: Client, *, state: str, nonce: str, verifier: str, login_hint: str | None = None
    ) -> str:
        """Return the address at which a browser signs in, with PKCE (S256).

        Raises:
            ProviderUnavailable: the issuer does not answer.
        """
        metadata = await self._discover(client.issuer, client.title)
        async with self._oauth(client) as oauth:
            hint = {"login_hint": login_hint} if login_hint else {}
            if OFFLINE_ACCESS in client.scope.split():
                # Without a prompt for consent an issuer may leave the refresh token out (OpenID Connect, 11).
                hint["prompt"] = "consent"
            url, _ = oauth.create_authorization_url(
                metadata["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier, **hint
            )
        return str(url)

    async def exchange(
        self, client: Client, *, code: str, named_issuer: str | None, verifier: str, nonce: str, now: datetime
    ) -> Grant:
        """Exchange a code, which works once, for an identity and an access token.

        Raises:
            SignInNotAccepted: the code may be another issuer's, the issuer refuses it, or its token is not valid.
            ProviderUnavailable: the issuer does not answer or is at fault.
        """
        metadata = await self._discover(client.issuer, client.title)
        check_answering_issuer(
            named_issuer,
            expected=client.issuer,
            is_named_always=metadata.get("authorization_response_iss_parameter_supported") is True,
        )
        # Read before the code is used: without the keys it would be lost.
        keys = await self._key_set(metadata, client.title)
        async with self._token_request(client, refused=SignInNotAccepted) as oauth:
            token = await oauth.fetch_token(
                metadata["token_endpoint"], code=code, code_verifier=verifier, grant_type="authorization_code"
            )
        identity_token, access_token = token.get("id_token"), token.get("access_token")
        if not isinstance(identity_token, str) or not isinstance(access_token, str):
            raise SignInNotAccepted
        claims = await verified_claims(
            identity_token, keys=keys, issuer=client.issuer, audience=client.client_id, now=now, nonce=nonce
        )
        return Grant(
            identity=_identity(client.issuer, claims), access_token=access_token, refresh_token=_refresh_token(token)
        )

    async def renew(self, client: Client, refresh_token: str) -> RenewedGrant:
        """Exchange a refresh token, which must not be used again if the issuer replaces it.

        Raises:
            GrantRefused: the issuer does not accept it any more.
            ProviderUnavailable: the issuer does not answer or is at fault.
        """
        metadata = await self._discover(client.issuer, client.title)
        async with self._token_request(client, refused=GrantRefused) as oauth:
            token = await oauth.refresh_token(metadata["token_endpoint"], refresh_token=refresh_token)
        if not isinstance(token.get("access_token"), str):
            raise ProviderUnavailable(client.title)
        return RenewedGrant(access_token=token["access_token"], refresh_token=_refresh_token(token))

    async def userinfo(self, client: Client, access_token: str) -> Mapping[str, Any]:
        """Return the issuer's claims about the person who signed in.

        Raises:
            SignInNotAccepted: the access token is refused.
            ProviderUnavailable: the issuer does not answer, or the answer cannot be read.
        """
        metadata = await self._discover(client.issuer, client.title)
        return await self.get(metadata["userinfo_endpoint"], title=client.title, access_token=access_token)

    async def get(self, url: str, *, title: str, access_token: str | None = None) -> Mapping[str, Any]:
        """Return the JSON object at an address.

        Raises:
            SignInNotAccepted: the access token is refused.
            ProviderUnavailable: there is no answer, or it cannot be read.
        """
        try:
            return await self._json.get(url, access_token=access_token)
        except WrongAnswer as error:
            if error.status in {401, 403}:
                raise SignInNotAccepted from None
            raise ProviderUnavailable(title, error.retry_after) from None

    async def verify_access_token(self, token: str, *, issuer: str, audience: str, now: datetime) -> Identity:
        """Return the identity of a bearer token of a trusted issuer.

        Raises:
            SignInNotAccepted: the token is not valid.
            ProviderUnavailable: the issuer's keys cannot be read.
        """
        metadata = await self._discover(issuer, issuer)
        keys = await self._key_set(metadata, issuer)
        return _identity(
            issuer, await verified_claims(token, keys=keys, issuer=issuer, audience=audience, now=now, nonce=None)
        )

    def _oauth(self, client: Client) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            client_id=client.client_id,
            client_secret=client.client_secret,
            redirect_uri=client.redirect_uri,
            scope=client.scope,
            code_challenge_method="S256",
            transport=self._transport,
            timeout=JsonClient.TIMEOUT_SECONDS,
        )

    @asynccontextmanager
    async def _token_request(self, client: Client, *, refused: type[Exception]) -> AsyncIterator[AsyncOAuth2Client]:
        """Yield a client for one request to the token endpoint, whose failures become refusals."""
        wait: timedelta | None = None

        def note_wait(answer: httpx2.Response) -> httpx2.Response:
            nonlocal wait
            wait = retry_after(answer.headers)
            return answer

        try:
            async with asyncio.timeout(JsonClient.TIMEOUT_SECONDS), self._oauth(client) as oauth:
                # Authlib raises without the answer, whose headers say how long to wait.
                oauth.register_compliance_hook("refresh_token_response", note_wait)
                yield oauth
        except (OAuthError, OAuth2Error) as error:
            if getattr(error, "error", "") == "invalid_grant":
                raise refused from None
            raise ProviderUnavailable(client.title, wait) from None
        except (httpx2.HTTPError, TimeoutError, *UNREADABLE):
            raise ProviderUnavailable(client.title, wait) from None

    async def _key_set(self, metadata: Mapping[str, Any], title: str) -> "KeyCache.Keys":
        try:
            return await self._keys.of(metadata["jwks_uri"])
        except WrongAnswer:
            raise ProviderUnavailable(title) from None

    async def _discover(self, issuer: str, title: str) -> Mapping[str, Any]:
        now = self._json.monotonic()
        cached = self._metadata.get(issuer)
        if cached is not None and now < cached[0]:
            return cached[1]
        try:
            metadata = await self._json.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        except WrongAnswer:
            raise ProviderUnavailable(title) from None
        # A document of another issuer, or with addresses that we may not call, is not to be trusted.
        endpoints = [metadata.get(name) for name in REQUIRED_METADATA]
        if metadata.get("issuer") != issuer or not all(
            isinstance(url, str) and self._json.allows(url) for url in endpoints
        ):
            raise ProviderUnavailable(title)
        self._metadata[issuer] = (now + METADATA_SECONDS, metadata)
        return metadata


def unverified_issuer(token: str) -> str | None:
    return storable_text(unverified_claims(token).get("iss"))


def _refresh_token(token: Mapping[str, Any]) -> str | None:
    value = token.get("refresh_token")
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TOKEN else None


def _identity(issuer: str, claims: Mapping[str, Any]) -> Identity:
    name = storable_text(claims.get("name"))
    try:
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    except (OverflowError, ValueError, OSError):
        # An instant beyond the calendar never comes.
        expires_at = None
    return Identity(
        issuer=issuer,
        subject=claims["sub"],
        email=storable_text(claims.get("email")),
        email_verified=claims.get("email_verified") is True,
        name=name[:200] if name is not None and name.strip() else None,
        expires_at=expires_at,
    )
