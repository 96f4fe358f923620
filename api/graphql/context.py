"""What does a resolver know of the operation it works for?"""

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

    ``charge`` is what it costs the caller before it is executed, or nothing where nobody counts: for our own pages.
    """

    runtime: Runtime
    caller: Caller
    now: datetime
    charge: Charge | None = None

    @property
    def viewer(self) -> Viewer | None:
        """Return the member or API client who asks, or nobody."""
        return self.caller.viewer

    @property
    def cost(self) -> int:
        """Return the points that each answer costs the caller."""
        return self.charge.cost if self.charge else 0

    @property
    def extensions(self) -> dict[str, Any]:
        """Return what the answer's ``extensions`` tell."""
        charge = self.scorings.charge
        return charge.extensions if charge else {}

    @cached_property
    def scorings(self) -> Scorings:
        """Return what scores organizations for this operation, and is charged for it."""
        return Scorings(self.runtime, self.caller, self.charge, now=self.now)

    @cached_property
    def loaders(self) -> DataLoaders:
        """Return the operation's data loaders."""
        return DataLoaders()

    @cached_property
    def certifications(self) -> DataLoader[str, CertificationFacts | None]:
        """Return what reads the catalog's facts of all the certifications of a list at once, by code."""

        async def load(codes: Sequence[str]) -> Sequence[CertificationFacts | None]:
            found = await certifications_by_code(codes)
            return [found.get(code) for code in codes]

        return DataLoader(load_fn=load)


Info = StrawberryInfo[Context, None]
