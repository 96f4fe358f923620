"""Declare fields of the schema, and arguments that several of them have."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

import strawberry

Resolver = TypeVar("Resolver", bound=Callable[..., Any])
Argument = TypeVar("Argument")

Id = Annotated[strawberry.ID, strawberry.argument(name="id", description="Its global id.")]
AsOf = Annotated[
    datetime | None,
    strawberry.argument(description="The instant, past or future, at which to look; now by default."),
]


# Strawberry's own decorators hide the decorated function's types from the type checker.
def field(description: str) -> Callable[[Resolver], Resolver]:
    return cast("Callable[[Resolver], Resolver]", strawberry.field(description=description))


def subscription(description: str) -> Callable[[Resolver], Resolver]:
    return cast("Callable[[Resolver], Resolver]", strawberry.subscription(description=description))


def none_if_unset(argument: Argument | None) -> Argument | None:
    """Return an argument; nothing where the client left it out, which means the same as null."""
    # Not `None` by default instead: the schema would print `= null` at every argument.
    return None if argument is strawberry.UNSET else argument
