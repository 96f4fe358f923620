"""Describe a fault for the log without personal data."""

import errno
import sys
import traceback
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

# Endless recursion passes a thousand places, all of them alike.
MAX_PLACES = 100
MAX_CAUSES = 10
_PROJECT = Path(__file__).parents[1]


def describe_fault(fault: BaseException) -> dict[str, Any]:
    """Return a fault's type, the places it passed and the faults that caused it, all of which a log may hold."""
    # Never its message, which may quote a row, an address or what a provider sent.
    described = _described(fault)
    causes = [_described(cause) for cause in _causes(fault)]
    return {**described, "causes": causes} if causes else described


def _described(fault: BaseException) -> dict[str, Any]:
    places = [
        f"{_relative(frame.f_code.co_filename)}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(fault.__traceback__)
    ]
    left_out = len(places) - MAX_PLACES
    if left_out > 0:
        half = MAX_PLACES // 2
        places[half:-half] = [f"({left_out} more)"]
    described: dict[str, Any] = {"fault": type(fault).__name__, "places": places}
    if isinstance(fault, OSError) and fault.errno is not None and fault.errno in errno.errorcode:
        described["errno"] = errno.errorcode[fault.errno]
    return described


def _causes(fault: BaseException) -> Iterator[BaseException]:
    # Causes can form a circle, and groups can hold each other: each fault is told once.
    seen, waiting = {id(fault)}, [fault]
    while waiting and len(seen) <= MAX_CAUSES:
        current = waiting.pop(0)
        context = None if current.__suppress_context__ else current.__context__
        members = current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        for cause in (current.__cause__ or context, *members):
            if cause is not None and id(cause) not in seen:
                seen.add(id(cause))
                waiting.append(cause)
                yield cause


@lru_cache
def _relative(filename: str) -> str:
    # The path above the directory that it is imported from may hold a person's name.
    path = Path(filename)
    if not path.is_absolute():
        return filename
    directories = (_PROJECT, *(Path(entry) for entry in sys.path if Path(entry).is_absolute()))
    above = [directory for directory in directories if path.is_relative_to(directory) and directory != Path("/")]
    if not above:
        return path.name
    return path.relative_to(max(above, key=lambda directory: len(directory.parts))).as_posix()
