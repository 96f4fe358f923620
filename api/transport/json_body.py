"""Parse JSON within limits."""

import json
import re
from collections import Counter
from typing import NoReturn

from api.errors import ErrorCode, RequestError
from domain.rules.text import is_storable

MAX_NESTING = 100
# Several times what the longest lists take: each field with a long list as its argument reads it anew, refused or not.
MAX_VALUES = 2_000
# Brackets, and whole strings, in which brackets mean nothing. A string without an end takes all that is left, so that
# no character is looked at twice.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[][{}]', re.DOTALL)


def parse_json(body: bytes | str) -> object:
    """Return the value of a JSON text.

    Raises:
        RequestError: it is no UTF-8, no JSON, ambiguous, nested too deeply, or holds text that no database can keep.
    """
    value = load_json(body)
    check_values(value)
    return value


def load_json(body: bytes | str) -> object:
    """Return the value of a JSON text, for `check_values` to check.

    Raises:
        RequestError: it is no UTF-8, no JSON, ambiguous, or nested so deeply that it cannot be read.
    """
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")
        value: object = json.loads(text, parse_constant=_no_number, object_pairs_hook=_unambiguous)
    except UnicodeDecodeError:
        refuse("The request is not UTF-8.")
    except RecursionError:
        refuse("The request is nested too deeply.")
    except ValueError:
        refuse("The request is not JSON.")
    return value


def top_level(text: str) -> dict[str, object]:
    """Return a JSON object without the objects and lists in it, and without keys that come twice.

    Of any other text it is empty. One pass without recursion: what is nested cannot make it slow.
    """
    kept: list[str] = []
    depth = start = 0
    for token in _TOKENS.finditer(text):
        match token[0]:
            case "{" | "[":
                depth += 1
                if depth == 2:
                    kept.append(text[start : token.start()])
            case "}" | "]":
                depth -= 1
                if depth == 1:
                    kept.append("null")
                    start = token.end()
    try:
        value = json.loads("".join([*kept, text[start:]]), object_pairs_hook=_single_keys)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def check_values(value: object) -> None:
    """Refuse a value that is nested too deeply or holds too much, and texts that no database can keep.

    Raises:
        RequestError: there is too much of it, or something that no database can keep.
    """
    # By levels and not by recursion, which such a value would not survive.
    level, values = [value], 0
    for _ in range(MAX_NESTING):
        values += len(level)
        if values > MAX_VALUES:
            refuse(f"The request holds more than {MAX_VALUES:,} values.")
        deeper: list[object] = []
        for item in level:
            if isinstance(item, str):
                if not is_storable(item):
                    refuse("The request holds NUL or half of a surrogate pair.")
            elif isinstance(item, dict):
                deeper.extend(item.keys())
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        if not deeper:
            return
        level = deeper
    refuse("The request is nested too deeply.")


def refuse(sentence: str) -> NoReturn:
    """Raise the RequestError of a request that cannot be understood."""
    raise RequestError(ErrorCode.BAD_REQUEST, sentence)


def _unambiguous(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    # Of a key that comes twice, one reader might take the first value and another the last.
    if len(value) != len(pairs):
        refuse("The request holds a key twice in one object.")
    return value


def _single_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    times = Counter(name for name, _ in pairs)
    return {name: value for name, value in pairs if times[name] == 1}


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)
