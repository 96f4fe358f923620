"""Declare resolvers as fields of the schema.

Strawberry's own decorators hide the decorated function's types from the type checker.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


def field(description: str) -> Callable[[Resolver], Resolver]:
    """Make the decorated function a field's resolver."""
    return cast("Callable[[Resolver], Resolver]", strawberry.field(description=description))


def subscription(description: str) -> Callable[[Resolver], Resolver]:
    """Make the decorated asynchronous generator a subscription's resolver."""
    return cast("Callable[[Resolver], Resolver]", strawberry.subscription(description=description))
