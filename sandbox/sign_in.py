"""The authorization page: choose a persona, and redirect back."""

from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from sandbox.authorization import (
    AnsweredRefusal,
    AuthorizationRequest,
    UnansweredRequest,
    answer_location,
    read_authorization_request,
)
from sandbox.issuers import PARTNER_UNIVERSITY
from sandbox.pages import page, refusal_page
from sandbox.personas import Persona
from sandbox.reading import read_form, read_query
from sandbox.refusals import Refusal
from sandbox.state import CLIENT_ID, Call

_GONE = "This sign-in was already answered or has waited too long. Go back to where you came from and start again."


async def show_sign_in(call: Call) -> Response:
    """Show the personas of the issuer to choose from, or refuse the authorization request."""
    try:
        parameters = await read_form(call.request) if call.request.method == "POST" else read_query(call.request)
        request = read_authorization_request(parameters, client_id=CLIENT_ID)
    except AnsweredRefusal as refusal:
        answer = {"error": refusal.error, "error_description": refusal.description}
        return _send_back(refusal.redirect_uri, refusal.state, call.issuer_url, answer)
    except UnansweredRequest as refusal:
        return refusal_page(str(refusal))
    except Refusal as refusal:
        return refusal_page(refusal.description, status=refusal.status)
    transaction_id = call.state.grants.open(call.issuer.key, request, now=call.state.clock.now())
    return _sign_in_page(call, transaction_id, request)


async def answer_sign_in(call: Call) -> Response:
    """Take the person's choice and send the answer to the client's redirect URI."""
    try:
        form = await read_form(call.request)
    except Refusal as refusal:
        return refusal_page(refusal.description, status=refusal.status)
    transaction_id = form.get("transaction", "")
    transaction = call.state.grants.waiting(transaction_id, call.issuer.key, now=call.state.clock.now())
    if transaction is None:
        return refusal_page(_GONE)
    request = transaction.request
    try:
        persona = None if "cancel" in form else _chosen_persona(call, form)
    except Refusal as refusal:
        if "create" not in form:
            return refusal_page(refusal.description, status=refusal.status)
        return _sign_in_page(call, transaction_id, request, form.get("display_name", ""), refusal)
    call.state.grants.close(transaction_id)
    if persona is None:
        answer = {"error": "access_denied", "error_description": "The person canceled."}
        return _send_back(request.redirect_uri, request.state, call.issuer_url, answer)
    fault = call.state.faults.take(call.issuer, "answer")
    if fault.error is not None:
        answer = {"error": fault.error, "error_description": "The sandbox was told to refuse."}
    else:
        answer = {"code": call.state.grants.issue_code(transaction, persona.subject, now=call.state.clock.now())}
    issuer_url = f"{call.state.base_url}/another-issuer" if fault.wrong_issuer else call.issuer_url
    return _send_back(request.redirect_uri, request.state, issuer_url, answer)


def _chosen_persona(call: Call, form: Mapping[str, str]) -> Persona:
    if "create" in form and call.issuer == PARTNER_UNIVERSITY:
        return call.state.accounts.create(form.get("display_name", ""))
    persona = call.state.accounts.find(form.get("persona", ""))
    if persona is None or persona.issuer != call.issuer.key:
        raise Refusal(400, "invalid_request", f"{call.issuer.name} has no such persona.")
    return persona


def _send_back(redirect_uri: str, state: str | None, issuer_url: str, answer: Mapping[str, str]) -> Response:
    location = answer_location(redirect_uri, {**answer, "state": state, "iss": issuer_url})
    return RedirectResponse(location, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _sign_in_page(
    call: Call,
    transaction_id: str,
    request: AuthorizationRequest,
    display_name: str = "",
    refusal: Refusal | None = None,
) -> Response:
    hint = (request.login_hint or "").strip().casefold()
    personas = sorted(call.state.accounts.at(call.issuer), key=lambda persona: not _is_meant(persona, hint))
    return page(
        "sign_in.html",
        status=refusal.status if refusal else 200,
        redirect_uri=request.redirect_uri,
        issuer=call.issuer,
        action=f"/{call.issuer.key}/sign-in",
        transaction_id=transaction_id,
        personas=personas,
        suggested=next((persona.key for persona in personas if _is_meant(persona, hint)), None),
        can_create=call.issuer == PARTNER_UNIVERSITY,
        display_name=display_name,
        create_refusal=refusal.description if refusal else None,
    )


def _is_meant(persona: Persona, hint: str) -> bool:
    return bool(hint) and hint in (persona.key.casefold(), persona.email.casefold(), persona.name.casefold())
