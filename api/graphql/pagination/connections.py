"""Relay connections over keyset pages.

A keyset cursor keeps its position while rows come and go.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

import strawberry

from api.graphql.fields import field
from api.graphql.pagination.arguments import ConnectionRequest
from domain.database.pagination import Page

Node = TypeVar("Node")
Row = TypeVar("Row")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more comes after this page.")
    has_previous_page: bool = strawberry.field(description="Whether more comes before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the page's first item; null when empty.")
    end_cursor: str | None = strawberry.field(description="The cursor of the page's last item; null when empty.")


@strawberry.type(description="An item of a list and where it lies.")
class Edge(Generic[Node]):
    cursor: str = strawberry.field(description="Opaque; pass it as `after` or `before`.")
    node: Node = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Node]):
    edges: list[Edge[Node]] = strawberry.field(description="The page's items with their cursors.")
    nodes: list[Node] = strawberry.field(description="The page's items.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in its list.")
    counted: strawberry.Private[int | None]

    @field("How many items the whole list has.")
    def total_count(self) -> int:
        # The query counts only where this field is selected.
        assert self.counted is not None
        return self.counted


def connection(page: Page[Row], request: ConnectionRequest, *, node: Callable[[Row], Node]) -> Connection[Node]:
    """Return a page of rows as a connection of nodes."""
    nodes = [node(row) for row in page.rows]
    pairs = zip(page.positions, nodes, strict=True) if request.has_edges else ()
    return Connection(
        edges=[Edge(cursor=request.cursor(position), node=node) for position, node in pairs],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=request.cursor(page.positions[0]) if page.positions else None,
            end_cursor=request.cursor(page.positions[-1]) if page.positions else None,
        ),
        counted=page.total,
    )
