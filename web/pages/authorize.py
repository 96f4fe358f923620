"""Send a browser on to the learning provider, by a one-time address."""

from starlette.requests import Request
from starlette.responses import Response

from api.auth.cookies import BROWSER, read_cookie
from api.runtime import runtime_of
from domain.operations.attempts import ConfirmationNeeded, open_attempt
from web.caller import optional_viewer, redirect_to_issuer
from web.forms import read_form
from web.rendering import page
from web.security import association_targets
from web.urls import path_of


async def open_ticket(request: Request) -> Response:
    try:
        return await _open(request, confirmed=False)
    except ConfirmationNeeded as needed:
        # Nobody is signed in here. Somebody could send their own address to another person and be credited with that
        # person's account (R1), so the page says for whom they would link it.
        return page(
            request,
            "confirmation.html",
            form_targets=await association_targets(runtime_of(request)),
            organization=needed.organization_name,
            work_email=needed.work_email,
            provider=needed.provider.display_name,
            action=path_of(request),
        )


async def confirm_ticket(request: Request) -> Response:
    await read_form(request)
    return await _open(request, confirmed=True)


async def _open(request: Request, *, confirmed: bool) -> Response:
    runtime = runtime_of(request)
    now = runtime.clock()
    opened = await open_attempt(
        ticket=request.path_params["ticket"],
        viewer=await optional_viewer(request),
        confirmed=confirmed,
        browser_token=read_cookie(request, BROWSER, runtime.settings),
        now=now,
        settings=runtime.settings,
        issuers=runtime.issuers,
    )
    return redirect_to_issuer(opened.location, opened.browser_token, settings=runtime.settings, now=now)
