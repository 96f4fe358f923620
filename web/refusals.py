"""Pages that say why somebody cannot go on."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.errors import status_of
from domain.errors import Refusal
from web.caller import SignInNeeded
from web.rendering import is_secret, page, redirect
from web.urls import HOME, address_of, local_path, path_of, sign_in_path

HEADINGS = {
    "ACCOUNT_REPLACED": "Your new work account has to be confirmed",
    "ADDRESS_MISSING": "The sign-in did not tell your work address",
    "ADDRESS_NOT_OF_ORGANIZATION": "This is not your organization's account",
    "ADDRESS_NOT_VERIFIED": "Your work address is not verified",
    "BOUND_ELSEWHERE": "Your work account belongs to another organization",
    "CLIENT_REFUSED": "The sign-in refuses certlink",
    "NOT_A_MEMBER": "You are not invited yet",
    "NO_ISSUER": "Your organization has no such sign-in",
    "PROVIDER_UNAVAILABLE": "The sign-in does not answer",
    "SIGN_IN_DECLINED": "You canceled the sign-in",
    "SIGN_IN_EXPIRED": "This sign-in has expired",
    "SIGN_IN_NOT_ACCEPTED": "The sign-in could not be confirmed",
    "SIGN_IN_NOT_KNOWN": "This sign-in is not known",
    "TRY_AGAIN": "Please try again in a moment",
}
# What somebody can do about it who looks after an organization or its sign-in.
ADVICE = {
    "ACCOUNT_REPLACED": "The address is a member's whose work account was another one until now. If the person is the "
    "same, an admin confirms the new account, or the operator of certlink does (certlink member account).",
    "ADDRESS_MISSING": "Neither the identity token nor userinfo holds a claim that the organization takes for the "
    "address, such as email: let the provider send it.",
    "ADDRESS_NOT_OF_ORGANIZATION": "The account is a guest's, or none of its addresses is in a mail domain of the "
    "organization: certlink organization domain adds one.",
    "ADDRESS_NOT_VERIFIED": "The provider does not say email_verified: true. Verify the address there, or let the "
    "operator of certlink choose the trust that fits the provider (certlink organization issuer --address-trust).",
    "BOUND_ELSEWHERE": "The same account of this provider is a member of another organization of certlink: an admin "
    "there has to remove it first.",
    "CLIENT_REFUSED": "The provider does not accept certlink's client id, secret or key any more, for instance since a "
    "secret has expired: certlink organization client sets another one.",
    "NOT_A_MEMBER": "An admin invites the address that the provider tells of this account.",
    "NO_ISSUER": "certlink organization show lists the providers that the organization trusts at present.",
    "PROVIDER_UNAVAILABLE": "Metadata, keys, tokens or userinfo of the provider cannot be read: "
    "certlink organization check tries each step.",
    "SIGN_IN_NOT_ACCEPTED": "The provider's answer or token did not pass a check; the log of certlink names the step.",
}
_PLAIN = {
    400: ("This cannot be done", "The request could not be understood. Nothing was changed."),
    403: ("You may not do this", "You may not do this. Nothing was changed."),
    404: ("There is nothing here", "There is no page at this address, or you may not see it."),
    405: ("This cannot be done here", "This address cannot be used like that. Nothing was changed."),
    500: ("Something went wrong", "Something went wrong on our side. Please try again in a moment."),
}


def refusal_page(request: Request, code: str, message: str) -> Response:
    """Render a refusal by its code, with its own sentence."""
    status = status_of(code)
    return _page(request, status, HEADINGS.get(code) or _plain(status)[0], message, advice(request, code))


def advice(request: Request, code: str) -> str | None:
    """Return what somebody can do about a refused sign-in who looks after it."""
    return ADVICE.get(code) if _is_sign_in(request) else None


async def show_refusal(request: Request, refusal: Refusal) -> Response:
    return refusal_page(request, refusal.code, refusal.message)


async def ask_to_sign_in(request: Request, error: SignInNeeded) -> Response:
    # Only what was read can be read again afterwards; a form would be sent without its fields.
    return redirect(sign_in_path(local_path(address_of(request)) if request.method in {"GET", "HEAD"} else HOME))


async def show_http_error(request: Request, error: HTTPException) -> Response:
    response = _page(request, error.status_code, *_plain(error.status_code))
    response.headers.update(error.headers or {})
    return response


def show_fault(request: Request, request_id: str) -> Response:
    # Nothing of how we failed: a fault's message may quote somebody's row. Our log knows the request by its id.
    heading, message = _plain(500)
    return _page(request, 500, heading, f"{message} If it happens again, please tell us the request id {request_id}.")


EXCEPTION_HANDLERS: Mapping[Any, Any] = {
    Refusal: show_refusal,
    SignInNeeded: ask_to_sign_in,
    HTTPException: show_http_error,
}


def _plain(status: int) -> tuple[str, str]:
    return _PLAIN.get(status) or (HTTPStatus(status).phrase, "This cannot be done. Nothing was changed.")


def _is_sign_in(request: Request) -> bool:
    return path_of(request).startswith("/sign-in")


def _page(request: Request, status: int, heading: str, message: str, for_it: str | None = None) -> Response:
    headers = {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    if is_secret(request):
        # The address may hold a code or a ticket that still works.
        headers["Referrer-Policy"] = "no-referrer"
    way_on = ("Sign in again", "/sign-in") if _is_sign_in(request) else ("To my profile", HOME)
    # Nothing of the request is repeated on the page.
    values: dict[str, Any] = {"heading": heading, "message": message, "for_it": for_it, "way_on": way_on}
    return page(request, "refusal.html", status=status, headers=headers, **values)
