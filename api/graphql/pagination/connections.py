"""Relay connections: their arguments, keyset pages and cursors."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar, cast

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from typing_extensions import override

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.pagination.cursors import Cursor, ListCursors
from api.graphql.selection import selects
from domain.database.pagination import DEFAULT_SIZE, MAX_SIZE, Order, Page, PageRequest, Position
from domain.errors import InvalidInput

Node = TypeVar("Node")
Row = TypeVar("Row")
Resolver = TypeVar("Resolver", bound=Callable[..., Any])

ListAsOf = Annotated[
    datetime | None,
    strawberry.argument(
        description="The instant, past or future, at which to look; by default that of the cursor, or now without one."
    ),
]
# Relay's four arguments, which a connection's resolver takes together under this name.
_PARAMETER = "arguments"
# Not Strawberry's own Relay fields: their cursors are offsets, which move while rows come and go.
_ARGUMENTS: dict[str, tuple[Any, str]] = {
    "first": (int | None, f"At most so many from the start, 1 to {MAX_SIZE}; {DEFAULT_SIZE} by default."),
    "after": (str | None, "Only what comes after this cursor."),
    "last": (int | None, f"At most so many from the end, 1 to {MAX_SIZE}; not with `first`."),
    "before": (str | None, "Only what comes before this cursor."),
}


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
        # The query counts only where this field is selected, since counting reads the whole list.
        assert self.counted is not None
        return self.counted


@dataclass(frozen=True, kw_only=True)
class ConnectionRequest:
    """The page of a list that a client requests, and the list's cursors."""

    page: PageRequest
    cursors: ListCursors
    # Signing a cursor for each row is spared where no edges are selected.
    has_edges: bool
    # Those of the cursors that the client sent. A list that is evaluated at an instant allows only one: ``as_of``.
    instants: frozenset[datetime]
    as_of: datetime | None = None

    def cursor(self, position: Position) -> str:
        return self.cursors.text(Cursor(position=position, as_of=self.as_of))


def connection(page: Page[Row], request: ConnectionRequest, *, node: Callable[[Row], Node]) -> Connection[Node]:
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


@dataclass(frozen=True, kw_only=True)
class PageArguments:
    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def request(self, info: Info, *, of: int | None = None, order: Order | None = None) -> ConnectionRequest:
        """Return the request for a page of the field's list; ``of`` is the id of the list's parent.

        Raises:
            InvalidInput: a size is out of bounds, a cursor is not of this list, or `first` and `last` are both given.
        """
        if self.first is not None and self.last is not None:
            raise InvalidInput("Ask for `first` or for `last`, not for both.")
        size = self.first if self.first is not None else self.last if self.last is not None else DEFAULT_SIZE
        if not 1 <= size <= MAX_SIZE:
            raise InvalidInput(f"Ask for 1 to {MAX_SIZE} items.")
        cursors = ListCursors(
            keys=info.context.runtime.cursor_keys,
            # Of the schema and not the document, where an alias would give the same list another name.
            name=f"{info._raw_info.parent_type.name}.{info.field_name}:{of}",
            order=order,
        )
        after, before = (None if text is None else cursors.read(text) for text in (self.after, self.before))
        page = PageRequest(
            size=size,
            after=None if after is None else after.position,
            before=None if before is None else before.position,
            backward=self.last is not None,
            order=order,
            counted=selects(info, "totalCount"),
        )
        instants = frozenset(cursor.as_of for cursor in (after, before) if cursor and cursor.as_of)
        return ConnectionRequest(page=page, cursors=cursors, has_edges=selects(info, "edges"), instants=instants)

    def request_as_of(
        self, info: Info, as_of: datetime | None, *, of: int | None = None, order: Order | None = None
    ) -> tuple[ConnectionRequest, datetime]:
        """Return the request for a page, and the instant (aware, UTC) at which the list is evaluated.

        Raises:
            InvalidInput: as for ``request``, or a cursor is of another instant.
        """
        # A cursor carries the instant of its list, so that all pages of a list are of one instant.
        # At another instant rows have other values: a page from there would leave rows out or show them twice.
        request = self.request(info, of=of, order=order)
        instants = request.instants | ({as_of} if as_of else set())
        if len(instants) > 1:
            raise InvalidInput(
                "This cursor is of another instant: leave `asOf` out, or start from the list's beginning."
            )
        at = min(instants, default=info.context.now)
        return replace(request, as_of=at), at


async def organization_page(
    info: Info,
    query: Callable[..., Awaitable[Page[Row] | None]],
    organization_id: int,
    request: ConnectionRequest,
    **conditions: Any,
) -> Page[Row] | None:
    """Read a page of a list of the caller's organization; nothing where the query has none for the caller."""
    viewer = info.context.viewer
    if viewer is None:
        return None
    # Read once, since many rows, such as a page of members, lead to the one organization.
    return await info.context.loaders.load_once(info, query, viewer, organization_id, page=request.page, **conditions)


class _ConnectionArguments(FieldExtension):
    """Shows the four arguments in the schema, and passes them to the resolver as one."""

    @override
    def apply(self, field: StrawberryField) -> None:
        own = [argument for argument in field.arguments if argument.python_name != _PARAMETER]
        added = [
            StrawberryArgument(
                python_name=name,
                graphql_name=None,
                type_annotation=StrawberryAnnotation(kind),
                description=description,
                default=strawberry.UNSET,
            )
            for name, (kind, description) in _ARGUMENTS.items()
        ]
        field.arguments = [*own, *added]

    @override
    def map_arguments(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        values = {name: kwargs.pop(name, None) for name in _ARGUMENTS}
        return {**kwargs, _PARAMETER: PageArguments(**values)}


def connection_field(description: str) -> Callable[[Resolver], Resolver]:
    """Make the decorated function a connection's resolver; it takes ``arguments: PageArguments`` beside its own."""
    field = strawberry.field(description=description, extensions=[_ConnectionArguments()])
    return cast("Callable[[Resolver], Resolver]", field)
