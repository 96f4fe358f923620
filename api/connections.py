"""How are lists walked?

By keyset cursors, so a page stays where it is while rows come and go.
"""

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

import strawberry

from api.ids import opaque, word_and_number
from domain.errors import InvalidInput
from domain.queries.page import DEFAULT_SIZE, MAX_SIZE, Page, PageRequest

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

_CURSOR = "key"


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
    total_count: int = strawberry.field(description="How many items the whole list has.")


def page_request(first: int | None, after: str | None, last: int | None, before: str | None) -> PageRequest:
    """Return the page that a connection's arguments ask for.

    Raises:
        InvalidInput: a size is out of bounds, a cursor is none of ours, or both directions are asked for.
    """
    first, after, last, before = given(first), given(after), given(last), given(before)
    if first is not None and last is not None:
        raise InvalidInput("Ask for `first` or for `last`, not for both.")
    size = first if first is not None else last if last is not None else DEFAULT_SIZE
    if not 1 <= size <= MAX_SIZE:
        raise InvalidInput(f"Ask for 1 to {MAX_SIZE} items.")
    return PageRequest(size=size, after=_key(after), before=_key(before), backward=last is not None)


def given(argument: Given | None) -> Given | None:
    """Return an argument, or nothing where the client left it out: that is as good as null."""
    return None if argument is strawberry.UNSET else argument


def connection(page: Page[Row], *, node: Callable[[Row], Node], key: Callable[[Row], int]) -> Connection[Node]:
    """Return a page of rows as a connection of nodes."""
    cursors = [opaque(f"{_CURSOR}:{key(row)}") for row in page.rows]
    nodes = [node(row) for row in page.rows]
    return Connection(
        edges=[Edge(cursor=cursor, node=each) for cursor, each in zip(cursors, nodes, strict=True)],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
        total_count=page.total,
    )


def _key(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    word, key = word_and_number(cursor) or ("", 0)
    if word != _CURSOR:
        raise InvalidInput("This cursor is none of this list's.")
    return key
