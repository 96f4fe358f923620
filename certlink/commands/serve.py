"""Serve the API and the pages until told to stop."""

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from starlette.applications import Starlette

from api.app import create_app
from api.documents.reading import DocumentsNotAccepted
from api.documents.trusted import read_manifest
from certlink.clock import programme_clock
from certlink.commands.runner import load_settings, stop
from certlink.readiness import NOT_READY
from certlink.uvicorn_protocols import HttpProtocol, WebSocketProtocol
from domain.settings import Settings
from web.documents import DOCUMENTS
from web.pages.sign_in import SignInHint
from web.refusals import EXCEPTION_HANDLERS, show_fault
from web.routes import routes

LAST_PORT = 65_535
# Half of the ten seconds after which our supervisor and Docker kill a process.
SHUTDOWN_SECONDS = 5
WEBSOCKET_MESSAGE_BYTES = 256 * 1024
PING_SECONDS = 20.0
PONG_SECONDS = 20.0


def serve(
    port: Annotated[int, typer.Option(min=0, max=LAST_PORT, help="The port to listen on.")] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve the API and the pages."""
    serve_until_stopped(load_settings(), host=host, port=port)


def serve_until_stopped(settings: Settings, *, host: str, port: int, sign_in_hints: Sequence[SignInHint] = ()) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished."""
    try:
        app = application(settings, sign_in_hints=sign_in_hints)
    except DocumentsNotAccepted as error:
        stop(f"CERTLINK_DOCUMENTS_FILE: {error}", NOT_READY)
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
        # As much as HTTP takes.
        ws_max_size=WEBSOCKET_MESSAGE_BYTES,
        # A client that has gone without a word is noticed after both, at the latest.
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        # X-Forwarded-For could name any address, and who is not signed in has a budget by address.
        proxy_headers=False,
    )


def application(settings: Settings, *, sign_in_hints: Sequence[SignInHint] = ()) -> Starlette:
    """Return the API with the pages.

    Raises:
        DocumentsNotAccepted: the front-ends' documents cannot be read or registered.
    """
    documents = dict(DOCUMENTS)
    if settings.documents_file is not None:
        try:
            documents |= read_manifest(Path(settings.documents_file).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            raise DocumentsNotAccepted("the file cannot be read") from None
    return create_app(
        settings=settings,
        clock=programme_clock(settings),
        routes=routes(sign_in_hints=sign_in_hints),
        exception_handlers=EXCEPTION_HANDLERS,
        show_fault=show_fault,
        documents=documents,
    )
