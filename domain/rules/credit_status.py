"""What is a credit at an instant (R12)?

Derived from the interval and the instant, never stored: a late worker never makes a wrong answer.
"""

from datetime import datetime

from domain.rules.words import CreditStatus, IneligibleReason


def credit_status(
    *,
    counts_from: datetime | None,
    counts_until: datetime | None,
    ineligible_reason: IneligibleReason | None,
    at: datetime,
) -> CreditStatus:
    """Return a credit's status at an aware instant, past or future; an end is exclusive."""
    if ineligible_reason is not None or counts_from is None:
        return CreditStatus.INELIGIBLE
    if counts_until is not None and counts_until <= at:
        return CreditStatus.ENDED
    return CreditStatus.PENDING if at < counts_from else CreditStatus.COUNTING
