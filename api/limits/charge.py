"""What does a request cost its caller, and what is the caller told of it?

Every answer tells in ``extensions``, so that a client can slow down before it is refused.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from api.auth.callers import Caller
from api.errors import ErrorCode, RequestError
from api.instants import instant_text
from api.limits.rate_limit import Budget, Budgets, OverLimit
from api.runtime import Runtime

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
        """Return what clients are told; the rate limit is null where it is not known."""
        return {
            "cost": {"requested": self.cost, "limit": self.max_cost},
            "rateLimit": None if self.budgets is None else _budgets(self.budgets),
        }


def cost_of_reading(text: str) -> int:
    """Return the points for a document that has to be read, by its length."""
    return 1 + len(text) // CHARACTERS_READ_FOR_A_POINT


async def take(cost: int, runtime: Runtime, caller: Caller, *, now: datetime, before: int = 0) -> Charge:
    """Take the points of a request from its caller's budgets at an instant (aware); ``before`` more may follow.

    Raises:
        RequestError: a budget is used up.
    """
    max_cost = runtime.settings.max_cost
    return await _take(cost, Charge(cost=cost, max_cost=max_cost), runtime, caller, now=now, before=before)


async def take_more(points: int, charge: Charge, runtime: Runtime, caller: Caller, *, now: datetime) -> Charge:
    """Take further points of an operation that was charged before, and return the charge of all of them.

    Raises:
        RequestError: together they are more than one operation may cost, or a budget is used up.
    """
    more = replace(charge, cost=charge.cost + points)
    _check(more, advice="ask for fewer instants, or a nearer day")
    return await _take(points, more, runtime, caller, now=now, before=charge.cost)


def check_cost(cost: int, runtime: Runtime) -> None:
    """Refuse an operation that may return more than one answer should hold.

    Raises:
        RequestError: it costs more than the most that one operation may.
    """
    _check(Charge(cost=cost, max_cost=runtime.settings.max_cost), advice="ask for smaller pages")


def _check(charge: Charge, *, advice: str) -> None:
    if charge.cost > charge.max_cost:
        sentence = (
            f"This operation costs {charge.cost:,} points, and at most {charge.max_cost:,} are allowed: {advice}."
        )
        error = GraphQLError(sentence, extensions={"cost": charge.cost, "limit": charge.max_cost})
        raise RequestError(ErrorCode.COST_EXCEEDED, error, extensions=charge.extensions)


async def _take(points: int, charge: Charge, runtime: Runtime, caller: Caller, *, now: datetime, before: int) -> Charge:
    try:
        budgets = await runtime.rate_limit.take(points, caller, now=now, before=before)
    except OverLimit as over:
        raise _rate_limited(over.retry_after_seconds, replace(charge, budgets=over.budgets)) from None
    return replace(charge, budgets=budgets)


def _rate_limited(seconds: int, charge: Charge) -> RequestError:
    error = GraphQLError(
        f"The points of this minute are used up; please try again in {seconds} seconds.",
        extensions={"retryAfterSeconds": seconds},
    )
    headers = {"Retry-After": str(seconds)}
    return RequestError(ErrorCode.RATE_LIMITED, error, headers=headers, extensions=charge.extensions)


def _budgets(budgets: Budgets) -> dict[str, Any]:
    told = _budget(budgets.own)
    if budgets.organization is not None:
        told["organization"] = _budget(budgets.organization)
    return told


def _budget(budget: Budget) -> dict[str, Any]:
    return {"limit": budget.limit, "remaining": budget.remaining, "resetAt": instant_text(budget.reset_at)}
