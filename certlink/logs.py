"""How does a process tell what it does?"""

import logging
import sys

import structlog

# These tell addresses, arguments or statements, which may hold what is personal or secret.
QUIET = ("httpx2", "httpcore2", "tortoise", "asyncio", "arq", "uvicorn.access", "websockets")


def configure_logs(log_format: str) -> None:
    """Log to stderr: one line an event, for people or as JSON; tracebacks never show values."""
    renderer = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
