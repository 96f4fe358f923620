"""Check the conditions by which lists are filtered."""

from datetime import datetime

from domain.errors import InvalidInput
from domain.queries.skills_report import InstantRange
from domain.rules.text import is_printable

MAX_CODE_LENGTH = 100
MAX_KEY_LENGTH = 100
MAX_PERSON_LENGTH = 320


def checked_text(text: str | None, *, max_length: int, refusal: str) -> str | None:
    """Return a text to look for, or nothing where it is empty.

    Raises:
        InvalidInput: it is too long, or holds what cannot be printed.
    """
    if text and not is_printable(text, max_length=max_length):
        raise InvalidInput(refusal)
    return text or None


def checked_certification(code: str | None) -> str | None:
    """Return a certification's code, or nothing where it is empty.

    Raises:
        InvalidInput: no certification can have it.
    """
    return checked_text(code, max_length=MAX_CODE_LENGTH, refusal="This is no code of a certification.")


def checked_person(text: str | None) -> str | None:
    """Return what to look for in names and addresses, or nothing where it is blank.

    Raises:
        InvalidInput: no name or address can have it.
    """
    text = text.strip() if text else None
    return checked_text(text, max_length=MAX_PERSON_LENGTH, refusal="This is no part of a name or a work e-mail.")


def checked_program(key: str | None) -> str | None:
    """Return a program's key, or nothing where it is empty.

    Raises:
        InvalidInput: no program can have it.
    """
    return checked_text(key, max_length=MAX_KEY_LENGTH, refusal="This is no key of a program.")


def checked_range(start: datetime | None, end: datetime | None) -> InstantRange:
    """Return a span of time (aware, UTC).

    Raises:
        InvalidInput: it ends before it begins.
    """
    if start is not None and end is not None and end <= start:
        raise InvalidInput("A span must end after it begins.")
    return InstantRange(start=start, end=end)
