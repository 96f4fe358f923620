"""Global ids: opaque, with exactly one spelling of each."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum

import strawberry

from domain.errors import NotFound

_PROGRAM = "pro"
# PostgreSQL's bigint: asyncpg raises at a larger argument, which would be a fault of ours.
MAX_ID = 2**63 - 1
# No leading zero and ASCII alone: `int` takes more spellings, and an id has exactly one.
_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


class Kind(StrEnum):
    """What a global id is the id of."""

    # Short, since they are part of every id. They can never change, since clients store ids.

    ORGANIZATION = "org"
    MEMBER = "mem"
    LEARNING_ACCOUNT = "acc"
    ASSOCIATION = "ass"
    ATTEMPT = "att"
    CREDIT = "cre"
    INVITATION = "inv"
    API_CLIENT = "api"


@strawberry.interface(description="Something with a global id, which `node` finds again.")
class Node:
    id: strawberry.ID = strawberry.field(description="Its global id: opaque, and the same for ever.")


def global_id(kind: Kind, row_id: int) -> strawberry.ID:
    return strawberry.ID(opaque(f"{kind}:{row_id}"))


def program_id(key: str) -> strawberry.ID:
    return strawberry.ID(opaque(f"{_PROGRAM}:{key}"))


def program_key(text: str) -> str | None:
    """Return the key of a program's global id; nothing for another id or none."""
    prefix, _, key = (transparent(text) or "").partition(":")
    return key if prefix == _PROGRAM and key else None


def decode_any_id(text: str) -> tuple[Kind, int] | None:
    """Return the kind and the row id of a global id; nothing for what is none."""
    # Not an error: unknown, foreign and malformed ids answer alike, so that nobody can tell what exists.
    kind, _, row_id = (transparent(text) or "").partition(":")
    if kind not in set(Kind) or not _ID.fullmatch(row_id) or int(row_id) > MAX_ID:
        return None
    return Kind(kind), int(row_id)


def decode_id(text: str, kind: Kind) -> int | None:
    """Return the row id of a kind's global id; nothing for another id or none."""
    decoded = decode_any_id(text)
    return decoded[1] if decoded is not None and decoded[0] is kind else None


def decode_id_or_raise(text: str, kind: Kind) -> int:
    """Return the row id of a kind's global id.

    Raises:
        NotFound: the text is another id or none.
    """
    row_id = decode_id(text, kind)
    if row_id is None:
        raise NotFound
    return row_id


def opaque(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def transparent(text: str) -> str | None:
    """Return the text that ``opaque`` was given; nothing where it would have spelt it otherwise."""
    try:
        decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
    # base64 reads several texts as the same bytes: other last bits, and characters that it passes over.
    return decoded if opaque(decoded) == text else None
