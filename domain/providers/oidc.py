"""OpenID Connect client for work identity issuers and learning providers.

Authlib speaks OAuth 2, joserfc verifies the tokens.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlencode

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc6749.errors import OAuth2Error

from domain.providers.client_authentication import ClientSecret, Credential, authentication
from domain.providers.http import JsonClient, WrongAnswer, json_object, retry_after
from domain.providers.tokens import (
    ALGORITHMS,
    KeyCache,
    TokenKind,
    storable_text,
    unverified_claims,
    verified_claims,
)
from domain.rules.identity import is_false
from domain.rules.sign_in import (
    ClientRefused,
    ProviderUnavailable,
    SignInNotAccepted,
    check_answering_issuer,
    known_error,
)
from domain.settings import Settings

METADATA_SECONDS = 600
# For how long a page of ours waits for an issuer's metadata, and no page then asks for them again.
PAGE_SECONDS = 2.0
SILENT_SECONDS = 60.0
# A notice that comes later than this was kept by somebody.
MAX_NOTICE_AGE = timedelta(minutes=10)
# Issuers and proxies refuse long addresses; without the token an issuer asks the person instead.
MAX_HINT = 3000
OFFLINE_ACCESS = "offline_access"
MAX_TOKEN = 8192
# Authlib reads an answer before we can check it, and fails in these ways at values of unexpected types.
UNREADABLE = (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)
REQUIRED_METADATA = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# Our client is at fault, and not the person: RFC 6749, 5.2.
CLIENT_ERRORS = {"invalid_client", "unauthorized_client"}
REQUEST_ERRORS = {"invalid_request", "invalid_scope", "unsupported_grant_type"}
# The person has to sign in again. Microsoft Entra ID refuses refresh tokens by others than RFC 6749's `invalid_grant`,
# too: those of OpenID Connect, 3.1.2.6.
GRANT_ERRORS = {"invalid_grant", "interaction_required", "login_required", "consent_required"}


@dataclass(frozen=True, kw_only=True)
class Client:
    """Our client at an issuer, with its credentials from the newest on, and the issuer's name for people."""

    issuer: str
    client_id: str
    redirect_uri: str
    title: str
    credentials: tuple[Credential, ...] = ()
    # Where the issuer's metadata are, if not below the issuer itself.
    discovery_url: str | None = None
    scope: str = "openid profile email"
    # Ask for a refresh token where the issuer says that it has some.
    is_offline_wanted: bool = False


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a code was exchanged for: the identity token's verified claims, and the tokens."""

    claims: Mapping[str, Any] = field(repr=False)
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RenewedGrant:
    """The access token for which a refresh token was exchanged, and its replacement if the issuer sent one."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class LogoutNotice:
    """Whose session ended at an issuer: a subject, one session of it, or both."""

    subject: str | None
    session: str | None
    issued_at: datetime


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a trial of an issuer found at one step, in a sentence for the operator."""

    step: str
    is_well: bool
    text: str


class DiscoveryProblem(Exception):
    """An issuer's metadata cannot be read, or are not to be trusted; the sentence says why."""


class GrantRefused(Exception):
    """The issuer accepts a refresh token no more: the person has to sign in again."""


