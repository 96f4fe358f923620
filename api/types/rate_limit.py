"""What may the caller still ask for in this minute?"""

from datetime import datetime

import strawberry

from api.limits.charge import Charge
from api.limits.rate_limit import Budget


@strawberry.type(description="The points of all callers of an organization together, as of this request.")
class OrganizationRateLimit:
    """A budget that several share."""

    limit: int = strawberry.field(description="How many points they may use in a minute.")
    remaining: int = strawberry.field(description="How many points are left.")
    reset_at: datetime = strawberry.field(
        description="From when all points are there again, if nobody uses any until then."
    )


@strawberry.type(description="The points that the caller may use in a minute, as of this request.")
class RateLimit:
    """A caller's budget."""

    cost: int = strawberry.field(
        description="How many points this operation costs, without those of scoring an organization."
    )
    limit: int = strawberry.field(description="How many points the caller may use in a minute.")
    remaining: int = strawberry.field(description="How many points are left to the caller.")
    reset_at: datetime = strawberry.field(
        description="From when all points are there again, if the caller uses none until then."
    )
    organization: OrganizationRateLimit | None = strawberry.field(
        description="What all callers of the organization share; null when nobody is signed in."
    )


def rate_limit_of(charge: Charge | None) -> RateLimit | None:
    """Return what a charge tells of the caller's budget, where it is known."""
    if charge is None or charge.budgets is None:
        return None
    own, shared = charge.budgets.own, charge.budgets.organization
    return RateLimit(
        cost=charge.cost,
        limit=own.limit,
        remaining=own.remaining,
        reset_at=own.reset_at,
        organization=None if shared is None else _organization(shared),
    )


def _organization(budget: Budget) -> OrganizationRateLimit:
    return OrganizationRateLimit(limit=budget.limit, remaining=budget.remaining, reset_at=budget.reset_at)
