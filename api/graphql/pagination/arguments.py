"""Which page of which list does a field ask for?

The four arguments of every connection are declared here once; its resolver takes them together as ``arguments``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from typing_extensions import override

from api.graphql.context import Info
from api.graphql.pagination.cursors import Cursor, ListCursors
from api.graphql.selection import selects
from domain.database.pagination import DEFAULT_SIZE, MAX_SIZE, Order, PageRequest, Position
from domain.errors import InvalidInput

Resolver = TypeVar("Resolver", bound=Callable[..., Any])
Given = TypeVar("Given")

ListAsOf = Annotated[
    datetime | None,
    strawberry.argument(
        description="The instant, past or future, at which to look; by default that of the cursor, or now without one."
    ),
]
_TAKEN = "arguments"
_ARGUMENTS: dict[str, tuple[Any, str]] = {
    "first": (int | None, f"At most so many from the start, 1 to {MAX_SIZE}; {DEFAULT_SIZE} by default."),
    "after": (str | None, "Only what comes after this cursor."),
    "last": (int | None, f"At most so many from the end, 1 to {MAX_SIZE}; not with `first`."),
    "before": (str | None, "Only what comes before this cursor."),
}


@dataclass(frozen=True, kw_only=True)
class ConnectionRequest:
    """A page of a list, and how its rows are told apart by cursors; ``as_of`` where the list is as of an instant.

    ``has_edges`` is false where nobody asks for edges, so that they need not be made.
    """

    page: PageRequest
    cursors: ListCursors
    has_edges: bool
    as_of: datetime | None = None

    def cursor(self, position: Position) -> str:
        """Return the cursor of a row of the page."""
        return self.cursors.text(Cursor(position=position, as_of=self.as_of))


@dataclass(frozen=True, kw_only=True)
class PageArguments:
    """A connection's arguments, as the client gave them."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def request(self, info: Info, *, of: int | None = None, order: Order | None = None) -> ConnectionRequest:
        """Return the page that is asked for of the list that the field is, ``of`` a parent by number.

        Raises:
            InvalidInput: a size is out of bounds, a cursor is none of this list's, or both directions are asked for.
        """
        request, _ = self._request(info, of, order)
        return request

    def request_as_of(
        self, info: Info, as_of: datetime | None, *, of: int | None = None, order: Order | None = None
    ) -> tuple[ConnectionRequest, datetime]:
        """Return what ``request`` does of a list that is as of an instant, and that instant (aware, UTC).

        A cursor carries the instant of its list, so a walk that began now stays there.

        Raises:
            InvalidInput: as for ``request``, or a cursor is of another instant.
        """
        request, told = self._request(info, of, order)
        instants = {instant for instant in (none_if_unset(as_of), *told) if instant is not None}
        if len(instants) > 1:
            raise InvalidInput(
                "This cursor is of another instant: leave `asOf` out, or start from the list's beginning."
            )
        at = min(instants, default=info.context.now)
        return replace(request, as_of=at), at

    def _request(
        self, info: Info, of: int | None, order: Order | None
    ) -> tuple[ConnectionRequest, list[datetime | None]]:
        """Return the page that is asked for, and the instants that its cursors tell."""
        if self.first is not None and self.last is not None:
            raise InvalidInput("Ask for `first` or for `last`, not for both.")
        size = self.first if self.first is not None else self.last if self.last is not None else DEFAULT_SIZE
        if not 1 <= size <= MAX_SIZE:
            raise InvalidInput(f"Ask for 1 to {MAX_SIZE} items.")
        cursors = ListCursors(key=info.context.runtime.cursor_key, name=_list_name(info, of), order=order)
        after, before = (None if text is None else cursors.read(text) for text in (self.after, self.before))
        page = PageRequest(
            size=size,
            after=None if after is None else after.position,
            before=None if before is None else before.position,
            backward=self.last is not None,
            order=order,
            counted=selects(info, "totalCount"),
        )
        request = ConnectionRequest(page=page, cursors=cursors, has_edges=selects(info, "edges"))
        return request, [cursor.as_of for cursor in (after, before) if cursor is not None]


class _ConnectionArguments(FieldExtension):
    """Shows the four arguments in the schema, and hands them over as one."""

    @override
    def apply(self, field: StrawberryField) -> None:
        """Put the four where the resolver takes them together."""
        own = [argument for argument in field.arguments if argument.python_name != _TAKEN]
        field.arguments = [*own, *(_argument(name) for name in _ARGUMENTS)]

    @override
    def map_arguments(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return what the resolver takes; what the client left out is as good as null."""
        told = {name: kwargs.pop(name, None) for name in _ARGUMENTS}
        return {**kwargs, _TAKEN: PageArguments(**told)}


def connection_field(description: str) -> Callable[[Resolver], Resolver]:
    """Make the decorated function a connection's resolver: it takes ``arguments: PageArguments`` beside its own."""
    field = strawberry.field(description=description, extensions=[_ConnectionArguments()])
    return cast("Callable[[Resolver], Resolver]", field)


def none_if_unset(argument: Given | None) -> Given | None:
    """Return an argument, or nothing where the client left it out: that is as good as null."""
    return None if argument is strawberry.UNSET else argument


def _argument(name: str) -> StrawberryArgument:
    kind, description = _ARGUMENTS[name]
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(kind),
        description=description,
        default=strawberry.UNSET,
    )


def _list_name(info: Info, of: int | None) -> str:
    return f"{info._raw_info.parent_type.name}.{info.field_name}:{of}"
