"""May a member associate now, and if not, when?"""

from datetime import datetime

import strawberry

from api.refusals import Refusal, refusal_of
from domain.rules.association_limits import AssociationAllowance as Allowance
from domain.rules.policy import YEAR


@strawberry.type(description="What an attempt to associate would be told now. Asking is a dry run: it changes nothing.")
class AssociationAllowance:
    """R3 and R6, asked beforehand."""

    allowed_now: bool = strawberry.field(description="Whether an association may start now.")
    next_available_at: datetime = strawberry.field(
        description="The first instant at which the limits allow an association: now, or the later end of both limits."
    )
    cool_off_ends_at: datetime | None = strawberry.field(
        description="When the cool-off since the latest association's start ends or ended; null if there was none."
    )
    used_in_window: int = strawberry.field(description="How many associations started within the window up to now.")
    limit_in_window: int = strawberry.field(description="How many associations may start within the window.")
    window_days: int = strawberry.field(description="How long the rolling window is, in days.")
    refusal: Refusal | None = strawberry.field(description="What an attempt made now would be told; null if allowed.")


def allowance_of(allowance: Allowance) -> AssociationAllowance:
    """Return the domain's answer as clients see it."""
    return AssociationAllowance(
        allowed_now=allowance.allowed_now,
        next_available_at=allowance.next_available_at,
        cool_off_ends_at=allowance.cool_off_ends_at,
        used_in_window=allowance.used_in_window,
        limit_in_window=allowance.policy.associations_per_year,
        window_days=YEAR.days,
        refusal=refusal_of(allowance.refusal) if allowance.refusal else None,
    )
