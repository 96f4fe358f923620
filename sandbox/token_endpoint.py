"""How does a client turn a code into tokens?"""

import hmac
import re
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import unquote_plus

from starlette.responses import JSONResponse, Response

from sandbox.reading import read_form
from sandbox.refusals import Refusal
from sandbox.tokens import TOKEN_SECONDS, mint_access_token, mint_id_token
from sandbox.world import CLIENT_ID, CLIENT_SECRET, Call

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


async def exchange_code(call: Call) -> Response:
    """Redeem a code once.

    Raises:
        Refusal: the client is not authenticated, a parameter is missing, or the code gives nothing.
    """
    form = await read_form(call.request)
    _authenticate_client(call.request.headers.get("authorization"), form)
    code, redirect_uri, verifier = _read_grant(form)
    now = call.world.clock.now()
    grant = call.world.grants.redeem(code, call.issuer.key, redirect_uri=redirect_uri, verifier=verifier, now=now)
    persona = call.world.accounts.find_subject(call.issuer, grant.subject)
    if persona is None:
        raise Refusal(400, "invalid_grant", "The account is gone.")
    access_token = mint_access_token(
        call.world,
        call.issuer,
        persona,
        audience=call.issuer_url,
        token_id=grant.token_id,
        scope=grant.request.scope,
        now=now,
        fault=call.fault,
    )
    answer = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": grant.request.scope,
        "id_token": mint_id_token(call, persona, grant, access_token, now=now),
    }
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _authenticate_client(authorization: str | None, form: Mapping[str, str]) -> None:
    if authorization is not None and "client_secret" in form:
        raise Refusal(400, "invalid_request", "The client authenticates in two ways at once.")
    if authorization is not None:
        client_id, client_secret = _read_basic(authorization)
        if form.get("client_id", client_id) != client_id:
            raise _unknown_client()
    else:
        client_id, client_secret = form.get("client_id", ""), form.get("client_secret", "")
    expected = f"{CLIENT_ID}:{CLIENT_SECRET}".encode()
    if not hmac.compare_digest(f"{client_id}:{client_secret}".encode(), expected):
        raise _unknown_client()


def _read_basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        pair = b64decode(encoded.strip(), validate=True).decode("utf-8")
    except ValueError:
        raise _unknown_client() from None
    client_id, separator, client_secret = pair.partition(":")
    if scheme.lower() != "basic" or not separator:
        raise _unknown_client()
    return unquote_plus(client_id), unquote_plus(client_secret)


def _read_grant(form: Mapping[str, str]) -> tuple[str, str, str]:
    if "grant_type" not in form:
        raise Refusal(400, "invalid_request", "The grant_type is missing.")
    if form["grant_type"] != "authorization_code":
        raise Refusal(400, "unsupported_grant_type", "The grant_type must be authorization_code.")
    for name in ("code", "redirect_uri", "code_verifier"):
        if name not in form:
            raise Refusal(400, "invalid_request", f"The {name} is missing.")
    if not _VERIFIER.fullmatch(form["code_verifier"]):
        raise Refusal(400, "invalid_request", "The code_verifier must be 43 to 128 unreserved characters.")
    return form["code"], form["redirect_uri"], form["code_verifier"]


def _unknown_client() -> Refusal:
    challenge = {"WWW-Authenticate": 'Basic realm="sandbox"'}
    return Refusal(401, "invalid_client", "The client's id or secret is wrong or missing.", challenge)
