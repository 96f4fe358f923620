"""What does a cursor say?

Where a row stands in its list: in which order, as of when, by which value and id. It is signed for its list, since one
that was changed, or is another list's, would go on somewhere else and silently leave rows out; signed, it is refused.
It holds nothing that its list does not show, and stays valid in every process for as long as the key is the same.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.graphql.ids import opaque, transparent
from domain.database.pagination import Order, Position, Value
from domain.errors import InvalidInput

# Twelve bytes are sixteen characters exactly, so that each bit of each character counts.
_SIGNATURE_BYTES = 12
_SIGNATURE_LENGTH = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A position, and the instant of its list (aware, UTC) where the list has one."""

    position: Position
    as_of: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ListCursors:
    """The cursors of one list in one order; those of others are none of its.

    ``key`` is the key for cursors, and ``name`` says which list of which parent it is.
    """

    key: bytes
    name: str
    order: Order | None = None

    def text(self, cursor: Cursor) -> str:
        """Return a cursor in the form in which clients pass it around."""
        as_of = None if cursor.as_of is None else _number(cursor.as_of)
        told = [_name(self.order), as_of, cursor.position.id, _plain(cursor.position.value)]
        content = opaque(json.dumps(told, separators=(",", ":")))
        return content + self._signature(content)

    def read(self, text: str) -> Cursor:
        """Return what a cursor of this list says.

        Raises:
            InvalidInput: it is none of this list's, or one of another order.
        """
        content, signature = text[:-_SIGNATURE_LENGTH], text[-_SIGNATURE_LENGTH:]
        if not hmac.compare_digest(_bytes(signature), _bytes(self._signature(content))):
            raise InvalidInput("This cursor is none of this list's: start from the list's beginning.")
        name, as_of, identifier, value = json.loads(transparent(content) or "")
        if name != _name(self.order):
            raise InvalidInput("This cursor is of another order: start from the list's beginning.")
        return Cursor(
            position=Position(id=identifier, value=_value(value, self.order)),
            as_of=None if as_of is None else _instant(as_of),
        )

    def _signature(self, content: str) -> str:
        digest = hmac.digest(self.key, _bytes(f"{self.name}\n{content}"), "sha256")
        return urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode()


def _bytes(text: str) -> bytes:
    # What a stranger sends may hold half a surrogate pair.
    return text.encode(errors="surrogatepass")


def _name(order: Order | None) -> str | None:
    return None if order is None else f"{order.name}{'-' if order.descending else '+'}"


def _plain(value: Value | None) -> str | int | None:
    return _number(value) if isinstance(value, datetime) else value


def _value(plain: str | int | None, order: Order | None) -> Value | None:
    return _instant(plain) if order is not None and order.kind is datetime and isinstance(plain, int) else plain


def _number(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _instant(number: int) -> datetime:
    return _EPOCH + number * _MICROSECOND
