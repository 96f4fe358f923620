"""Write the log, one line an event, without the values of faults."""

import logging
import re
import sys
import threading
import warnings
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog
from structlog.typing import Processor
from typing_extensions import override

from domain.faults import describe_fault

# These log addresses, arguments or statements, which may be personal or secret.
QUIET = ("httpx2", "httpcore2", "tortoise", "asyncio", "arq", "uvicorn.access", "websockets")
# Where a library's message begins to show values: asyncio's shows arguments, futures and the messages of faults.
VALUES = re.compile(r"[<(\[{\"'\n]")

log = structlog.get_logger("certlink")


def configure_logs(log_format: str) -> None:
    """Log to stderr, as JSON or for people: this process, its libraries, and every fault that nobody catches."""
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            stamp,
            _without_values,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(stamp, renderer))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    sys.excepthook = lambda _, fault, __: _log_fault("process failed", fault)
    threading.excepthook = lambda failure: _log_fault("thread failed", failure.exc_value)
    sys.unraisablehook = lambda failure: _log_fault("fault that could not be raised", failure.exc_value)
    warnings.showwarning = _log_warning


class _Formatter(logging.Formatter):
    def __init__(self, stamp: Processor, renderer: Processor) -> None:
        super().__init__()
        self._stamp = stamp
        self._renderer = renderer

    @override
    def format(self, record: logging.LogRecord) -> str:
        # The sentence up to its first value. Not getMessage(), which fills the arguments in.
        sentence = VALUES.split(record.msg, maxsplit=1)[0].strip() if isinstance(record.msg, str) else ""
        event: MutableMapping[str, Any] = {
            "event": sentence or record.name,
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fault = record.msg if isinstance(record.msg, BaseException) else record.exc_info and record.exc_info[1]
        if fault:
            event.update(describe_fault(fault))
        self._stamp(None, "", event)
        return str(self._renderer(None, "", event))


def _without_values(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    exc_info = event.pop("exc_info", None)
    fault = exc_info if isinstance(exc_info, BaseException) else sys.exc_info()[1] if exc_info else None
    if fault is not None:
        event.update(describe_fault(fault))
    for name, value in event.items():
        if isinstance(value, BaseException):
            event[name] = type(value).__name__
    return event


def _log_fault(event: str, fault: BaseException | None) -> None:
    log.critical(event, **describe_fault(fault) if fault else {})


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    log.warning("warning", kind=category.__name__, place=f"{Path(filename).name}:{lineno}")
