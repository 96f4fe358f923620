"""Charge operations, and tell their cost in the answer's extensions."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from api.errors import ErrorCode, RequestError
from api.instants import instant_text
from api.limits.rate_limit import Budget, BudgetNames, Budgets, OverLimit, RateLimit

# A document that this process does not know yet has to be parsed and validated, whatever comes of it.
CHARACTERS_READ_FOR_A_POINT = 50


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


async def take(cost: int, rate_limit: RateLimit, names: BudgetNames, *, now: datetime, before: int = 0) -> Charge:
    """Take the points of a request from budgets at an instant (aware); ``before`` more may follow.

    Raises:
        RequestError: a budget is used up.
    """
    charge = Charge(cost=cost, max_cost=rate_limit.max_cost)
    return await _take(cost, charge, rate_limit, names, now=now, before=before)


async def take_more(points: int, charge: Charge, rate_limit: RateLimit, names: BudgetNames, *, now: datetime) -> Charge:
    """Take further points of an operation that was charged before, and return the charge of all of them.

    Raises:
        RequestError: together they are more than one operation may cost, or a budget is used up.
    """
    total = replace(charge, cost=charge.cost + points)
    _check(total, advice="ask for fewer instants, a nearer day, or a smaller selection")
    return await _take(points, total, rate_limit, names, now=now, before=charge.cost)


def check_cost(cost: int, *, max_cost: int) -> None:
    """Refuse an operation that may return more than one answer should hold.

    Raises:
        RequestError: it costs more than the most that one operation may.
    """
    _check(Charge(cost=cost, max_cost=max_cost), advice="ask for smaller pages")


def _check(charge: Charge, *, advice: str) -> None:
    if charge.cost > charge.max_cost:
        sentence = (
            f"This operation costs {charge.cost:,} points, and at most {charge.max_cost:,} are allowed: {advice}."
        )
        error = GraphQLError(sentence, extensions={"cost": charge.cost, "limit": charge.max_cost})
        raise RequestError(ErrorCode.COST_EXCEEDED, error, extensions=charge.extensions)


async def _take(
    points: int, charge: Charge, rate_limit: RateLimit, names: BudgetNames, *, now: datetime, before: int
) -> Charge:
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


def _budget(budget: Budget) -> dict[str, Any]:
    return {"limit": budget.limit, "remaining": budget.remaining, "resetAt": instant_text(budget.reset_at)}
