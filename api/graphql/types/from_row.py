"""Make types of the schema from rows that have the same fields."""

from dataclasses import fields
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin

Made = TypeVar("Made")


def from_row(made: type[Made], row: object, /, **values: Any) -> Made:
    """Return an object of the schema: what ``values`` does not give is the row's value of the same name.

    Raises:
        TypeError: the row has no such value, or one of another type.
    """
    return made(**{name: getattr(row, name) for name in _copied((made, type(row)), tuple(values))}, **values)


# The type checker does not see what is copied, so types are compared here, once for each pair.
@cache
def _copied(classes: tuple[type, type], overridden: tuple[str, ...]) -> tuple[str, ...]:
    made, row = classes
    names = tuple(field.name for field in fields(made) if field.init and field.name not in overridden)
    field_types, row_types = _types(made), _types(row)
    # A value that is never null fits a field that may be.
    unfit = [
        name
        for name in names
        if (row_type := row_types.get(name)) != (field_type := field_types[name])
        and not (isinstance(field_type, UnionType) and row_type in get_args(field_type))
    ]
    if unfit:
        raise TypeError(f"{row.__name__} has no fitting {', '.join(unfit)} for {made.__name__}")
    return names


def _types(kind: type) -> dict[str, Any]:
    types: dict[str, Any] = {}
    # Not `get_type_hints`: it would resolve the lazy types, whose modules lie above.
    for base in reversed(kind.__mro__):
        types |= vars(base).get("__annotations__", {})
        for name, value in vars(base).items():
            if isinstance(value, property) and value.fget is not None:
                types[name] = value.fget.__annotations__.get("return")
    # ``strawberry.Private[int]`` is an annotated ``int``.
    return {name: get_args(kind)[0] if get_origin(kind) is Annotated else kind for name, kind in types.items()}
