"""Which API clients may there be, how long do their keys notifications, and which key stays beside a new one?

Two keys live at a time, so that a program can be given the new one before the old one ends. (Our decisions.)
"""

import re
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import ascii_lowercase, ascii_uppercase, digits

from domain.errors import InvalidInput, Refusal
from domain.rules.enums import Scope

MAX_NAME = 100
# Far more than anybody has; it keeps a mistake in a loop from filling the database.
MAX_CLIENTS = 50
SLOTS = (1, 2)


class TooManyApiClients(Refusal):
    """The organization has as many API clients as it may have: revoke one first."""

    code = "TOO_MANY_API_CLIENTS"

    def __init__(self) -> None:
        super().__init__(
            f"Your organization has {MAX_CLIENTS} API clients already. Revoke one that nobody uses, then try again."
        )


@dataclass(frozen=True, kw_only=True)
class OpenKey:
    """A key that has not ended, though it may have expired; later keys have higher numbers."""

    id: int
    slot: int
    prefix: str
    expires_at: datetime


def client_name(text: str) -> str:
    """Return a name in the form in which it is kept.

    Raises:
        InvalidInput: it is empty, too long, or holds what cannot be printed.
    """
    name = text.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidInput(f"The name must have 1 to {MAX_NAME} printable characters.")
    return name


def wanted_scopes(scopes: Collection[Scope]) -> list[Scope]:
    """Return each scope once, in the order of the words.

    Raises:
        InvalidInput: there is none.
    """
    if not scopes:
        raise InvalidInput("An API client needs at least one scope.")
    return [scope for scope in Scope if scope in scopes]


def check_room(live_clients: int) -> None:
    """Refuse a further client where there are enough.

    Raises:
        TooManyApiClients: there are.
    """
    if live_clients >= MAX_CLIENTS:
        raise TooManyApiClients


def key_expiry(wanted: datetime | None, *, now: datetime, lifetime: timedelta) -> datetime:
    """Return until when (aware, UTC) a new key is good: for its longest lifetime, unless an earlier end is wanted.

    Raises:
        InvalidInput: the instant is not in the future, or later than the longest lifetime allows.
    """
    latest = now + lifetime
    if wanted is None:
        return latest
    if wanted <= now:
        raise InvalidInput("The key must expire in the future.")
    if wanted > latest:
        raise InvalidInput(f"A key expires after {lifetime.days} days at the latest.")
    return wanted


def key_that_stays(keys: Sequence[OpenKey], *, now: datetime, end_previous: bool) -> OpenKey | None:
    """Return the key that goes on beside a new one: the newest that has not expired, unless none is to."""
    living = [key for key in keys if key.expires_at > now]
    return None if end_previous else max(living, key=lambda key: key.id, default=None)


def free_slot(staying: OpenKey | None) -> int:
    """Return the slot that a new key takes beside the one that stays."""
    return next(slot for slot in SLOTS if staying is None or slot != staying.slot)


MARK = "certlink_"
ALPHABET = digits + ascii_uppercase + ascii_lowercase
PUBLIC_LENGTH = 8
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
_PREFIX_LENGTH = len(MARK) + PUBLIC_LENGTH
_KEY = re.compile(rf"{MARK}[0-9A-Za-z]{{{PUBLIC_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH}}}", re.ASCII)


def api_key(random_text: str) -> str:
    """Return the key of random text: the public characters, then the secret ones, all of the alphabet."""
    assert len(random_text) == PUBLIC_LENGTH + SECRET_LENGTH
    unchecked = MARK + random_text
    return unchecked + _checksum(unchecked)


def claims_to_be_api_key(text: str) -> bool:
    """Tell whether a text begins as every key does and no other token."""
    return text.startswith(MARK)


def prefix_of(text: str) -> str | None:
    """Return the public beginning of a key, or nothing where the text is none or was mistyped."""
    if not _KEY.fullmatch(text) or text != text[:-CHECKSUM_LENGTH] + _checksum(text[:-CHECKSUM_LENGTH]):
        return None
    return text[:_PREFIX_LENGTH]


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    letters = ""
    for _ in range(CHECKSUM_LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters = ALPHABET[place] + letters
    return letters
