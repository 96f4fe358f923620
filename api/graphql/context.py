"""Context of an operation: its caller, instant, charge, data loaders and scorings."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from strawberry.types.info import Info as StrawberryInfo

from api.auth.callers import Caller
from api.errors import RequestError
from api.graphql.dataloaders import DataLoaders
from api.limits.charge import Charge, take_more
from api.runtime import Runtime
from domain.rules.visibility import Viewer


# Built for each operation, and for each event of a subscription: one for a whole websocket would read stale rows.
@dataclass(kw_only=True)
class Context:
    """One operation's caller and instant (aware, UTC)."""

    runtime: Runtime
    caller: Caller
    # One instant for all fields: what one of them calls counted, none of them calls ended.
    now: datetime
    # What the operation costs before it is executed; nothing for our own pages, which are not charged.
    charge: Charge | None = None
    # The charge with what scoring took on top of it.
    total_charge: Charge | None = field(init=False)
    # Set once scoring costs too much: then the operation scores no more, and a query is refused as a whole.
    refused: RequestError | None = field(default=None, init=False)
    # By organization and mutation field; only ``scorings.py`` knows what they are, since it lies above.
    scorings: dict[Hashable, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.total_charge = self.charge

    @property
    def viewer(self) -> Viewer | None:
        return self.caller.viewer

    @property
    def cost(self) -> int:
        """Return the points that each answer costs."""
        return self.charge.cost if self.charge else 0

    @property
    def extensions(self) -> dict[str, Any]:
        return self.total_charge.extensions if self.total_charge else {}

    @cached_property
    def loaders(self) -> DataLoaders:
        return DataLoaders()

    async def take(self, points: int) -> None:
        """Take further points from the caller's budgets.

        Raises:
            RequestError: too few points are left.
        """
        if self.total_charge is None:
            return
        try:
            self.total_charge = await take_more(
                points, self.total_charge, self.runtime.rate_limit, self.caller.budget_names, now=self.now
            )
        except RequestError as refused:
            self.refused = refused
            raise


Info = StrawberryInfo[Context, None]
