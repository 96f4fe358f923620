"""The token endpoint: redeem a code or a refresh token."""

import hmac
import re
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import unquote_plus

from starlette.responses import JSONResponse, Response

from sandbox.issuers import OFFLINE_ACCESS
from sandbox.reading import read_form
from sandbox.refusals import Refusal
from sandbox.state import CLIENT_ID, CLIENT_SECRET, Call
from sandbox.tokens import TOKEN_SECONDS, mint_access_token, mint_id_token

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


async def give_tokens(call: Call) -> Response:
    """Redeem a code or a refresh token, once.

    Raises:
        Refusal: the client is not authenticated, a parameter is missing, or the code or refresh token is not valid.
    """
    form = await read_form(call.request)
    _authenticate_client(call.request.headers.get("authorization"), form)
    state, issuer, now = call.state, call.issuer, call.state.clock.now()
    if form.get("grant_type") == "refresh_token":
        if "refresh_token" not in form:
            raise Refusal(400, "invalid_request", "The refresh_token is missing.")
        family, refresh_token = state.refresh_tokens.rotate(form["refresh_token"], issuer.key)
        grant, subject, scope = None, family.subject, family.scope
    else:
        code, redirect_uri, verifier = _read_grant(form)
        grant = state.grants.redeem(code, issuer.key, redirect_uri=redirect_uri, verifier=verifier, now=now)
        subject, scope, refresh_token = grant.subject, grant.request.scope, None
    persona = state.accounts.find_subject(issuer, subject)
    if persona is None:
        raise Refusal(400, "invalid_grant", "The account is gone.")
    access_token = mint_access_token(
        state,
        issuer,
        persona,
        audience=call.issuer_url,
        token_id=grant.token_id if grant else None,
        scope=scope,
        now=now,
        fault=call.fault,
    )
    answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": scope}
    if grant is not None:
        answer["id_token"] = mint_id_token(call, persona, grant, access_token, now=now)
        if OFFLINE_ACCESS in scope.split(" "):
            # Known to the grant: the code's replay revokes it.
            refresh_token = state.refresh_tokens.begin(issuer.key, subject=subject, scope=scope)
            grant.refresh_token = refresh_token
    if refresh_token is not None:
        answer["refresh_token"] = refresh_token
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _authenticate_client(authorization: str | None, form: Mapping[str, str]) -> None:
    if authorization is not None and "client_secret" in form:
        raise Refusal(400, "invalid_request", "The client authenticates in two ways at once.")
    if authorization is not None:
        scheme, _, encoded = authorization.partition(" ")
        try:
            pair = b64decode(encoded.strip(), validate=True).decode("utf-8")
        except ValueError:
            raise _unknown_client() from None
        # Both parts are form-encoded before they are joined (RFC 6749, 2.3.1).
        client_id, separator, client_secret = map(unquote_plus, pair.partition(":"))
        if scheme.lower() != "basic" or not separator:
            raise _unknown_client()
        if form.get("client_id", client_id) != client_id:
            raise _unknown_client()
    else:
        client_id, client_secret = form.get("client_id", ""), form.get("client_secret", "")
    expected = f"{CLIENT_ID}:{CLIENT_SECRET}".encode()
    if not hmac.compare_digest(f"{client_id}:{client_secret}".encode(), expected):
        raise _unknown_client()


def _read_grant(form: Mapping[str, str]) -> tuple[str, str, str]:
    if "grant_type" not in form:
        raise Refusal(400, "invalid_request", "The grant_type is missing.")
    if form["grant_type"] != "authorization_code":
        raise Refusal(400, "unsupported_grant_type", "The grant_type is not supported here.")
    for name in ("code", "redirect_uri", "code_verifier"):
        if name not in form:
            raise Refusal(400, "invalid_request", f"The {name} is missing.")
    if not _VERIFIER.fullmatch(form["code_verifier"]):
        raise Refusal(400, "invalid_request", "The code_verifier must be 43 to 128 unreserved characters.")
    return form["code"], form["redirect_uri"], form["code_verifier"]


def _unknown_client() -> Refusal:
    challenge = {"WWW-Authenticate": 'Basic realm="sandbox"'}
    return Refusal(401, "invalid_client", "The client's id or secret is wrong or missing.", challenge)
