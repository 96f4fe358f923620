"""Signed keyset cursors."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
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
    """The cursors of one list in one order."""

    # The first signs, and each is accepted.
    keys: Sequence[bytes]
    # The name of the list and its parent. It is signed with the cursor, so no other list accepts the cursor.
    name: str
    order: Order | None = None

    def text(self, cursor: Cursor) -> str:
        # Signed but not encrypted: a cursor holds nothing that the list does not show; only a changed one does harm.
        values = [_name(self.order), _json_value(cursor.as_of), cursor.position.id, _json_value(cursor.position.value)]
        content = opaque(json.dumps(values, separators=(",", ":")))
        return content + self._signature(content, self.keys[0])

    def read(self, text: str) -> Cursor:
        """Return the cursor of this list that a text is.

        Raises:
            InvalidInput: it is of another list or another order, or no cursor.
        """
        # A cursor that was changed, or is another list's, would continue at the wrong row and silently leave rows out.
        content, signature = text[:-_SIGNATURE_LENGTH], text[-_SIGNATURE_LENGTH:]
        signatures = [_bytes(self._signature(content, key)) for key in self.keys]
        if not any(hmac.compare_digest(_bytes(signature), accepted) for accepted in signatures):
            raise InvalidInput("This cursor is none of this list's: start from the list's beginning.")
        name, as_of, row_id, value = json.loads(transparent(content) or "")
        if name != _name(self.order):
            raise InvalidInput("This cursor is of another order: start from the list's beginning.")
        if self.order is not None and self.order.kind is datetime and value is not None:
            value = _instant(value)
        return Cursor(position=Position(id=row_id, value=value), as_of=None if as_of is None else _instant(as_of))

    # Valid in every process with the same settings: a client's next request may reach another one.
    def _signature(self, content: str, key: bytes) -> str:
        digest = hmac.digest(key, _bytes(f"{self.name}\n{content}"), "sha256")
        return urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode()


def _bytes(text: str) -> bytes:
    # What a client sends may hold half a surrogate pair.
    return text.encode(errors="surrogatepass")


def _name(order: Order | None) -> str | None:
    return None if order is None else f"{order.name}{'-' if order.descending else '+'}"


def _json_value(value: Value | None) -> str | int | None:
    # Whole microseconds: a float of seconds is inexact for an instant far ahead, and the page could lose a row.
    return (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
