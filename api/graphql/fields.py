"""How is a function declared to be a field of the schema?

Strawberry's own decorators tell the type checker nothing of the function that they decorate.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


def field(description: str) -> Callable[[Resolver], Resolver]:
    """Make the decorated function the field's resolver; its docstring is for readers of the code."""
    return cast("Callable[[Resolver], Resolver]", strawberry.field(description=description))


def subscription(description: str) -> Callable[[Resolver], Resolver]:
    """Make the decorated asynchronous generator the source of a subscription's events."""
    return cast("Callable[[Resolver], Resolver]", strawberry.subscription(description=description))