class Issuers:
    """Talks to issuers, and caches their metadata and keys for ten minutes."""

    def __init__(self, *, settings: Settings, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._json = JsonClient(allow_http=settings.sandbox, transport=transport)
        self._transport = transport
        self._metadata: dict[tuple[str, str | None], tuple[float, Mapping[str, Any]]] = {}
        self._silent_until: dict[tuple[str, str | None], float] = {}
        self._keys = KeyCache(self._json)

    async def close(self) -> None:
        """Close every connection."""
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
        metadata = await self.metadata(client)
        scopes = client.scope.split()
        if client.is_offline_wanted and OFFLINE_ACCESS in _listed(metadata, "scopes_supported"):
            scopes.append(OFFLINE_ACCESS)
        hint = {"login_hint": login_hint} if login_hint else {}
        if OFFLINE_ACCESS in client.scope.split():
            # Without a prompt for consent an issuer may leave the refresh token out (OpenID Connect, 11).
            hint["prompt"] = "consent"
        async with self._oauth(client, metadata, None) as oauth:
            url, _ = oauth.create_authorization_url(
                metadata["authorization_endpoint"],
                scope=" ".join(scopes),
                state=state,
                nonce=nonce,
                code_verifier=verifier,
                **hint,
            )
        return str(url)

    async def sign_in_page(self, client: Client) -> str:
        """Return the address of the issuer's sign-in page; the issuer itself where it does not answer soon."""
        metadata = await self._metadata_soon(client)
        return client.issuer if metadata is None else str(metadata["authorization_endpoint"])

    async def exchange(
        self, client: Client, *, code: str, named_issuer: str | None, verifier: str, nonce: str, now: datetime
    ) -> Grant:
        """Exchange a code, which works once, for verified claims and tokens.

        Raises:
            SignInNotAccepted: the code may be another issuer's, the issuer refuses it, or its token is not valid.
            ClientRefused: the issuer refuses our client.
            ProviderUnavailable: the issuer does not answer or is at fault.
        """
        metadata = await self.metadata(client)
        check_answering_issuer(
            named_issuer,
            expected=client.issuer,
            is_named_always=metadata.get("authorization_response_iss_parameter_supported") is True,
        )
        # Read before the code is used: without the keys it would be lost.
        keys = await self._key_set(metadata, client.title)
        token = await self._token(
            client,
            metadata,
            lambda oauth, url: oauth.fetch_token(
                url, code=code, code_verifier=verifier, grant_type="authorization_code"
            ),
            SignInNotAccepted,
        )
        identity_token, access_token = token.get("id_token"), token.get("access_token")
        if not isinstance(identity_token, str) or not isinstance(access_token, str):
            raise SignInNotAccepted("token")
        claims = await verified_claims(
            identity_token,
            TokenKind.IDENTITY,
            keys=keys,
            issuers=[client.issuer],
            audiences=[client.client_id],
            algorithms=_algorithms(metadata),
            now=now,
            nonce=nonce,
        )
        return Grant(
            claims=claims, id_token=identity_token, access_token=access_token, refresh_token=_refresh_token(token)
        )

    async def renew(self, client: Client, refresh_token: str) -> RenewedGrant:
        """Exchange a refresh token, which must not be used again if the issuer replaces it.

        Raises:
            GrantRefused: the issuer does not accept it any more.
            ClientRefused: the issuer refuses our client.
            ProviderUnavailable: the issuer does not answer or is at fault.
        """
        token = await self._token(
            client,
            await self.metadata(client),
            lambda oauth, url: oauth.refresh_token(url, refresh_token=refresh_token),
            GrantRefused,
        )
        if not isinstance(token.get("access_token"), str):
            raise ProviderUnavailable(client.title)
        return RenewedGrant(access_token=token["access_token"], refresh_token=_refresh_token(token))

    async def with_userinfo(self, client: Client, grant: Grant, *, now: datetime) -> Mapping[str, Any]:
        """Return a grant's claims, completed by those that the issuer tells at userinfo only (OpenID Connect, 5.4).

        Raises:
            SignInNotAccepted: userinfo speaks of another person, or its signature is not valid.
            ProviderUnavailable: userinfo does not answer, or the answer cannot be read.
        """
        metadata = await self.metadata(client)
        url = metadata.get("userinfo_endpoint")
        if not isinstance(url, str) or not self._json.allows(url):
            return grant.claims
        try:
            kind, body = await self._json.read(
                url, accept="application/json, application/jwt;q=0.9", access_token=grant.access_token
            )
            told = json_object(body) if kind != "application/jwt" else None
        except WrongAnswer as error:
            if error.status in {401, 403}:
                # The token is not meant for userinfo: what the identity token says is all there is.
                return grant.claims
            raise ProviderUnavailable(client.title, error.retry_after) from None
        if told is None:
            told = await verified_claims(
                body.decode("ascii", "replace"),
                TokenKind.USERINFO,
                keys=await self._key_set(metadata, client.title),
                issuers=[client.issuer],
                audiences=[client.client_id],
                now=now,
            )
        # A token of one person must not be completed by another's claims (OpenID Connect, 5.3.2).
        if told.get("sub") != grant.claims["sub"]:
            raise SignInNotAccepted("userinfo")
        claims = {**told, **grant.claims}
        if not grant.claims.keys() >= {"email", "email_verified"}:
            # Both of one answer: the word about one address says nothing about another. A no of either is a no.
            source = told if storable_text(told.get("email")) and "email_verified" in told else grant.claims
            source = source if source.get("email") else told
            is_refused = any(is_false(answer.get("email_verified")) for answer in (told, grant.claims))
            claims["email"] = source.get("email")
            claims["email_verified"] = False if is_refused else source.get("email_verified")
        return claims

    async def userinfo(self, client: Client, access_token: str) -> Mapping[str, Any]:
        """Return the issuer's claims about the person who signed in.

        Raises:
            SignInNotAccepted: the access token is refused.
            ProviderUnavailable: the issuer does not answer, or the answer cannot be read.
        """
        url = (await self.metadata(client)).get("userinfo_endpoint")
        if not isinstance(url, str):
            raise ProviderUnavailable(client.title)
        return await self.get(url, title=client.title, access_token=access_token)

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

    async def verify_access_token(
        self, token: str, client: Client, *, issuers: Collection[str], audiences: Collection[str], now: datetime
    ) -> Mapping[str, Any]:
        """Return the claims of a bearer token of a trusted issuer, which may sign under several names.

        Raises:
            SignInNotAccepted: the token is not valid.
            ProviderUnavailable: the issuer's keys cannot be read.
        """
        keys = await self._key_set(await self.metadata(client), client.title)
        return await verified_claims(token, TokenKind.ACCESS, keys=keys, issuers=issuers, audiences=audiences, now=now)

    async def verify_logout_token(self, token: str, client: Client, *, now: datetime) -> LogoutNotice:
        """Return whose session ended, by an issuer's notice (OpenID Connect Back-Channel Logout, 2.6).

        Raises:
            SignInNotAccepted: the token is not valid, or names neither a person nor a session.
            ProviderUnavailable: the issuer's keys cannot be read.
        """
        keys = await self._key_set(await self.metadata(client), client.title)
        claims = await verified_claims(
            token, TokenKind.LOGOUT, keys=keys, issuers=[client.issuer], audiences=[client.client_id], now=now
        )
        notice = LogoutNotice(
            subject=storable_text(claims.get("sub")),
            session=storable_text(claims.get("sid")),
            issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        )
        if (notice.subject is None and notice.session is None) or notice.issued_at < now - MAX_NOTICE_AGE:
            raise SignInNotAccepted("logout")
        return notice

    async def sign_out_url(self, client: Client, *, id_token: str, return_to: str) -> str | None:
        """Return where a browser ends the issuer's own session, if the issuer has such a page and answers soon."""
        url = (await self._metadata_soon(client) or {}).get("end_session_endpoint")
        if not isinstance(url, str) or not self._json.allows(url):
            return None
        hint = {"id_token_hint": id_token} if len(id_token) <= MAX_HINT else {}
        query = urlencode({**hint, "client_id": client.client_id, "post_logout_redirect_uri": return_to})
        return f"{url}{'&' if '?' in url else '?'}{query}"

    async def _token(
        self,
        client: Client,
        metadata: Mapping[str, Any],
        request: Callable[[AsyncOAuth2Client, str], Any],
        refused: type[SignInNotAccepted | GrantRefused],
    ) -> Mapping[str, Any]:
        """Call the token endpoint by the newest credential that the issuer accepts."""
        waits: list[timedelta | None] = [None]

        def note_wait(answer: httpx2.Response) -> httpx2.Response:
            waits.append(retry_after(answer.headers))
            return answer

        code = ""
        # The issuer may know only the older of two, while one replaces the other.
        for credential in client.credentials or (None,):
            try:
                async with (
                    asyncio.timeout(JsonClient.TIMEOUT_SECONDS),
                    self._oauth(client, metadata, credential) as oauth,
                ):
                    for hook in ("access_token_response", "refresh_token_response"):
                        oauth.register_compliance_hook(hook, note_wait)
                    token = await request(oauth, metadata["token_endpoint"])
            except (OAuthError, OAuth2Error) as error:
                # By Authlib whatever stands there, be it an object.
                code = storable_text(getattr(error, "error", "")) or ""
                if code in GRANT_ERRORS:
                    raise refused(code) from None
                if code in REQUEST_ERRORS:
                    raise ClientRefused(client.title, code) from None
                if code not in CLIENT_ERRORS:
                    raise ProviderUnavailable(client.title, waits[-1], cause=code and known_error(code)) from None
            except (httpx2.HTTPError, TimeoutError, *UNREADABLE):
                raise ProviderUnavailable(client.title, waits[-1]) from None
            else:
                return token  # type: ignore[no-any-return]
        raise ClientRefused(client.title, code)

    def _oauth(self, client: Client, metadata: Mapping[str, Any], credential: Credential | None) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            client_id=client.client_id,
            client_secret=credential.secret if isinstance(credential, ClientSecret) else None,
            token_endpoint_auth_method=authentication(credential, client.client_id, metadata),
            redirect_uri=client.redirect_uri,
            scope=client.scope,
            code_challenge_method="S256",
            transport=self._transport,
            timeout=JsonClient.TIMEOUT_SECONDS,
        )

    async def _key_set(self, metadata: Mapping[str, Any], title: str) -> "KeyCache.Keys":
        try:
            return await self._keys.of(metadata["jwks_uri"])
        except WrongAnswer:
            raise ProviderUnavailable(title) from None

    async def metadata(self, client: Client) -> Mapping[str, Any]:
        """Return an issuer's metadata, read at most once in ten minutes.

        Raises:
            ProviderUnavailable: they cannot be read, or are not to be trusted.
        """
        now = self._json.monotonic()
        key = (client.issuer, client.discovery_url)
        cached = self._metadata.get(key)
        if cached is not None and now < cached[0]:
            return cached[1]
        try:
            metadata = await self.read_metadata(client)
        except DiscoveryProblem:
            raise ProviderUnavailable(client.title) from None
        self._metadata[key] = (now + METADATA_SECONDS, metadata)
        return metadata

    async def _metadata_soon(self, client: Client) -> Mapping[str, Any] | None:
        """Return an issuer's metadata for a page that must not wait long for them, if the issuer answers."""
        key = (client.issuer, client.discovery_url)
        if key not in self._metadata and self._json.monotonic() < self._silent_until.get(key, 0.0):
            return None
        try:
            async with asyncio.timeout(PAGE_SECONDS):
                return await self.metadata(client)
        except (ProviderUnavailable, TimeoutError):
            self._silent_until[key] = self._json.monotonic() + SILENT_SECONDS
            return None

    async def read_metadata(self, client: Client) -> Mapping[str, Any]:
        """Read an issuer's metadata anew.

        Raises:
            DiscoveryProblem: they cannot be read, or are not to be trusted.
        """
        url = client.discovery_url or f"{client.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            metadata = await self._json.get(url)
        except WrongAnswer as error:
            raise DiscoveryProblem(f"{url} gives no JSON object ({error}).") from None
        # A document of another issuer, or with addresses that we may not call, is not to be trusted.
        named = metadata.get("issuer")
        if named != client.issuer:
            raise DiscoveryProblem(f"{url} is the document of the issuer {named!r}, not of {client.issuer!r}.")
        for name in REQUIRED_METADATA:
            endpoint = metadata.get(name)
            if not isinstance(endpoint, str) or not self._json.allows(endpoint):
                raise DiscoveryProblem(f'{url} has no address over https in "{name}".')
        return metadata

    async def examine(self, client: Client, *, now: datetime) -> list[Finding]:
        """Try whatever a sign-in needs of an issuer; return what holds and what is wrong, step by step."""
        try:
            metadata = await self.read_metadata(client)
        except DiscoveryProblem as problem:
            return [Finding(step="discovery", is_well=False, text=str(problem))]
        findings = [Finding(step="discovery", is_well=True, text="The metadata can be read and are this issuer's.")]
        algorithms = _algorithms(metadata)
        findings.append(
            Finding(
                step="algorithms",
                is_well=bool(algorithms),
                text=f"Its identity tokens are signed by {', '.join(algorithms)}."
                if algorithms
                else f"Its identity tokens are signed by none of {', '.join(ALGORITHMS)}.",
            )
        )
        try:
            keys = (await self._keys.read(metadata["jwks_uri"])).key_set.keys
            findings.append(Finding(step="keys", is_well=True, text=f"{len(keys)} public keys can be read."))
        except WrongAnswer as error:
            findings.append(
                Finding(step="keys", is_well=False, text=f"{metadata['jwks_uri']} gives no public keys ({error}).")
            )
        findings += [
            await self._examined_credential(client, metadata, number) for number in range(len(client.credentials) or 1)
        ]
        scopes = _listed(metadata, "scopes_supported")
        findings.append(
            Finding(
                step="sessions",
                is_well=True,
                text="It gives refresh tokens: sessions are checked there every hour."
                if OFFLINE_ACCESS in scopes
                else "It announces no refresh tokens (offline_access): a session lasts until its end here.",
            )
        )
        sign_out = isinstance(metadata.get("end_session_endpoint"), str)
        text = "Signing out here signs out there, too." if sign_out else "It has no page to sign out."
        return [*findings, Finding(step="sign-out", is_well=True, text=text)]

    async def _examined_credential(self, client: Client, metadata: Mapping[str, Any], number: int) -> Finding:
        names = (
            ["The newest secret or key", "The one before"] if client.credentials else ["Our client without a secret"]
        )
        only = replace(client, credentials=client.credentials[number : number + 1])
        try:
            # With a code that nobody gave, the issuer checks who asks before it refuses the code (RFC 6749, 5.2).
            await self._token(
                only,
                metadata,
                lambda oauth, url: oauth.fetch_token(
                    url, code="certlink-check", code_verifier="c" * 43, grant_type="authorization_code"
                ),
                SignInNotAccepted,
            )
        except SignInNotAccepted:
            return Finding(step="client", is_well=True, text=f"{names[number]} is accepted.")
        except ClientRefused as refusal:
            return Finding(step="client", is_well=False, text=f"{names[number]} is refused ({refusal.cause}).")
        except ProviderUnavailable:
            return Finding(step="client", is_well=False, text="The token endpoint gives no answer that OAuth 2 knows.")
        return Finding(step="client", is_well=False, text="The token endpoint takes a code that nobody gave.")


def unverified_issuer(token: str) -> str | None:
    """Return the issuer that a token names, without verifying it."""
    return storable_text(unverified_claims(token).get("iss"))


def _refresh_token(token: Mapping[str, Any]) -> str | None:
    value = token.get("refresh_token")
    text = storable_text(value)
    return text if text and len(text) <= MAX_TOKEN else None


def _listed(metadata: Mapping[str, Any], name: str) -> list[str]:
    value = metadata.get(name)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _algorithms(metadata: Mapping[str, Any]) -> list[str]:
    # RS256 is what an issuer signs with that lists nothing (OpenID Connect Discovery, 3).
    listed = _listed(metadata, "id_token_signing_alg_values_supported") or ["RS256"]
    if "EdDSA" in listed or "Ed25519" in listed:
        # Two names of the same algorithm.
        listed += ["EdDSA", "Ed25519"]
    return [name for name in ALGORITHMS if name in listed]
