"""How are things named to clients?

A global id is opaque: clients pass it back as it is. There is exactly one spelling of each, and what is not one of
ours is simply the id of nothing: unknown, foreign and malformed ids answer alike.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum

import strawberry

from domain.errors import NotFound

_PROGRAM = "pro"
MAX_NUMBER = 2**63 - 1
_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


class Kind(StrEnum):
    """What a global id is the id of; the words are short since they are part of every id."""

    ORGANIZATION = "org"
    MEMBER = "mem"
    LEARNING_ACCOUNT = "acc"
    ASSOCIATION = "ass"
    ATTEMPT = "att"
    CREDIT = "cre"
    INVITATION = "inv"
    API_CLIENT = "api"


def global_id(kind: Kind, number: int) -> strawberry.ID:
    """Return the opaque id of a row."""
    return strawberry.ID(opaque(f"{kind}:{number}"))


def program_id(key: str) -> strawberry.ID:
    """Return the opaque id of a program, which is its key's."""
    return strawberry.ID(opaque(f"{_PROGRAM}:{key}"))


def program_key(text: str) -> str | None:
    """Return the key of a program's id, or nothing where it names something else or nothing."""
    word, _, key = (transparent(text) or "").partition(":")
    return key if word == _PROGRAM and key else None


def kind_and_number(text: str) -> tuple[Kind, int] | None:
    """Return what a global id names, or nothing where it is none of ours."""
    kind, number = word_and_number(text) or ("", 0)
    return (Kind(kind), number) if kind in set(Kind) else None


def decode_id(text: str, kind: Kind) -> int | None:
    """Return the number of a row of a kind, or nothing where the id names something else or nothing."""
    found = kind_and_number(text)
    return found[1] if found is not None and found[0] is kind else None


def decode_id_or_raise(text: str, kind: Kind) -> int:
    """Return the number of a row of a kind.

    Raises:
        NotFound: the id names something else or nothing.
    """
    number = decode_id(text, kind)
    if number is None:
        raise NotFound
    return number


def word_and_number(text: str) -> tuple[str, int] | None:
    """Return the word and the positive number of an opaque text, or nothing where it holds anything else."""
    word, _, number = (transparent(text) or "").partition(":")
    if not _NUMBER.fullmatch(number) or int(number) > MAX_NUMBER:
        return None
    return word, int(number)


def opaque(text: str) -> str:
    """Return a text in the form in which clients pass it around."""
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def transparent(text: str) -> str | None:
    """Return what is behind an opaque text, or nothing where it is not spelt as we spell it."""
    try:
        found = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
    return found if opaque(found) == text else None
