"""How are lists walked?

By keyset cursors, so a page stays where it is while rows come and go.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Generic, TypedDict, TypeVar

import strawberry

from api.context import Info
from api.cursors import Cursor, cursor_text, read_cursor
from api.fields import field
from api.selection import selects
from domain.errors import InvalidInput
from domain.queries.page import DEFAULT_SIZE, MAX_SIZE, Order, Page, PageRequest

Node = TypeVar("Node")
Row = TypeVar("Row")
Given = TypeVar("Given")

First = Annotated[
    int | None,
    strawberry.argument(description=f"At most so many from the start, 1 to {MAX_SIZE}; {DEFAULT_SIZE} by default."),
]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Last = Annotated[
    int | None, strawberry.argument(description=f"At most so many from the end, 1 to {MAX_SIZE}; not with `first`.")
]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]
WalkAsOf = Annotated[
    datetime | None,
    strawberry.argument(
        description="The instant, past or future, at which to look; by default that of the cursor, or now without one."
    ),
]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """What a client needs to walk on."""

    has_next_page: bool = strawberry.field(description="Whether more comes after this page.")
    has_previous_page: bool = strawberry.field(description="Whether more comes before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the page's first item; null when empty.")
    end_cursor: str | None = strawberry.field(description="The cursor of the page's last item; null when empty.")


@strawberry.type(description="An item of a list and where it lies.")
class Edge(Generic[Node]):
    """An item with its cursor."""

    cursor: str = strawberry.field(description="Opaque; pass it as `after` or `before`.")
    node: Node = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Node]):
    """A page, as Relay describes it, with its items also given plainly."""

    edges: list[Edge[Node]] = strawberry.field(description="The page's items with their cursors.")
    nodes: list[Node] = strawberry.field(description="The page's items.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in its list.")
    counted: strawberry.Private[int | None]

    @field("How many items the whole list has.")
    def total_count(self) -> int:
        """Return the count, which is only taken where this is asked for."""
        assert self.counted is not None
        return self.counted


class ConnectionParts(TypedDict, Generic[Node]):
    """What every connection is made of."""

    edges: list[Edge[Node]]
    nodes: list[Node]
    page_info: PageInfo
    counted: int | None


def page_request(
    first: int | None, after: str | None, last: int | None, before: str | None, *, info: Info | None = None
) -> PageRequest:
    """Return the page that a connection's arguments ask for; with ``info`` it is only counted where that is asked for.

    Raises:
        InvalidInput: a size is out of bounds, a cursor is none of ours, or both directions are asked for.
    """
    return _request(first, last, _cursor(after, None), _cursor(before, None), order=None, info=info)


def page_as_of(
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    *,
    info: Info,
    as_of: datetime | None,
    order: Order | None = None,
) -> tuple[PageRequest, datetime]:
    """Return the page that the arguments ask for of a list that is as of an instant, and that instant (aware, UTC).

    A cursor carries the instant of its list, so a walk that began now stays there.

    Raises:
        InvalidInput: as for ``page_request``, or a cursor is of another order or of another instant.
    """
    cursors = _cursor(after, order), _cursor(before, order)
    told = [given(as_of), *(cursor.as_of for cursor in cursors if cursor is not None)]
    instants = {instant for instant in told if instant is not None}
    if len(instants) > 1:
        raise InvalidInput("This cursor is of another instant: leave `asOf` out, or start from the list's beginning.")
    return _request(first, last, *cursors, order=order, info=info), min(instants, default=info.context.now)


def given(argument: Given | None) -> Given | None:
    """Return an argument, or nothing where the client left it out: that is as good as null."""
    return None if argument is strawberry.UNSET else argument


def connection(
    page: Page[Row],
    *,
    node: Callable[[Row], Node],
    order: Order | None = None,
    as_of: datetime | None = None,
) -> Connection[Node]:
    """Return a page of rows as a connection of nodes."""
    return Connection(**connection_parts(page, node=node, order=order, as_of=as_of))


def connection_parts(
    page: Page[Row], *, node: Callable[[Row], Node], order: Order | None = None, as_of: datetime | None = None
) -> ConnectionParts[Node]:
    """Return what a connection is made of, for connections that tell more."""
    cursors = [cursor_text(place, order=order, as_of=as_of) for place in page.places]
    nodes = [node(row) for row in page.rows]
    return {
        "edges": [Edge(cursor=cursor, node=each) for cursor, each in zip(cursors, nodes, strict=True)],
        "nodes": nodes,
        "page_info": PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
        "counted": page.total,
    }


def _cursor(text: str | None, order: Order | None) -> Cursor | None:
    text = given(text)
    return None if text is None else read_cursor(text, order)


def _request(
    first: int | None,
    last: int | None,
    after: Cursor | None,
    before: Cursor | None,
    *,
    order: Order | None,
    info: Info | None,
) -> PageRequest:
    first, last = given(first), given(last)
    if first is not None and last is not None:
        raise InvalidInput("Ask for `first` or for `last`, not for both.")
    size = first if first is not None else last if last is not None else DEFAULT_SIZE
    if not 1 <= size <= MAX_SIZE:
        raise InvalidInput(f"Ask for 1 to {MAX_SIZE} items.")
    return PageRequest(
        size=size,
        after=None if after is None else after.place,
        before=None if before is None else before.place,
        backward=last is not None,
        order=order,
        counted=info is None or selects(info, "totalCount"),
    )
