"""API clients and their keys."""

import re
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import ascii_lowercase, ascii_uppercase, digits

from domain.errors import InvalidInput, Refusal
from domain.rules.enums import Scope
from domain.rules.text import is_printable

MAX_NAME = 100
# Many more than an organization needs: a program that creates clients in a loop must not fill the database.
MAX_CLIENTS = 50
# At most two live keys, so that a program can get the new one before the old one ends (our decision).
SLOTS = (1, 2)
# A key is certlink_, 8 public characters, 32 secret ones and a checksum of 6.
MARK = "certlink_"
ALPHABET = digits + ascii_uppercase + ascii_lowercase
PUBLIC_LENGTH = 8
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
_CHARACTERS = re.compile(rf"[0-9A-Za-z]{{{PUBLIC_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH}}}", re.ASCII)


class TooManyApiClients(Refusal):
    """The organization has as many API clients as it may have: revoke one first."""

    code = "TOO_MANY_API_CLIENTS"

    def __init__(self) -> None:
        super().__init__(
            f"Your organization has {MAX_CLIENTS} API clients already. Revoke one that nobody uses, then try again."
        )


@dataclass(frozen=True, kw_only=True)
class OpenKey:
    """A key that was not ended, though it may have expired; later keys have higher ids."""

    id: int
    slot: int
    prefix: str
    expires_at: datetime


def client_name(text: str) -> str:
    """Return a name without white space around it.

    Raises:
        InvalidInput: it is empty, too long, or holds unprintable characters.
    """
    name = text.strip()
    if not name or not is_printable(name, max_length=MAX_NAME):
        raise InvalidInput(f"The name must have 1 to {MAX_NAME} printable characters.")
    return name


def ordered_scopes(scopes: Collection[Scope]) -> list[Scope]:
    """Return each scope once, in the order of the enum.

    Raises:
        InvalidInput: there is no scope.
    """
    if not scopes:
        raise InvalidInput("An API client needs at least one scope.")
    return [scope for scope in Scope if scope in scopes]


def check_room(live_clients: int) -> None:
    """Refuse another client in an organization that has the most it may have.

    Raises:
        TooManyApiClients: it has.
    """
    if live_clients >= MAX_CLIENTS:
        raise TooManyApiClients


def key_expiry(requested: datetime | None, *, now: datetime, lifetime: timedelta) -> datetime:
    """Return when a new key expires (aware, UTC): after the longest lifetime, unless an earlier end is requested.

    Raises:
        InvalidInput: the instant is not in the future, or later than the longest lifetime allows.
    """
    latest = now + lifetime
    if requested is None:
        return latest
    if requested <= now:
        raise InvalidInput("The key must expire in the future.")
    if requested > latest:
        raise InvalidInput(f"A key expires after {lifetime.days} days at the latest.")
    return requested


def key_that_stays(keys: Sequence[OpenKey], *, now: datetime, end_previous: bool) -> OpenKey | None:
    """Return the key that stays live beside a new one: the newest unexpired one, unless previous keys shall end."""
    live = [key for key in keys if key.expires_at > now]
    return None if end_previous else max(live, key=lambda key: key.id, default=None)


def free_slot(staying: OpenKey | None) -> int:
    return next(slot for slot in SLOTS if staying is None or slot != staying.slot)


def api_key(random_text: str, *, mark: str = MARK) -> str:
    """Return the key of random characters of the alphabet: first the public ones, then the secret ones."""
    assert len(random_text) == PUBLIC_LENGTH + SECRET_LENGTH
    unchecked = mark + random_text
    return unchecked + _checksum(unchecked)


def claims_to_be_api_key(text: str) -> bool:
    return text.startswith(MARK)


def prefix_of(text: str, *, mark: str = MARK) -> str | None:
    """Return the public beginning of a key, or nothing if the text is not a key of this mark or was mistyped."""
    if not text.startswith(mark) or not _CHARACTERS.fullmatch(text, len(mark)):
        return None
    if text != text[:-CHECKSUM_LENGTH] + _checksum(text[:-CHECKSUM_LENGTH]):
        return None
    return text[: len(mark) + PUBLIC_LENGTH]


def _checksum(text: str) -> str:
    # It tells a mistyped key without a look into the database, and scanners for leaked secrets a key from other text.
    rest = zlib.crc32(text.encode())
    characters = ""
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        characters = ALPHABET[digit] + characters
    return characters
