"""How does a process serve the API and the pages until it is told to stop?"""

import uvicorn
from starlette.applications import Starlette

from api.app import create_app
from certlink.clock import programme_clock
from domain.settings import Settings
from sandbox.personas import WORK_PERSONAS
from web.pages.sign_in import SignInHint
from web.refusals import EXCEPTION_HANDLERS
from web.routes import routes

SHUTDOWN_SECONDS = 5
WEBSOCKET_MESSAGE_BYTES = 256 * 1024


def application(settings: Settings) -> Starlette:
    """Return the API with the pages; in sandbox mode the sign-in page names the sandbox's people."""
    hints = (
        [SignInHint(email=persona.email, about=persona.about) for persona in WORK_PERSONAS] if settings.sandbox else []
    )
    return create_app(
        settings=settings,
        clock=programme_clock(settings),
        routes=routes(sign_in_hints=hints),
        exception_handlers=EXCEPTION_HANDLERS,
    )


def serve_until_stopped(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished."""
    uvicorn.run(
        application(settings),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        log_level="warning",
        ws="websockets-sansio",
        ws_max_size=WEBSOCKET_MESSAGE_BYTES,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        proxy_headers=False,
    )
