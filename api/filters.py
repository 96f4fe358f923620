"""Check the conditions by which lists are filtered."""

from domain.errors import InvalidInput
from domain.rules.text import is_printable

MAX_CODE_LENGTH = 100
MAX_PROGRAM_KEY_LENGTH = 100
# As long as an address of a mailbox can be: 64 characters, @ and 255 of a domain (RFC 5321).
MAX_PERSON_LENGTH = 320


def checked_text(text: str | None, *, max_length: int, refusal: str) -> str | None:
    """Return a text to look for, or nothing where it is empty.

    Raises:
        InvalidInput: it is too long, or holds what cannot be printed.
    """
    # PostgreSQL refuses a NUL in a text: unchecked, a client's mistake would be a fault of ours.
    if text and not is_printable(text, max_length=max_length):
        raise InvalidInput(refusal)
    return text or None


def checked_certification(code: str | None) -> str | None:
    """Return a certification's code, or refuse it as ``checked_text`` does."""
    return checked_text(code, max_length=MAX_CODE_LENGTH, refusal="This is no code of a certification.")


def checked_program(key: str | None) -> str | None:
    """Return a program's key, or refuse it as ``checked_text`` does."""
    return checked_text(key, max_length=MAX_PROGRAM_KEY_LENGTH, refusal="This is no key of a program.")


def checked_person(text: str | None) -> str | None:
    """Return a part of a name or address without blanks around it, or refuse it as ``checked_text`` does."""
    text = text.strip() if text else None
    return checked_text(text, max_length=MAX_PERSON_LENGTH, refusal="This is no part of a name or a work e-mail.")
