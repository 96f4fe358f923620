"""How does a process serve the API and the pages until it is told to stop?"""

import gc
from collections.abc import Mapping
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from api.app import create_app
from api.documents.trusted import DocumentsNotAccepted, read_manifest
from certlink.clock import programme_clock
from certlink.uvicorn_protocols import HttpProtocol, WebSocketProtocol
from domain.settings import Settings
from sandbox.personas import WORK_PERSONAS
from web.documents import DOCUMENTS
from web.pages.sign_in import SignInHint
from web.refusals import EXCEPTION_HANDLERS, show_fault
from web.routes import routes

SHUTDOWN_SECONDS = 5
WEBSOCKET_MESSAGE_BYTES = 256 * 1024
PING_SECONDS = 20.0
PONG_SECONDS = 20.0


def application(settings: Settings) -> Starlette:
    """Return the API with the pages; in sandbox mode the sign-in page names the sandbox's people.

    Raises:
        DocumentsNotAccepted: the front-ends' documents cannot be read or registered.
    """
    hints = (
        [SignInHint(email=persona.email, about=persona.about) for persona in WORK_PERSONAS] if settings.sandbox else []
    )
    return create_app(
        settings=settings,
        clock=programme_clock(settings),
        routes=routes(sign_in_hints=hints),
        exception_handlers=EXCEPTION_HANDLERS,
        show_fault=show_fault,
        documents={**DOCUMENTS, **_documents_of_front_ends(settings)},
    )


def _documents_of_front_ends(settings: Settings) -> Mapping[str, str]:
    if settings.documents_file is None:
        return {}
    try:
        return read_manifest(Path(settings.documents_file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise DocumentsNotAccepted("the file cannot be read") from None


def serve_until_stopped(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished."""
    app = application(settings)
    # What is there from the start, the schema above all, stays: looking through it for garbage would hold up everybody.
    gc.collect()
    gc.freeze()
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        # Its own handlers would print tracebacks with their values.
        log_config=None,
        log_level="warning",
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_max_size=WEBSOCKET_MESSAGE_BYTES,
        # Who has gone without a word is noticed after both, at the latest.
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        proxy_headers=False,
    )
