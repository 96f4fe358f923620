"""Until when does a leaver's completion count on for the organization that they left (R8)?

Refresh dates begin at 00:00 UTC, and the month in which somebody leaves is that of UTC, wherever they live.
"""

from datetime import UTC, date, datetime

from domain.rules.certifications import start_of_day
from domain.rules.credit_interval import CreditInterval
from domain.rules.policy import REFRESH_DAY, Policy
from domain.rules.words import CreditEndReason


def refresh_date(left_at: datetime) -> date:
    """Return the date on which the credits of somebody who left at an aware instant end: the following month's 10th."""
    return _following_month(_utc_date(left_at))


def refresh_at(left_at: datetime) -> datetime:
    """Return the instant, exclusive, until which what counted when somebody left counts on."""
    return start_of_day(refresh_date(left_at))


def next_refresh_date(now: datetime) -> date:
    """Return the first refresh date that begins after an aware instant."""
    today = _utc_date(now)
    # On the day itself it has begun already.
    return today.replace(day=REFRESH_DAY) if today.day < REFRESH_DAY else _following_month(today)


def left_interval(interval: CreditInterval, *, left_at: datetime) -> CreditInterval:
    """Return an interval as it is once its member left: what counts counts on, and what does not yet is canceled."""
    if interval.counts_from is None or (interval.counts_until is not None and interval.counts_until <= left_at):
        return interval
    if interval.counts_from > left_at:
        return _ended(interval, left_at, CreditEndReason.MEMBER_REMOVED)
    return _ended(interval, refresh_at(left_at), CreditEndReason.MEMBER_REMOVED)


def overtaken_interval(
    interval: CreditInterval, *, started_at: datetime, same_organization: bool, policy: Policy
) -> CreditInterval:
    """Return a leaver's interval as it is once the account is associated again.

    Elsewhere it ends at that instant, as if it had moved (R5). With the same organization it counts on until the new
    credits begin, so that nothing counts twice and nobody loses days by coming back (our decision).
    """
    if same_organization:
        return _ended(interval, started_at + policy.credit_delay, CreditEndReason.MEMBER_REMOVED)
    return _ended(interval, started_at, CreditEndReason.MOVED)


def _ended(interval: CreditInterval, instant: datetime, reason: CreditEndReason) -> CreditInterval:
    """Return an interval that ends at an instant, unless it ends earlier anyhow."""
    if interval.counts_from is None or (interval.counts_until is not None and interval.counts_until <= instant):
        return interval
    return CreditInterval(counts_from=min(interval.counts_from, instant), counts_until=instant, end_reason=reason)


def _utc_date(instant: datetime) -> date:
    if instant.utcoffset() is None:
        raise ValueError("an instant without an offset is none")
    return instant.astimezone(UTC).date()


def _following_month(day: date) -> date:
    year, month = divmod(day.year * 12 + day.month, 12)
    return date(year, month + 1, REFRESH_DAY)
