"""Keyset pagination of lists in SQL."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from domain.database.pool import connection, typed_row

Row = TypeVar("Row")
Value = str | int | datetime

DEFAULT_SIZE = 25
MAX_SIZE = 100
_PAGE_COLUMNS = {"position_value", "list_total"}
_SQL_TYPES: dict[type[Value], str] = {str: "text", int: "bigint", datetime: "timestamptz"}


@dataclass(frozen=True, kw_only=True)
class Order:
    """The order of a list; rows of equal value are ordered by id, in the same direction.

    ``expression`` is SQL over the list's columns and gives a ``kind``. Null counts as larger than any value: last when
    ascending, first when descending, so that one direction is the other's mirror.
    """

    name: str
    expression: str
    kind: type[Value]
    descending: bool = False
    nullable: bool = False


# A page begins at a key and not at an offset, so rows that come and go meanwhile move nobody's position.
@dataclass(frozen=True, kw_only=True)
class Position:
    """A row's key in its list: its id, and its value, which is ``None`` too in a list that is ordered by id alone."""

    id: int
    value: Value | None = None


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """At most ``size`` rows after and before a position; ``backward`` takes the last of them instead of the first.

    Without an order the newest id comes first. The whole list is counted only if ``counted``.
    """

    size: int = DEFAULT_SIZE
    after: Position | None = None
    before: Position | None = None
    backward: bool = False
    order: Order | None = None
    counted: bool = True


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Row]):
    """Rows in the list's order, the position of each, and the length of the whole list if it was counted."""

    rows: Sequence[Row]
    positions: Sequence[Position]
    total: int | None
    has_next: bool
    has_previous: bool


async def fetch_page(kind: type[Row], list_sql: str, *arguments: object, page: PageRequest) -> Page[Row]:
    """Read a page of a list, and count the list if that is requested, by one statement.

    ``list_sql`` selects the whole list with a column ``id``; its parameters are ``arguments``.
    """
    sql, added = page_statement(list_sql, len(arguments), page)
    async with connection() as current:
        records = await current.fetch(sql, *arguments, *added)
    return _page(kind, [dict(record) for record in records], page)


async def fetch_pages(
    kind: type[Row], list_sql: str, *arguments: object, parents: Collection[int], page: PageRequest
) -> dict[int, Page[Row]]:
    """Read the same page of each parent's list by one statement, and return the pages by the parent's id.

    ``list_sql`` selects the list of the parent whose id is ``parent.id``; else it is as for ``fetch_page``.
    """
    inner, added = page_statement(list_sql, len(arguments) + 1, page)
    sql = f"""SELECT parent.id AS list_parent, page.* FROM unnest(${len(arguments) + 1}::bigint[]) parent (id)
        CROSS JOIN LATERAL ({inner}) page ORDER BY {_order_by(page.order, "page.position_value")}"""
    async with connection() as current:
        records = await current.fetch(sql, *arguments, list(parents), *added)
    by_parent: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for columns in map(dict, records):
        by_parent[columns.pop("list_parent")].append(columns)
    return {parent: _page(kind, rows, page) for parent, rows in by_parent.items()}


def page_statement(list_sql: str, arguments: int, page: PageRequest) -> tuple[str, list[object]]:
    """Return the statement that reads a page of a list with so many arguments, and the arguments that it adds."""
    added: list[object] = []

    def parameter(value: object, sql_type: str) -> str:
        added.append(value)
        return f"${arguments + len(added)}::{sql_type}"

    value = page.order.expression if page.order else "NULL::text"
    conditions = [
        _beyond(page.order, position, parameter, larger=is_after is _is_ascending(page.order))
        for position, is_after in ((page.after, True), (page.before, False))
        if position is not None
    ]
    # One row more than a page holds tells whether another page follows.
    limit = parameter(page.size + 1, "bigint")
    rows = f"""SELECT listed.*, {value} AS position_value FROM listed
        WHERE {" AND ".join(conditions) or "true"}
        ORDER BY {_order_by(page.order, value, backward=page.backward)} LIMIT {limit}"""
    whole = "(SELECT count(*) AS total FROM listed)" if page.counted else "(SELECT NULL::bigint AS total)"
    # Not materialized: the order and the limit reach into the list, and a count needs none of its columns.
    return (
        f"""WITH listed AS NOT MATERIALIZED ({list_sql})
            SELECT page.*, whole.total AS list_total FROM {whole} whole LEFT JOIN ({rows}) page ON true
            ORDER BY {_order_by(page.order, "page.position_value")}""",
        added,
    )


def _is_ascending(order: Order | None) -> bool:
    return order is not None and not order.descending


def _order_by(order: Order | None, value: str, *, backward: bool = False) -> str:
    # PostgreSQL puts nulls where they belong by itself: last when ascending, first when descending.
    direction = "ASC" if _is_ascending(order) is not backward else "DESC"
    return f"{value} {direction}, id {direction}" if order else f"id {direction}"


def _beyond(order: Order | None, position: Position, parameter: Callable[[object, str], str], *, larger: bool) -> str:
    sign = ">" if larger else "<"
    identifier = parameter(position.id, "bigint")
    if order is None:
        return f"id {sign} {identifier}"
    # Null counts as larger than any value, and SQL compares it with nothing.
    if position.value is None:
        same = f"({order.expression} IS NULL AND id {sign} {identifier})"
        return same if larger else f"({same} OR {order.expression} IS NOT NULL)"
    value = parameter(position.value, _SQL_TYPES[order.kind])
    beyond = f"({order.expression}, id) {sign} ({value}, {identifier})"
    return f"({beyond} OR {order.expression} IS NULL)" if larger and order.nullable else beyond


def _page(kind: type[Row], records: Sequence[dict[str, Any]], page: PageRequest) -> Page[Row]:
    total = records[0]["list_total"] if records else None
    # A list without rows on the page has one record all the same, with the total alone.
    records = [columns for columns in records if columns["id"] is not None]
    more = len(records) > page.size
    records = records[1 if more else 0 :] if page.backward else records[: page.size]
    own = ({name: value for name, value in columns.items() if name not in _PAGE_COLUMNS} for columns in records)
    return Page(
        rows=[typed_row(kind, columns) for columns in own],
        positions=[Position(id=columns["id"], value=columns["position_value"]) for columns in records],
        total=total,
        has_next=page.before is not None if page.backward else more,
        has_previous=more if page.backward else page.after is not None,
    )


def where(
    always: str, arguments: Iterable[object], conditions: Iterable[tuple[str, object]]
) -> tuple[str, list[object]]:
    """Return a WHERE clause of the condition ``always`` and of those whose value is not ``None``, and its arguments.

    A condition has ``?`` in place of its value.
    """
    clauses, values = [always], list(arguments)
    for condition, value in conditions:
        if value is not None:
            values.append(value)
            clauses.append(condition.replace("?", f"${len(values)}"))
    return "WHERE " + " AND ".join(clauses), values
