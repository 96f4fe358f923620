"""Which numbers does the programme set?"""

import strawberry

from api.context import Context
from domain.rules.policy import OVERDUE_AFTER, YEAR


@strawberry.type(description="The programme's numbers, as they are set here.")
class Policy:
    """Durations carry their unit in the name."""

    cool_off_days: int = strawberry.field(
        description="Days that must pass from the start of one association to the start of the next."
    )
    associations_per_year: int = strawberry.field(description="How many associations may start within a rolling year.")
    year_days: int = strawberry.field(description="How long that rolling year is, in days.")
    credit_delay_days: int = strawberry.field(
        description="Days from the completion, or the association's start if that is later, until a credit counts."
    )
    attempt_minutes: int = strawberry.field(description="Minutes that an association attempt waits for the sign-in.")
    overdue_after_seconds: int = strawberry.field(
        description="Seconds after which a change that is due and not recorded counts as overdue."
    )


def policy_of(context: Context) -> Policy:
    """Return the numbers from the settings."""
    policy = context.runtime.settings.policy
    return Policy(
        cool_off_days=policy.cool_off.days,
        associations_per_year=policy.associations_per_year,
        year_days=YEAR.days,
        credit_delay_days=policy.credit_delay.days,
        attempt_minutes=int(policy.attempt_lifetime.total_seconds() // 60),
        overdue_after_seconds=int(OVERDUE_AFTER.total_seconds()),
    )
