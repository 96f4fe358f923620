"""How is something read for all the rows of a page at once?

A list inside a list would cost a statement for each row of the outer one. Its rows' resolvers run at the same time, so
what they ask for is gathered for a moment, and those who ask the same of different rows share one statement.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from strawberry.dataloader import DataLoader

Whose = TypeVar("Whose")
Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")
Asked = ParamSpec("Asked")


class Batches:
    """What one operation's resolvers ask for at the same time."""

    def __init__(self) -> None:
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}

    async def load(
        self,
        query: Callable[Concatenate[Whose, Collection[Key], Asked], Awaitable[Mapping[Key, Found]]],
        whose: Whose,
        key: Key,
        *args: Asked.args,
        **asked: Asked.kwargs,
    ) -> Found:
        """Return what a query finds for a row's key; it is run once for all the rows of which the same is asked.

        The query finds something for every key that it is given, and everything that is asked of it can be compared.
        """
        same = (query, whose, args, frozenset(asked.items()))
        if same not in self._loaders:

            async def read(keys: list[Key]) -> list[Found]:
                found = await query(whose, set(keys), *args, **asked)
                return [found[each] for each in keys]

            # Nothing is kept: a mutation's later fields must see what its earlier ones changed.
            self._loaders[same] = DataLoader(load_fn=read, cache=False)
        loader: DataLoader[Key, Found] = self._loaders[same]
        return await loader.load(key)
