"""What does a JSON text say that we can take?"""

import json
from typing import NoReturn

from api.errors import ErrorCode, RequestError

MAX_NESTING = 100
# Several times what the longest lists take: each field that a long list is given to reads it anew, refused or not.
MAX_VALUES = 2_000


def parse_json(body: bytes | str) -> object:
    """Return what a JSON text says.

    Raises:
        RequestError: it is no UTF-8, no JSON, ambiguous, nested too deeply, or holds text that no database can keep.
    """
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")
        found: object = json.loads(text, parse_constant=_no_number, object_pairs_hook=_unambiguous)
    except UnicodeDecodeError:
        refuse("The request is not UTF-8.")
    except RecursionError:
        refuse("The request is nested too deeply.")
    except ValueError:
        refuse("The request is not JSON.")
    check_values(found)
    return found


def check_values(found: object) -> None:
    """Refuse nesting that recursion would not survive, lone surrogates and NUL, without recursion of our own.

    Raises:
        RequestError: there is too much of it, or something that no database can keep.
    """
    level, values = [found], 0
    for _ in range(MAX_NESTING):
        values += len(level)
        if values > MAX_VALUES:
            refuse(f"The request holds more than {MAX_VALUES:,} values.")
        deeper: list[object] = []
        for value in level:
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, dict):
                deeper.extend(value.keys())
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
        if not deeper:
            return
        level = deeper
    refuse("The request is nested too deeply.")


def refuse(sentence: str) -> NoReturn:
    """Refuse a request that cannot be understood.

    Raises:
        RequestError: always.
    """
    raise RequestError(ErrorCode.BAD_REQUEST, sentence)


def _check_text(value: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        refuse("The request holds half a surrogate pair.")
    if "\x00" in value:
        refuse("The request holds a NUL character.")


def _unambiguous(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object; whoever reads a key that is given twice might read either value."""
    found = dict(pairs)
    if len(found) != len(pairs):
        refuse("The request holds a key twice in one object.")
    return found


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)
