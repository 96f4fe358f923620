"""Sign in with a work account, and sign out."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth.cookies import BROWSER, SESSION, clear_cookie, read_cookie, set_cookie
from api.errors import status_of
from api.runtime import runtime_of
from domain.errors import InvalidInput, Refusal, TryAgain
from domain.operations.sessions import receive_logout_notice
from domain.operations.sign_in import (
    EndedSession,
    complete_sign_in,
    end_session,
    issuers_of_address,
    sign_out_url,
    start_sign_in,
)
from domain.queries.issuers import TrustedIssuer
from domain.rules.sign_in import ProviderUnavailable, SignInNotAccepted
from web.caller import optional_viewer, redirect_to_issuer
from web.forms import read_form, read_form_of_program, read_query
from web.refusals import advice, refusal_page
from web.rendering import page, redirect
from web.security import redirect_headers, sign_in_targets
from web.urls import local_path, on_public_host


@dataclass(frozen=True, kw_only=True)
class SignInHint:
    """Somebody whom the sandbox lets everybody sign in as."""

    email: str
    about: str


async def show_sign_in(request: Request, hints: Sequence[SignInHint] = ()) -> Response:
    elsewhere = on_public_host(request, runtime_of(request).settings.public_url)
    if elsewhere is not None:
        return redirect(elsewhere)
    return_to = local_path(read_query(request, "return_to"))
    if await optional_viewer(request) is not None:
        return redirect(return_to)
    return _form(request, hints, return_to=return_to)


async def submit_sign_in(request: Request, hints: Sequence[SignInHint] = ()) -> Response:
    form = await read_form(request)
    email, return_to = form.get("email", "").strip(), local_path(form.get("return_to"))
    runtime = runtime_of(request)
    now = runtime.clock()
    issuer = form.get("issuer")
    try:
        choices = await issuers_of_address(email)
        # One that the organization left meanwhile is not chosen any more.
        if len(choices) > 1 and issuer not in {choice.issuer for choice in choices}:
            return _choice(request, choices, return_to=return_to, email=email)
        started = await start_sign_in(
            email=email,
            issuer=issuer if len(choices) > 1 else None,
            return_to=return_to,
            browser_token=read_cookie(request, BROWSER, runtime.settings),
            now=now,
            settings=runtime.settings,
            issuers=runtime.issuers,
        )
    except Refusal as refusal:
        return _form(request, hints, return_to=return_to, email=email, refusal=refusal)
    return redirect_to_issuer(started.location, started.browser_token, settings=runtime.settings, now=now)


async def finish_sign_in(request: Request) -> Response:
    runtime = runtime_of(request)
    now = runtime.clock()
    completed = await complete_sign_in(
        redirected_to=request.path_params["key"],
        state=read_query(request, "state") or "",
        code=read_query(request, "code"),
        error=read_query(request, "error"),
        issuer=read_query(request, "iss"),
        browser_token=read_cookie(request, BROWSER, runtime.settings),
        now=now,
        settings=runtime.settings,
        issuers=runtime.issuers,
    )
    # A session that somebody else put into this browser must not go on beside the new one.
    await _end_session(request)
    response = redirect(local_path(completed.return_to))
    token, expires_at = completed.session_token, completed.expires_at
    set_cookie(response, SESSION, token, settings=runtime.settings, expires_at=expires_at, now=now)
    return response


async def sign_out(request: Request) -> Response:
    """End the session here and go on to where it ends at its issuer."""
    await read_form(request)
    try:
        response = await _signed_out(request, await _end_session(request))
    except Refusal as refusal:
        # Nobody who uses this browser next shall have the session, even where it could not be ended.
        response = refusal_page(request, refusal.code, refusal.message)
    clear_cookie(response, SESSION, settings=runtime_of(request).settings)
    return response


async def take_logout_notice(request: Request) -> Response:
    """Take an issuer's notice that a session ended there (OpenID Connect Back-Channel Logout, 2.5)."""
    runtime = runtime_of(request)
    try:
        form = await read_form_of_program(request)
        await receive_logout_notice(
            key=request.path_params["key"],
            token=form.get("logout_token", ""),
            now=runtime.clock(),
            settings=runtime.settings,
            issuers=runtime.issuers,
        )
    except (InvalidInput, SignInNotAccepted):
        return JSONResponse({"error": "invalid_request"}, 400, redirect_headers())
    except (TryAgain, ProviderUnavailable):
        return JSONResponse({"error": "temporarily_unavailable"}, 503, redirect_headers())
    return Response(status_code=200, headers=redirect_headers())


async def _end_session(request: Request) -> EndedSession | None:
    runtime = runtime_of(request)
    token = read_cookie(request, SESSION, runtime.settings)
    return await end_session(token=token, now=runtime.clock()) if token else None


async def _signed_out(request: Request, ended: EndedSession | None) -> Response:
    runtime = runtime_of(request)
    location = await sign_out_url(ended, settings=runtime.settings, issuers=runtime.issuers) if ended else None
    if location is None:
        return redirect("/sign-in")
    # No redirect: browsers hold it against form-action. The address holds a token, and is none of ours.
    headers = {"Refresh": f"0; url={location}"}
    return page(request, "signed_out.html", headers=headers, location=location, host=urlsplit(location).netloc)


def _choice(request: Request, choices: Sequence[TrustedIssuer], *, return_to: str, email: str) -> Response:
    parts = [(choice.issuer, urlsplit(choice.issuer)) for choice in choices]
    hosts = [part.netloc for _, part in parts]
    return page(
        request,
        "choose_issuer.html",
        form_targets=sign_in_targets(runtime_of(request).settings),
        return_to=return_to,
        email=email,
        choices=[
            # Two tenants may have one host.
            {"issuer": issuer, "host": part.netloc, "path": part.path if hosts.count(part.netloc) > 1 else ""}
            for issuer, part in parts
        ],
    )


def _form(
    request: Request,
    hints: Sequence[SignInHint],
    *,
    return_to: str,
    email: str = "",
    refusal: Refusal | None = None,
) -> Response:
    return page(
        request,
        "sign_in.html",
        status=200 if refusal is None else status_of(refusal.code),
        form_targets=sign_in_targets(runtime_of(request).settings),
        hints=hints,
        return_to=return_to,
        email=email,
        refusal=refusal,
        for_it=None if refusal is None else advice(request, refusal.code),
    )
