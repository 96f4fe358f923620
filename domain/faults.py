"""Describe a fault without the values that it was about.

Its message may quote a row, an address or what a provider sent; its kind and the places that raised it never do.
"""

import errno
import sys
import traceback
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

# Endless recursion has a thousand places, which are all alike.
MAX_PLACES = 100
MAX_CAUSES = 10
_PROJECT = Path(__file__).parents[1]


def describe_fault(fault: BaseException) -> dict[str, Any]:
    """Return what a log may hold of a fault: its kind, every place it passed, and the faults that led to it."""
    described = _described(fault)
    causes = [_described(cause) for cause in _causes(fault)]
    return {**described, "causes": causes} if causes else described


def _described(fault: BaseException) -> dict[str, Any]:
    described: dict[str, Any] = {"fault": type(fault).__name__, "places": _places(fault)}
    if isinstance(fault, OSError) and fault.errno is not None and fault.errno in errno.errorcode:
        described["errno"] = errno.errorcode[fault.errno]
    return described


def _causes(fault: BaseException) -> Iterator[BaseException]:
    found, waiting = {id(fault)}, [fault]
    while waiting and len(found) <= MAX_CAUSES:
        current = waiting.pop(0)
        context = None if current.__suppress_context__ else current.__context__
        members = current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        for cause in (current.__cause__ or context, *members):
            if cause is not None and id(cause) not in found:
                found.add(id(cause))
                waiting.append(cause)
                yield cause


def _places(fault: BaseException) -> list[str]:
    places = [
        f"{_relative(frame.f_code.co_filename)}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(fault.__traceback__)
    ]
    left_out = len(places) - MAX_PLACES
    if left_out <= 0:
        return places
    half = MAX_PLACES // 2
    return [*places[:half], f"({left_out} more)", *places[-half:]]


@lru_cache
def _relative(filename: str) -> str:
    """Return a file's path below the folder that it is imported from: how a machine is laid out is nobody's matter."""
    path = Path(filename)
    if not path.is_absolute():
        return filename
    folders = (_PROJECT, *(Path(entry) for entry in sys.path if Path(entry).is_absolute()))
    above = [folder for folder in folders if path.is_relative_to(folder) and folder != Path("/")]
    if not above:
        return path.name
    return path.relative_to(max(above, key=lambda folder: len(folder.parts))).as_posix()
