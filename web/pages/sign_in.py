"""Sign in with a work account, and sign out."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from api.auth.cookies import BROWSER, SESSION, clear_cookie, read_cookie, set_cookie
from api.errors import status_of
from api.runtime import runtime_of
from domain.errors import Refusal
from domain.operations.sign_in import complete_sign_in, end_session, start_sign_in
from web.caller import optional_viewer, redirect_to_issuer
from web.forms import read_form, read_query
from web.rendering import page, redirect
from web.security import sign_in_targets
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
    try:
        started = await start_sign_in(
            email=email,
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
    await read_form(request)
    await _end_session(request)
    response = redirect("/sign-in")
    clear_cookie(response, SESSION, settings=runtime_of(request).settings)
    return response


async def _end_session(request: Request) -> None:
    runtime = runtime_of(request)
    token = read_cookie(request, SESSION, runtime.settings)
    if token:
        await end_session(token=token, now=runtime.clock())


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
    )
