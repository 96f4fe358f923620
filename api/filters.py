"""Can a report's conditions be understood, whether they come by GraphQL or in an address?"""

from datetime import datetime

from domain.errors import InvalidInput
from domain.queries.skills_report import InstantRange

MAX_CODE_LENGTH = 100
MAX_KEY_LENGTH = 100
MAX_PERSON_LENGTH = 320


def checked_certification(code: str | None) -> str | None:
    """Return a certification's code, or nothing where it is empty.

    Raises:
        InvalidInput: no certification can have it.
    """
    if code and (len(code) > MAX_CODE_LENGTH or not code.isprintable()):
        raise InvalidInput("This is no code of a certification.")
    return code or None


def checked_person(text: str | None) -> str | None:
    """Return what to look for in names and addresses, or nothing where it is blank.

    Raises:
        InvalidInput: no name or address can have it.
    """
    text = text.strip() if text else None
    if text and (len(text) > MAX_PERSON_LENGTH or not text.isprintable()):
        raise InvalidInput("This is no part of a name or a work e-mail.")
    return text or None


def checked_program(key: str | None) -> str | None:
    """Return a program's key, or nothing where it is empty.

    Raises:
        InvalidInput: no program can have it.
    """
    if key and (len(key) > MAX_KEY_LENGTH or not key.isprintable()):
        raise InvalidInput("This is no key of a program.")
    return key or None


def checked_range(start: datetime | None, end: datetime | None) -> InstantRange:
    """Return a span of time (aware, UTC).

    Raises:
        InvalidInput: it ends before it begins.
    """
    if start is not None and end is not None and end <= start:
        raise InvalidInput("A span must end after it begins.")
    return InstantRange(start=start, end=end)
