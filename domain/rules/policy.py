"""Numbers of the programme."""

from dataclasses import dataclass
from datetime import timedelta

# R6: "we require a period of 30 days between associations", from start to start.
COOL_OFF = timedelta(days=30)
# R6: at most three associations start within a rolling year of 365 days.
ASSOCIATIONS_PER_YEAR = 3
YEAR = timedelta(days=365)
# R10: credit within ten days of the completion or of the association.
CREDIT_DELAY = timedelta(days=10)
# R8: leavers' credits end on the 10th of the following month, when the programme refreshes its numbers.
REFRESH_DAY = 10
# R2: an invitation is sent again a day after it was sent, at the earliest.
RESEND_AFTER = timedelta(hours=24)
# Section 4 of the architecture: an association attempt waits ten minutes for the sign-in.
ATTEMPT_LIFETIME = timedelta(minutes=10)
# R18: a credit whose event is later than this is overdue.
OVERDUE_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The programme's numbers, which settings may override."""

    cool_off: timedelta = COOL_OFF
    associations_per_year: int = ASSOCIATIONS_PER_YEAR
    credit_delay: timedelta = CREDIT_DELAY
    attempt_lifetime: timedelta = ATTEMPT_LIFETIME
