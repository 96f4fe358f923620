"""Context of an operation: its caller, instant, charge, data loaders and scorings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from strawberry.dataloader import DataLoader
from strawberry.types.info import Info as StrawberryInfo

from api.auth.callers import Caller
from api.graphql.dataloaders import DataLoaders
from api.graphql.scorings import Scorings
from api.limits.charge import Charge
from api.runtime import Runtime
from domain.queries.catalog import certifications_by_code
from domain.rules.certifications import CertificationFacts
from domain.rules.visibility import Viewer


@dataclass(frozen=True, kw_only=True)
class Context:
    """One operation's caller and instant (aware, UTC); a subscription has a new one for each event.

    ``charge`` is what the operation costs before it is executed; nothing for our own pages, which are not charged.
    """

    runtime: Runtime
    caller: Caller
    now: datetime
    charge: Charge | None = None

    @property
    def viewer(self) -> Viewer | None:
        """Return the member or API client who calls, or nobody."""
        return self.caller.viewer

    @property
    def cost(self) -> int:
        """Return the points that each answer costs."""
        return self.charge.cost if self.charge else 0

    @property
    def extensions(self) -> dict[str, Any]:
        """Return the answer's ``extensions``."""
        charge = self.scorings.charge
        return charge.extensions if charge else {}

    @cached_property
    def scorings(self) -> Scorings:
        """Return the operation's scorings."""
        return Scorings(self.runtime, self.caller, self.charge, now=self.now)

    @cached_property
    def loaders(self) -> DataLoaders:
        """Return the operation's data loaders."""
        return DataLoaders()

    @cached_property
    def certifications(self) -> DataLoader[str, CertificationFacts | None]:
        """Return the data loader of the catalog's certifications by code."""

        async def load(codes: Sequence[str]) -> Sequence[CertificationFacts | None]:
            certifications = await certifications_by_code(codes)
            return [certifications.get(code) for code in codes]

        return DataLoader(load_fn=load)


Info = StrawberryInfo[Context, None]
