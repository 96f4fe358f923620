"""Why does a credit count, or not, in words for people?"""

from datetime import datetime

import strawberry

from domain.queries.credits import CreditRow
from domain.rules.words import CreditEndReason, CreditStatus, IneligibleReason


@strawberry.type(description="Why a credit counts, or not.")
class CreditExplanation:
    """In words for people."""

    summary: str = strawberry.field(description="One sentence.")


_INELIGIBLE = {
    IneligibleReason.EXPIRED_BEFORE_ASSOCIATION: "it had expired before the account was linked",
    IneligibleReason.REVOKED_BEFORE_ASSOCIATION: "it had been revoked before the account was linked",
    IneligibleReason.NOT_IN_CATALOG: "it is not in the programme's catalog",
    IneligibleReason.RETIRED: "the certification had retired",
}
_ENDED = {
    CreditEndReason.EXPIRED: "it expired",
    CreditEndReason.REVOKED: "the learning provider revoked it",
    CreditEndReason.RETIRED: "the certification retired",
    CreditEndReason.REMOVED: "the account's access was removed",
    CreditEndReason.MOVED: "the account was linked with another organization",
}


def explanation_of(row: CreditRow) -> CreditExplanation:
    """Return the sentence for a credit as of its row's instant."""
    return CreditExplanation(summary=_summary(row))


def _summary(row: CreditRow) -> str:
    if row.ineligible_reason is not None or row.counts_from is None:
        reason = _INELIGIBLE.get(row.ineligible_reason) if row.ineligible_reason else None
        return f"Does not count: {reason}." if reason else "Does not count."
    if row.status is CreditStatus.PENDING:
        return f"Counts from {_date(row.counts_from)}."
    if row.counts_until is None:
        return f"Counts since {_date(row.counts_from)}."
    if row.status is CreditStatus.COUNTING:
        return f"Counts until {_date(row.counts_until)}."
    reason = _ENDED[row.end_reason] if row.end_reason else "it ended"
    never = row.counts_until <= row.counts_from
    return (
        f"Never counted: {reason} before it was due."
        if never
        else f"Counted until {_date(row.counts_until)}: {reason}."
    )


def _date(instant: datetime) -> str:
    return f"{instant:%-d %B %Y}"
