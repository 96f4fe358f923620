"""Charge operations, and tell their cost in the answer's extensions."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from api.errors import ErrorCode, RequestError
from api.instants import instant_text
from api.limits.rate_limit import Budget, BudgetNames, Budgets, OverLimit, RateLimit
from domain.queries.attainments import AttainmentsAt, ForecastUntil, FragilityAt, Scoring

# A document that this process does not know yet has to be parsed and validated, whatever comes of it.
CHARACTERS_READ_FOR_A_POINT = 50
# What scoring costs, by the credits that it counts. Measured as processor time of one process, with the rows of
# `bench.rows` for 100, 2,000, 20,000 and 50,000 credits, at 25 microseconds a point (`api/documents/cost_table.py`).
# Reading took 5 microseconds a credit. Attainments took 2 milliseconds and 0.3 microseconds a credit; a forecast 4
# milliseconds, 2 microseconds a credit, and 2 milliseconds for each day on which anything changes; fragility 12 to 30
# milliseconds and 0.4 microseconds a credit. What does not grow with the credits is the field's weight.
CREDITS_READ_FOR_A_POINT = 5
CREDITS_SCORED_FOR_A_POINT: dict[type[Scoring], int] = {AttainmentsAt: 80, ForecastUntil: 12, FragilityAt: 80}
FORECAST_DAY_COST = 80
# Reading, or one scoring, costs no more: an organization of any size may ask each question by itself.
MAX_PART_COST = 4_000


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What one operation, or one event of a subscription, costs of how much, and what is left of the budgets."""

    cost: int
    max_cost: int
    budgets: Budgets | None = None

    @property
    def extensions(self) -> dict[str, Any]:
        # In every answer, so that a client can slow down before it is refused; null where Redis does not answer.
        rate_limit = None
        if self.budgets is not None:
            rate_limit = _budget(self.budgets.own)
            if self.budgets.organization is not None:
                rate_limit["organization"] = _budget(self.budgets.organization)
        return {"cost": {"requested": self.cost, "limit": self.max_cost}, "rateLimit": rate_limit}


def cost_of_reading(text: str) -> int:
    """Return the points for a document that has to be read, by its length."""
    return 1 + len(text) // CHARACTERS_READ_FOR_A_POINT


def reading_cost(credits: int) -> int:
    """Return the points for reading an organization's counted credits, once for an operation."""
    return min(credits // CREDITS_READ_FOR_A_POINT, MAX_PART_COST)


def scoring_cost(scoring: Scoring, credits: int, *, days: int = 0) -> int:
    """Return the points for scoring so many credits; ``days`` of a forecast are those on which anything changes."""
    return min(credits // CREDITS_SCORED_FOR_A_POINT[type(scoring)] + days * FORECAST_DAY_COST, MAX_PART_COST)


async def take(
    points: int,
    rate_limit: RateLimit,
    names: BudgetNames,
    *,
    now: datetime,
    before: int = 0,
    total: Charge | None = None,
) -> Charge:
    """Take points from budgets at an instant (aware), as part of a total if there is more; ``before`` more may follow.

    Raises:
        RequestError: a budget is used up.
    """
    charge = total or Charge(cost=points, max_cost=rate_limit.max_cost)
    try:
        return replace(charge, budgets=await rate_limit.take(points, names, now=now, before=before))
    except OverLimit as over:
        seconds = over.retry_after_seconds
        error = GraphQLError(
            f"The points of this minute are used up; please try again in {seconds} seconds.",
            extensions={"retryAfterSeconds": seconds},
        )
        raise RequestError(
            ErrorCode.RATE_LIMITED,
            error,
            headers={"Retry-After": str(seconds)},
            extensions=replace(charge, budgets=over.budgets).extensions,
        ) from None


async def take_more(points: int, charge: Charge, rate_limit: RateLimit, names: BudgetNames, *, now: datetime) -> Charge:
    """Take further points of an operation that was charged before, and return the charge of all of them.

    Raises:
        RequestError: together they are more than one operation may cost, or a budget is used up.
    """
    total = replace(charge, cost=charge.cost + points)
    check_cost(total, advice="ask for fewer instants, a nearer day, or a smaller selection")
    return await take(points, rate_limit, names, now=now, before=charge.cost, total=total)


def check_cost(charge: Charge, *, advice: str) -> None:
    """Refuse an operation that may return more than one answer should hold.

    Raises:
        RequestError: it costs more than the most that one operation may.
    """
    if charge.cost > charge.max_cost:
        sentence = (
            f"This operation costs {charge.cost:,} points, and at most {charge.max_cost:,} are allowed: {advice}."
        )
        error = GraphQLError(sentence, extensions={"cost": charge.cost, "limit": charge.max_cost})
        raise RequestError(ErrorCode.COST_EXCEEDED, error, extensions=charge.extensions)


def _budget(budget: Budget) -> dict[str, Any]:
    return {"limit": budget.limit, "remaining": budget.remaining, "resetAt": instant_text(budget.reset_at)}
