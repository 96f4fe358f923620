"""Take a learning provider's callback."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.auth.cookies import BROWSER, read_cookie
from api.graphql.ids import Kind, global_id
from api.runtime import runtime_of
from domain.operations.callbacks import receive_callback
from domain.rules.enums import LearningProvider
from web.forms import read_query
from web.rendering import redirect
from web.urls import with_attempt

_PROVIDERS = {provider.slug: provider for provider in LearningProvider}


async def take_callback(request: Request) -> Response:
    provider = _PROVIDERS.get(request.path_params["provider"])
    if provider is None:
        raise HTTPException(404)
    runtime = runtime_of(request)
    received = await receive_callback(
        provider=provider,
        state=read_query(request, "state") or "",
        code=read_query(request, "code"),
        error=read_query(request, "error"),
        issuer=read_query(request, "iss"),
        browser_token=read_cookie(request, BROWSER, runtime.settings),
        now=runtime.clock(),
        settings=runtime.settings,
    )
    # The browser goes on at once, to an address without code and state: the browser's history keeps addresses.
    attempt_id = global_id(Kind.ATTEMPT, received.attempt_id)
    if received.return_to is None:
        return redirect(f"/attempts/{attempt_id}")
    return redirect(with_attempt(received.return_to, attempt_id))
