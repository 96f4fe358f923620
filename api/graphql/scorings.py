"""Score organizations for one operation: once, paid before, and in turn."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, overload

from api.graphql.context import Context, Info
from api.graphql.dataloaders import mutation_field
from api.limits.charge import reading_cost, scoring_cost
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
from domain.queries.contributions import CreditContributions, OrganizationContributions, organization_contributions
from domain.rules.attainment import Attainment
from domain.rules.forecast import Forecast, Pieces
from domain.rules.fragility import FragilityFinding

Result = TypeVar("Result")
# A refusal or a fault is the outcome of its scoring alone.
Outcome = tuple[Attainment, ...] | Forecast | tuple[FragilityFinding, ...] | Exception


class OrganizationScorings:
    def __init__(self, organization_id: int, context: Context) -> None:
        self._organization_id = organization_id
        self._context = context
        self._lock = asyncio.Lock()
        # In the order in which they were requested.
        self._requested: dict[Scoring, None] = {}
        self._paid: set[Scoring] = set()
        self._outcomes: dict[Scoring, Outcome] = {}
        self._credits: int | None = None
        self._facts: OrganizationFacts | None = None
        # What all members' credits decide is read and computed once, however many lists wait for it.
        self._preparing = asyncio.Lock()
        self._contributions: dict[datetime, OrganizationContributions] = {}

    @overload
    async def score(self, scoring: AttainmentsAt) -> tuple[Attainment, ...]: ...
    @overload
    async def score(self, scoring: ForecastUntil) -> Forecast: ...
    @overload
    async def score(self, scoring: FragilityAt) -> tuple[FragilityFinding, ...]: ...
    async def score(self, scoring: Scoring) -> Any:
        """Return the outcome of scoring the organization.

        Raises:
            RequestError: it costs more than the operation may, or than is left of a budget.
            Refusal: it is refused, for example since there is no such program.
        """
        # The fields of a selection are resolved at the same time. The first to get the lock pays for all that is
        # requested until then, so that what costs too much is refused before any of it is computed.
        self._requested[scoring] = None
        async with self._lock:
            if scoring not in self._outcomes:
                await self._score_requested()
        outcome = self._outcomes[scoring]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def contributions_of_groups(
        self, groups: Collection[frozenset[int]], *, as_of: datetime
    ) -> dict[frozenset[int], CreditContributions]:
        """Return for each group of members what each credit contributes as of an instant."""
        # All groups are read at once, and each gets the others' credits too: callers look up their own.
        async with self._preparing:
            if as_of not in self._contributions:
                self._contributions[as_of] = await organization_contributions(
                    self._organization_id, as_of=as_of, run_in_thread=self._run_in_turn
                )
        members = frozenset[int]().union(*groups)
        contributions = await self._contributions[as_of].of(members, run_in_thread=self._run_in_turn)
        return dict.fromkeys(groups, contributions)

    async def _run_in_turn(self, work: Callable[[], Result]) -> Result:
        return await self._context.runtime.scoring_slots.run(self._organization_id, work)

    async def _score_requested(self) -> None:
        # What is requested after a refusal is not scored: a query is refused as a whole.
        if self._context.refused is not None:
            raise self._context.refused
        if self._credits is None:
            self._credits = await count_facts(self._organization_id)
        scorings = [scoring for scoring in self._requested if scoring not in self._outcomes]
        # What was paid and failed afterwards, as when the database was away, is not paid a second time.
        unpaid = [scoring for scoring in scorings if scoring not in self._paid]
        points = 0 if self._paid else reading_cost(self._credits)
        for scoring in unpaid:
            days = 0
            if isinstance(scoring, ForecastUntil):
                days = await count_forecast_days(self._organization_id, scoring)
            points += scoring_cost(scoring, self._credits, days=days)
        await self._context.take(points)
        self._paid.update(unpaid)
        async with self._context.runtime.scoring_slots.turn(self._organization_id) as turn:
            if self._facts is None:
                self._facts = await organization_facts(self._organization_id, run_in_thread=turn.run)
            for scoring in scorings:
                pieces: Pieces[Outcome] = scoring.pieces(self._facts)
                outcome: Outcome | None = None
                # A slot is waited for again before each piece, so that others wait for a piece only.
                while outcome is None:
                    outcome = await turn.run(partial(_next_piece, pieces))
                self._outcomes[scoring] = outcome


def scorings_of(organization_id: int, info: Info) -> OrganizationScorings:
    """Return the operation's scorings of one organization, for a mutation those of its field that is resolved."""
    key = organization_id, mutation_field(info)
    if key not in info.context.scorings:
        info.context.scorings[key] = OrganizationScorings(organization_id, info.context)
    scorings: OrganizationScorings = info.context.scorings[key]
    return scorings


async def contributions_of_members(
    info: Info, organization_id: int, member_ids: frozenset[int], *, as_of: datetime
) -> CreditContributions:
    """Return what each credit of members contributes as of an instant, together with those of the other lists."""
    query = OrganizationScorings.contributions_of_groups
    return await info.context.loaders.load(query, scorings_of(organization_id, info), member_ids, as_of=as_of)


def _next_piece(pieces: Pieces[Outcome]) -> Outcome | None:
    """Do a piece of work in a thread, and return the outcome of all of it if it was the last."""
    try:
        next(pieces)
    except StopIteration as done:
        # A future cannot hold a StopIteration, so none may leave the thread.
        outcome: Outcome = done.value
        return outcome
    except Exception as fault:
        return fault
    return None
