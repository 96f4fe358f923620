"""Data loaders: read once what many resolvers ask for."""

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from graphql import OperationType
from strawberry.dataloader import DataLoader
from strawberry.types.info import Info

Scope = TypeVar("Scope")
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Parameters = ParamSpec("Parameters")


# A field below a list would cost a statement for each row, since each row has a resolver of its own.
class DataLoaders:
    """The data loaders of one operation, by query and arguments, which must be hashable."""

    def __init__(self) -> None:
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}

    async def load(
        self,
        query: Callable[Concatenate[Scope, Collection[Key], Parameters], Awaitable[Mapping[Key, Value]]],
        scope: Scope,
        key: Key,
        *args: Parameters.args,
        **arguments: Parameters.kwargs,
    ) -> Value:
        """Return a query's value for a key; it is run once for all keys of the same time, and must have every one."""
        # The arguments too: the same field may stand in a document twice, with other pages or filters.
        loader_key = (query, scope, args, frozenset(arguments.items()))
        if loader_key not in self._loaders:

            async def read(keys: list[Key]) -> list[Value]:
                values = await query(scope, set(keys), *args, **arguments)
                return [values[key] for key in keys]

            # Nothing is kept: a mutation's later fields must see what its earlier ones changed.
            self._loaders[loader_key] = DataLoader(load_fn=read, cache=False)
        loader: DataLoader[Key, Value] = self._loaders[loader_key]
        return await loader.load(key)

    async def load_once(
        self,
        info: Info[Any, Any],
        query: Callable[Parameters, Awaitable[Value]],
        *args: Parameters.args,
        **arguments: Parameters.kwargs,
    ) -> Value:
        """Return a query's value; it is run once for an operation, for example for the one organization of all rows."""
        loader_key = (query, args, frozenset(arguments.items()))
        if loader_key not in self._loaders:

            async def read(keys: list[Hashable]) -> list[Value]:
                # One key for a query, and one more for each field of a mutation.
                return [await query(*args, **arguments) for _ in keys]

            self._loaders[loader_key] = DataLoader(load_fn=read)
        loader: DataLoader[Hashable, Value] = self._loaders[loader_key]
        return await loader.load(mutation_field(info))


def mutation_field(info: Info[Any, Any]) -> str | int | None:
    """Return the root field that is executed if it is a mutation's, or nothing."""
    # Part of the key of what is kept for an operation: a mutation's later fields must see what earlier ones changed.
    if info.operation.operation is not OperationType.MUTATION:
        return None
    path = info.path
    while path.prev is not None:
        path = path.prev
    return path.key
