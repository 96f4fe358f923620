"""Interval in which a completion counts (R8, R10 to R12)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from domain.rules.certifications import CertificationFacts, eligible_until, retirement_reason, start_of_day
from domain.rules.enums import AssociationEndReason, CreditEndReason, CreditStatus, IneligibleReason
from domain.rules.policy import REFRESH_DAY, Policy


@dataclass(frozen=True, kw_only=True)
class CreditInterval:
    """When a completion counts: from an instant until an instant, exclusive; ``None`` is an end that is not known."""

    counts_from: datetime | None
    counts_until: datetime | None = None
    end_reason: CreditEndReason | None = None
    ineligible_reason: IneligibleReason | None = None

    def next_event_at(self, *, counted: bool) -> datetime | None:
        """Return the instant of the event to record next; with ``counted`` the beginning is recorded already."""
        counts_at_all = self.counts_from != self.counts_until
        return self.counts_from if counts_at_all and not counted else self.counts_until


def credit_interval(
    *,
    completed_at: datetime,
    expires_at: datetime | None,
    revoked_at: datetime | None,
    started_at: datetime,
    recorded_at: datetime,
    certification: CertificationFacts | None,
    policy: Policy,
) -> CreditInterval:
    """Return when a completion counts for the organization of an association that started at ``started_at``."""
    reason: IneligibleReason | None
    if certification is None:
        return CreditInterval(counts_from=None, ineligible_reason=IneligibleReason.NOT_IN_CATALOG)
    if revoked_at is not None and revoked_at <= started_at:
        reason = IneligibleReason.REVOKED_BEFORE_ASSOCIATION
    elif expires_at is not None and expires_at <= started_at:
        reason = IneligibleReason.EXPIRED_BEFORE_ASSOCIATION
    else:
        reason = retirement_reason(certification, completed_at=completed_at, starts_at=started_at)
    if reason is not None:
        return CreditInterval(counts_from=None, ineligible_reason=reason)
    # Not before it was recorded (R10): what an organization was shown of the past must stay true.
    counts_from = max(max(completed_at, started_at) + policy.credit_delay, recorded_at)
    end = first_end(expires_at=expires_at, revoked_at=revoked_at, certification=certification)
    if end is None:
        return CreditInterval(counts_from=counts_from)
    counts_until, end_reason = end
    return CreditInterval(
        # A credit that ends before it would count has an empty interval at its end: pending before, ended after.
        counts_from=min(counts_from, counts_until),
        counts_until=counts_until,
        end_reason=end_reason,
    )


def first_end(
    *, expires_at: datetime | None, revoked_at: datetime | None, certification: CertificationFacts
) -> tuple[datetime, CreditEndReason] | None:
    """Return the earliest end that a completion and the catalog set, with its reason (R11, R16)."""
    ends = [
        (instant, end_reason)
        for instant, end_reason in (
            (revoked_at, CreditEndReason.REVOKED),
            (expires_at, CreditEndReason.EXPIRED),
            (eligible_until(certification), CreditEndReason.RETIRED),
        )
        if instant is not None
    ]
    return min(ends, key=lambda end: end[0], default=None)


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


def ended_interval(interval: CreditInterval, *, ended_at: datetime, reason: AssociationEndReason) -> CreditInterval:
    """Return an interval after its association ended at an instant (R5, R7): a pending credit is canceled."""
    return _ended(interval, ended_at, CreditEndReason(reason.value))


def refresh_date(left_at: datetime) -> date:
    """Return the date on which a leaver's credits end (R8): the 10th of the month after they left."""
    return _following_month(_utc_date(left_at))


def refresh_at(left_at: datetime) -> datetime:
    """Return the instant, exclusive, until which a leaver's credits count (R8)."""
    return start_of_day(refresh_date(left_at))


def next_refresh_date(now: datetime) -> date:
    """Return the first refresh date that begins after an aware instant."""
    today = _utc_date(now)
    # On the 10th itself it has begun already.
    return today.replace(day=REFRESH_DAY) if today.day < REFRESH_DAY else _following_month(today)


def left_interval(interval: CreditInterval, *, left_at: datetime) -> CreditInterval:
    """Return an interval after its member left (R8): until the refresh date, or canceled if it is pending."""
    is_pending = interval.counts_from is not None and interval.counts_from > left_at
    return _ended(interval, left_at if is_pending else refresh_at(left_at), CreditEndReason.MEMBER_REMOVED)


def superseded_interval(
    interval: CreditInterval, *, started_at: datetime, same_organization: bool, policy: Policy
) -> CreditInterval:
    """Return a leaver's interval after their account is associated again."""
    if same_organization:
        # Until the new credits begin: nothing counts twice, and nobody loses days by coming back (our decision).
        return _ended(interval, started_at + policy.credit_delay, CreditEndReason.MEMBER_REMOVED)
    # With another organization it ends as if the account had moved (R5).
    return _ended(interval, started_at, CreditEndReason.MOVED)


def _ended(interval: CreditInterval, instant: datetime, reason: CreditEndReason) -> CreditInterval:
    if interval.counts_from is None or (interval.counts_until is not None and interval.counts_until <= instant):
        return interval
    return CreditInterval(counts_from=min(interval.counts_from, instant), counts_until=instant, end_reason=reason)


def _utc_date(instant: datetime) -> date:
    # A naive instant would be taken for one in the machine's own time zone, without a word.
    if instant.utcoffset() is None:
        raise ValueError("an instant needs an offset")
    return instant.astimezone(UTC).date()


def _following_month(day: date) -> date:
    year, month = divmod(day.year * 12 + day.month, 12)
    return date(year, month + 1, REFRESH_DAY)
