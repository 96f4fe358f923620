"""Mint the issuers' tokens, and verify access tokens."""

import secrets
from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from sandbox.faults import NO_FAULT, Fault
from sandbox.grants import TOKEN_LIFE, Grant
from sandbox.issuers import Issuer, IssuerKind
from sandbox.personas import Persona, WorkPersona
from sandbox.refusals import Refusal
from sandbox.state import API_AUDIENCE, CLIENT_ID, Call, State

TOKEN_SECONDS = int(TOKEN_LIFE.total_seconds())


def mint_access_token(
    state: State,
    issuer: Issuer,
    persona: Persona,
    *,
    audience: str,
    token_id: str | None = None,
    scope: str = "openid",
    now: datetime,
    fault: Fault = NO_FAULT,
) -> str:
    """Return an access token (RFC 9068) that lives for one hour."""
    claims = {
        **_claims(state, issuer, persona, audience, now),
        "client_id": CLIENT_ID,
        "scope": scope,
        "jti": token_id or secrets.token_urlsafe(16),
        **identity_claims(persona, fault),
    }
    return _sign(state, issuer, claims, "at+jwt")


def mint_id_token(call: Call, persona: Persona, grant: Grant, access_token: str, *, now: datetime) -> str:
    """Return the id_token of a sign-in, with the errors that the fault asks for."""
    access_hash = sha256(access_token.encode("ascii")).digest()
    claims = {
        **_claims(call.state, call.issuer, persona, CLIENT_ID, now),
        "auth_time": int(grant.issued_at.timestamp()),
        "at_hash": urlsafe_b64encode(access_hash[:16]).rstrip(b"=").decode("ascii"),
        **identity_claims(persona, call.fault),
    }
    if call.fault.wrong_nonce:
        claims["nonce"] = secrets.token_urlsafe(16)
    elif grant.request.nonce is not None:
        claims["nonce"] = grant.request.nonce
    return _sign(call.state, call.issuer, claims, "JWT", foreign=call.fault.bad_signature)


def identity_claims(persona: Persona, fault: Fault) -> dict[str, Any]:
    """Return a work identity issuer's claims about a person; a learning provider's tokens have none."""
    if not isinstance(persona, WorkPersona):
        return {}
    return {"email": persona.email, "email_verified": not fault.unverified_email, "name": persona.name}


def persona_of_bearer(call: Call) -> Persona:
    """Return the persona of the request's access token.

    Raises:
        Refusal: missing, forged, expired or revoked, or of another issuer.
    """
    scheme, _, token = call.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(401, "invalid_token", "A bearer access token is needed.", {"WWW-Authenticate": "Bearer"})
    claims = _verified(call, token.strip())
    known = claims is not None and not call.state.grants.is_revoked(str(claims.get("jti")))
    persona = call.state.accounts.find_subject(call.issuer, str(claims["sub"])) if claims and known else None
    if persona is None:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise Refusal(401, "invalid_token", "The access token is malformed, expired, revoked or not ours.", challenge)
    return persona


def _claims(state: State, issuer: Issuer, persona: Persona, audience: str, now: datetime) -> dict[str, Any]:
    issued_at = int(now.timestamp())
    return {
        "iss": issuer.url(state.base_url),
        "sub": persona.subject,
        "aud": audience,
        "iat": issued_at,
        "exp": issued_at + TOKEN_SECONDS,
    }


def _sign(state: State, issuer: Issuer, claims: dict[str, Any], typ: str, *, foreign: bool = False) -> str:
    key = state.keyring.key(issuer)
    header = {"alg": issuer.algorithm, "typ": typ, "kid": key.kid}
    signing_key = state.keyring.foreign_key(issuer) if foreign else key
    return jwt.encode(header, claims, signing_key, algorithms=[issuer.algorithm])


def _verified(call: Call, token: str) -> dict[str, Any] | None:
    try:
        decoded = jwt.decode(token, call.state.keyring.key(call.issuer), algorithms=[call.issuer.algorithm])
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    claims = decoded.claims
    # A work issuer's token for the API also opens its userinfo, as with issuers that give one token for both.
    audiences = {call.issuer_url, API_AUDIENCE} if call.issuer.kind is IssuerKind.WORK else {call.issuer_url}
    ours = decoded.header.get("typ") == "at+jwt" and claims["iss"] == call.issuer_url and claims["aud"] in audiences
    return claims if ours and claims["exp"] > call.state.clock.now().timestamp() else None
