"""What does a cursor say?

Where a row stands in its list: in which order, as of when, by which value and id. Nothing is signed, since whatever a
cursor says is only where to go on in a list of which the caller sees no more than without it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.ids import MAX_NUMBER, opaque, transparent, word_and_number
from domain.errors import InvalidInput
from domain.queries.page import Order, Place, Value

_BY_ID = "key"
_DATED = "row:"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A place, and the instant of its list (aware, UTC) where the list has one."""

    place: Place
    as_of: datetime | None = None


def cursor_text(place: Place, *, order: Order | None = None, as_of: datetime | None = None) -> str:
    """Return a cursor in the form in which clients pass it around."""
    if as_of is None and order is None:
        return opaque(f"{_BY_ID}:{place.id}")
    told = [_name(order), None if as_of is None else _number(as_of), place.id, _plain(place.value)]
    return opaque(_DATED + json.dumps(told, separators=(",", ":")))


def read_cursor(text: str, order: Order | None) -> Cursor:
    """Return what a cursor of a list in an order says.

    Raises:
        InvalidInput: it is none of ours, or one of another order's.
    """
    cursor = _by_id(text) if order is None else None
    cursor = cursor or _dated(text, order)
    if cursor is None:
        raise InvalidInput("This cursor is none of this list's.")
    return cursor


def _by_id(text: str) -> Cursor | None:
    word, number = word_and_number(text) or ("", 0)
    return Cursor(place=Place(id=number)) if word == _BY_ID else None


def _dated(text: str, order: Order | None) -> Cursor | None:
    told = transparent(text)
    if told is None or not told.startswith(_DATED):
        return None
    try:
        name, as_of, identifier, value = json.loads(told.removeprefix(_DATED))
        if name != _name(order):
            raise InvalidInput("This cursor is of another order: start from the list's beginning.")
        instant = None if as_of is None else _instant(as_of)
        cursor = Cursor(place=Place(id=_checked(identifier), value=_value(value, order)), as_of=instant)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    # There is exactly one spelling of each.
    return cursor if cursor_text(cursor.place, order=order, as_of=cursor.as_of) == text else None


def _name(order: Order | None) -> str | None:
    return None if order is None else f"{order.name}{'-' if order.descending else '+'}"


def _plain(value: Value | None) -> str | int | None:
    return _number(value) if isinstance(value, datetime) else value


def _value(plain: object, order: Order | None) -> Value | None:
    """Return a value in the kind that its order has.

    Raises:
        ValueError: it is of another kind.
    """
    if plain is None and (order is None or order.nullable):
        return None
    if order is not None and order.kind is str and isinstance(plain, str):
        return plain
    if order is not None and order.kind is not str and isinstance(plain, int):
        return _instant(plain) if order.kind is datetime else _checked(plain)
    raise ValueError


def _checked(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= MAX_NUMBER:
        raise ValueError
    return number


def _number(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _instant(number: int) -> datetime:
    return _EPOCH + number * _MICROSECOND
