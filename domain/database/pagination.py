"""Which part of a list is asked for, and what came before and after it?

Lists are walked by key, not by position, so they stay stable while rows change. The key is the value by which the list
is ordered, and the id where values are equal.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from domain.database.pool import connection, typed_row

Row = TypeVar("Row")
Value = str | int | datetime

DEFAULT_SIZE = 25
MAX_SIZE = 100
_SQL_TYPES: dict[type[Value], str] = {str: "text", int: "bigint", datetime: "timestamptz"}


@dataclass(frozen=True, kw_only=True)
class Order:
    """By what a list is ordered; rows of equal value by id, in the same direction.

    ``expression`` is SQL over the list's columns and gives a ``kind``. Where it is null the value is later, or larger,
    than any: last when ascending, first when descending, so that one direction is the other's mirror.
    """

    name: str
    expression: str
    kind: type[Value]
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a row stands in a list: by its value, which is ``None`` too where the list has only ids, and its id."""

    id: int
    value: Value | None = None


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """The rows after and before a position, at most ``size``; ``backward`` takes the last of them instead of the first.

    Without an order the list is walked by id, newest first. The whole is counted only where that is asked for.
    """

    size: int = DEFAULT_SIZE
    after: Position | None = None
    before: Position | None = None
    backward: bool = False
    order: Order | None = None
    counted: bool = True


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Row]):
    """A part of a list in the list's order, where each row stands, and how long the whole is if it was counted."""

    rows: Sequence[Row]
    positions: Sequence[Position]
    total: int | None
    has_next: bool
    has_previous: bool


async def fetch_page(kind: type[Row], listed: str, *arguments: object, page: PageRequest) -> Page[Row]:
    """Run one statement that reads a page of a list and, if asked for, counts the list.

    ``listed`` selects the whole list with a column ``id``; its parameters are ``arguments``.
    """
    sql, added = page_statement(listed, len(arguments), page)
    async with connection() as current:
        records = await current.fetch(sql, *arguments, *added)
    return _page(kind, [dict(record) for record in records], page)


async def fetch_pages(
    kind: type[Row], listed: str, *arguments: object, parents: Collection[int], page: PageRequest
) -> dict[int, Page[Row]]:
    """Run one statement that reads the same page of each parent's list, by the parent's number.

    ``listed`` selects the list of the parent whose number is ``parent.id``, and is as for ``fetch_page`` else.
    """
    inner, added = page_statement(listed, len(arguments) + 1, page)
    sql = f"""SELECT parent.id AS list_parent, page.* FROM unnest(${len(arguments) + 1}::bigint[]) parent (id)
        CROSS JOIN LATERAL ({inner}) page ORDER BY {_sequence(page.order, "page.position_value", backward=False)}"""
    async with connection() as current:
        records = await current.fetch(sql, *arguments, list(parents), *added)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for columns in map(dict, records):
        found[columns.pop("list_parent")].append(columns)
    return {parent: _page(kind, rows, page) for parent, rows in found.items()}


def page_statement(listed: str, arguments: int, page: PageRequest) -> tuple[str, list[object]]:
    """Return the statement that reads a page of a list of so many arguments, and the arguments that it adds.

    The list is not materialized: its order and limit reach into it, and a count needs none of its columns.
    """
    parameters = _Parameters(arguments)
    value = page.order.expression if page.order else "NULL::text"
    conditions = [
        _beyond(page.order, position, parameters, later=later == _is_ascending(page.order))
        for position, later in ((page.after, True), (page.before, False))
        if position is not None
    ]
    limit = parameters.add(page.size + 1, "bigint")
    found = f"""SELECT listed.*, {value} AS position_value FROM listed
        WHERE {" AND ".join(conditions) or "true"}
        ORDER BY {_sequence(page.order, value, backward=page.backward)} LIMIT {limit}"""
    whole = "(SELECT count(*) AS total FROM listed)" if page.counted else "(SELECT NULL::bigint AS total)"
    return (
        f"""WITH listed AS NOT MATERIALIZED ({listed})
            SELECT page.*, whole.total AS list_total FROM {whole} whole LEFT JOIN ({found}) page ON true
            ORDER BY {_sequence(page.order, "page.position_value", backward=False)}""",
        parameters.values,
    )


class _Parameters:
    """The parameters that a page adds to its list's own."""

    def __init__(self, taken: int) -> None:
        self.values: list[object] = []
        self._taken = taken

    def add(self, value: object, sql_type: str) -> str:
        self.values.append(value)
        return f"${self._taken + len(self.values)}::{sql_type}"


def _is_ascending(order: Order | None) -> bool:
    return order is not None and not order.descending


def _sequence(order: Order | None, value: str, *, backward: bool) -> str:
    # PostgreSQL puts nulls where they belong by itself: last when ascending, first when descending.
    direction = "ASC" if _is_ascending(order) is not backward else "DESC"
    return f"{value} {direction}, id {direction}" if order else f"id {direction}"


def _beyond(order: Order | None, position: Position, parameters: _Parameters, *, later: bool) -> str:
    """Return the condition that a row's value and id are larger, or smaller, than a position's."""
    sign = ">" if later else "<"
    identifier = parameters.add(position.id, "bigint")
    if order is None:
        return f"id {sign} {identifier}"
    if position.value is None:
        same = f"({order.expression} IS NULL AND id {sign} {identifier})"
        return same if later else f"({same} OR {order.expression} IS NOT NULL)"
    value = parameters.add(position.value, _SQL_TYPES[order.kind])
    beyond = f"({order.expression}, id) {sign} ({value}, {identifier})"
    return f"({beyond} OR {order.expression} IS NULL)" if later and order.nullable else beyond


def _page(kind: type[Row], found: Sequence[dict[str, Any]], page: PageRequest) -> Page[Row]:
    """Return a page of the rows that its statement found: one more than asked for, where more come."""
    total = found[0]["list_total"] if found else None
    placed = [_positioned(kind, columns) for columns in found if columns["id"] is not None]
    more = len(placed) > page.size
    kept = placed[1 if more else 0 :] if page.backward else placed[: page.size]
    return Page(
        rows=[row for row, _ in kept],
        positions=[position for _, position in kept],
        total=total,
        has_next=page.before is not None if page.backward else more,
        has_previous=more if page.backward else page.after is not None,
    )


def _positioned(kind: type[Row], columns: dict[str, Any]) -> tuple[Row, Position]:
    del columns["list_total"]
    position = Position(id=columns["id"], value=columns.pop("position_value"))
    return typed_row(kind, columns), position


def where(
    always: str, arguments: Iterable[object], conditions: Iterable[tuple[str, object]]
) -> tuple[str, list[object]]:
    """Return a WHERE clause and its arguments: what always holds, and each condition whose value is not ``None``.

    A condition has ``?`` where its value belongs.
    """
    clauses, values = [always], list(arguments)
    for condition, value in conditions:
        if value is not None:
            values.append(value)
            clauses.append(condition.replace("?", f"${len(values)}"))
    return "WHERE " + " AND ".join(clauses), values
