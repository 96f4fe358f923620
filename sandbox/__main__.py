"""Run the sandbox as a process."""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.app import create_app
from sandbox.refusals import DataFolderUnusable, SandboxModeRequired

USAGE = 2
NOT_READY = 3
# A provider that plays slow must not hold up the end.
_SHUTDOWN_TIMEOUT_SECONDS = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the sandbox until SIGTERM or Ctrl-C.

    Exits with 0 when stopped, 2 for a wrong call or outside sandbox mode, 3 when the port or the data folder cannot be
    used.
    """
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    parser = argparse.ArgumentParser("python -m sandbox", description="Play learning providers and work issuers.")
    parser.add_argument("--port", type=_port, default=8001, help="where to listen (default 8001)")
    parser.add_argument("--data", type=Path, required=True, help="the folder for keys, clock and created accounts")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default 127.0.0.1)")
    parser.add_argument("--base-url", type=_base_url, help="how others reach it (default http://localhost:PORT)")
    options = parser.parse_args(arguments)
    if os.environ.get("CERTLINK_SANDBOX", "").strip().lower() not in ("true", "1", "yes", "on"):
        _fail(USAGE, str(SandboxModeRequired()))
    listener = _listen(options.host, options.port)
    base_url = options.base_url or f"http://localhost:{options.port}"
    try:
        app = create_app(base_url=base_url, data=options.data, sandbox_mode=True, clock=lambda: datetime.now(UTC))
    except DataFolderUnusable as refusal:
        _fail(NOT_READY, str(refusal))
    config = uvicorn.Config(
        _answer_canceled(app),
        log_level="warning",
        # Codes and states are in the paths that an access log would keep.
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT_SECONDS,
    )
    print(f"Sandbox at {base_url}, data in {options.data}.", file=sys.stderr, flush=True)
    uvicorn.Server(config).run(sockets=[listener])


def _answer_canceled(app: ASGIApp) -> ASGIApp:
    # A request that still waits at the shutdown's end (a slow issuer) gets an answer; uvicorn would log a stack trace.
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            await PlainTextResponse("The sandbox is stopping.", 503)(scope, receive, send)

    return answer


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


def _base_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise argparse.ArgumentTypeError("a base URL is a scheme, a host and perhaps a port") from None
    if not is_web or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise argparse.ArgumentTypeError("a base URL is a scheme, a host and perhaps a port")
    return text.rstrip("/")


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Two sockets can be bound with address reuse, but only one can listen.
        listener.listen(128)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a host name"
        _fail(NOT_READY, f"The sandbox cannot listen on {host}:{port}: {reason}. Choose another port with --port.")
    return listener


def _stop(signal_number: int, frame: FrameType | None) -> None:
    # The server raises its signal again when it has stopped; a stop by a signal is a success.
    raise SystemExit(0)


def _fail(code: int, message: str) -> NoReturn:
    print(message, file=sys.stderr, flush=True)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
