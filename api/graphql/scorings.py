"""Score organizations for one operation: once, paid before, and in turn.

The fields of a selection are resolved at the same time. What all of them request is paid together, so that what costs
too much is refused before any of it is computed.
"""

import asyncio
from collections.abc import Callable, Collection, Hashable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, overload

from strawberry.types.info import Info

from api.auth.callers import Caller
from api.errors import RequestError
from api.graphql.dataloaders import mutation_field
from api.limits.charge import Charge, take_more
from api.limits.scoring_cost import reading_cost, scoring_cost
from api.limits.scoring_slots import Turn
from api.runtime import Runtime
from domain.queries.attainments import (
    AttainmentsAt,
    ForecastUntil,
    FragilityAt,
    OrganizationFacts,
    Scoring,
    count_facts,
    count_forecast_days,
    organization_facts,
)
from domain.queries.contributions import CreditContributions, OrganizationContributions, prepared_contributions
from domain.rules.attainment import Attainment
from domain.rules.forecast import Forecast
from domain.rules.fragility import FragilityFinding
from domain.rules.pieces import Pieces

Result = TypeVar("Result")
# A refusal or a fault is the outcome of its scoring alone.
Outcome = tuple[Attainment, ...] | Forecast | tuple[FragilityFinding, ...] | Exception


class Scorings:
    """What one operation scores, and its charge, which is nothing where the caller is not charged."""

    def __init__(self, runtime: Runtime, caller: Caller, charge: Charge | None, *, now: datetime) -> None:
        self.runtime = runtime
        self.charge = charge
        self.refused: RequestError | None = None
        self._caller = caller
        self._now = now
        self._organizations: dict[Hashable, OrganizationScorings] = {}

    @overload
    async def of(
        self, organization_id: int, scoring: AttainmentsAt, info: Info[Any, Any]
    ) -> tuple[Attainment, ...]: ...
    @overload
    async def of(self, organization_id: int, scoring: ForecastUntil, info: Info[Any, Any]) -> Forecast: ...
    @overload
    async def of(
        self, organization_id: int, scoring: FragilityAt, info: Info[Any, Any]
    ) -> tuple[FragilityFinding, ...]: ...
    async def of(self, organization_id: int, scoring: Scoring, info: Info[Any, Any]) -> Any:
        """Return the outcome of scoring an organization.

        Raises:
            RequestError: it costs more than the operation may, or than is left of a budget.
            Refusal: it is refused, for example since there is no such program.
        """
        outcome = await self.organization(organization_id, info).outcome(scoring)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def organization(self, organization_id: int, info: Info[Any, Any]) -> "OrganizationScorings":
        """Return the scorings of one organization for the field that is resolved."""
        key = organization_id, mutation_field(info)
        if key not in self._organizations:
            self._organizations[key] = OrganizationScorings(organization_id, self)
        return self._organizations[key]

    async def take(self, points: int) -> None:
        """Take points for what is to be scored.

        Raises:
            RequestError: too few points are left.
        """
        if self.charge is None:
            return
        try:
            self.charge = await take_more(
                points, self.charge, self.runtime.rate_limit, self._caller.budget_names, now=self._now
            )
        except RequestError as refused:
            self.refused = refused
            raise


class OrganizationScorings:
    """What an operation scores of one organization."""

    def __init__(self, organization_id: int, scorings: Scorings) -> None:
        self._organization_id = organization_id
        self._scorings = scorings
        self._lock = asyncio.Lock()
        # In the order in which they were requested.
        self._requested: dict[Scoring, None] = {}
        self._paid: set[Scoring] = set()
        self._outcomes: dict[Scoring, Outcome] = {}
        self._credits: int | None = None
        self._facts: OrganizationFacts | None = None
        self._preparing = asyncio.Lock()
        self._contributions: dict[datetime, OrganizationContributions] = {}

    async def outcome(self, scoring: Scoring) -> Outcome:
        """Return a scoring's outcome; the first to come here scores all that is requested until then."""
        self._requested[scoring] = None
        async with self._lock:
            if scoring not in self._outcomes:
                await self._score_all()
        return self._outcomes[scoring]

    async def contributions_of_groups(
        self, groups: Collection[frozenset[int]], *, as_of: datetime
    ) -> dict[frozenset[int], CreditContributions]:
        """Return for each group of members what each credit contributes as of an instant.

        All groups are read at once, and each gets the others' credits too.
        """
        async with self._preparing:
            if as_of not in self._contributions:
                self._contributions[as_of] = await prepared_contributions(
                    self._organization_id, as_of=as_of, run_in_thread=self._run_in_turn
                )
        members = frozenset[int]().union(*groups)
        contributions = await self._contributions[as_of].of_members(members, run_in_thread=self._run_in_turn)
        return dict.fromkeys(groups, contributions)

    async def _run_in_turn(self, work: Callable[[], Result]) -> Result:
        return await self._scorings.runtime.scoring_slots.run(self._organization_id, work)

    async def _score_all(self) -> None:
        # Once something cost too much the operation scores no more.
        if self._scorings.refused is not None:
            raise self._scorings.refused
        if self._credits is None:
            self._credits = await count_facts(self._organization_id)
        scorings = [scoring for scoring in self._requested if scoring not in self._outcomes]
        await self._pay([scoring for scoring in scorings if scoring not in self._paid], self._credits)
        async with self._scorings.runtime.scoring_slots.turn(self._organization_id) as turn:
            if self._facts is None:
                self._facts = await organization_facts(self._organization_id, run_in_thread=turn.run)
            for scoring in scorings:
                self._outcomes[scoring] = await _outcome(scoring, self._facts, turn)

    async def _pay(self, unpaid: Sequence[Scoring], credits: int) -> None:
        points = 0 if self._paid else reading_cost(credits)
        for scoring in unpaid:
            days = 0
            if isinstance(scoring, ForecastUntil):
                days = await count_forecast_days(self._organization_id, scoring)
            points += scoring_cost(scoring, credits, days=days)
        await self._scorings.take(points)
        self._paid.update(unpaid)


async def _outcome(scoring: Scoring, facts: OrganizationFacts, turn: Turn) -> Outcome:
    """Score in pieces, and wait for a slot for each, so that others wait for a piece only."""
    pieces: Pieces[Outcome] = scoring.pieces(facts)
    outcome: Outcome | None = None
    while outcome is None:
        outcome = await turn.run(partial(_next_piece, pieces))
    return outcome


def _next_piece(pieces: Pieces[Outcome]) -> Outcome | None:
    """Do a piece of work, and return the outcome of all of it if it was the last."""
    try:
        next(pieces)
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome
    except Exception as fault:
        return fault
    return None
