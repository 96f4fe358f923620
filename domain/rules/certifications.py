"""Validity and retirement of certifications by the catalog (R12, R16)."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time

from domain.rules.enums import CertificationLevel, IneligibleReason, LearningProvider, RetirementRule


@dataclass(frozen=True, kw_only=True)
class CertificationFacts:
    """What the catalog says of one certification; dates begin at 00:00 UTC."""

    code: str
    title: str
    level: CertificationLevel
    provider: LearningProvider
    retires_on: date | None = None
    retirement_rule: RetirementRule | None = None
    eligible_until: date | None = None
    # A person must hold one of these first. The provider enforces that; certlink only shows it.
    after_any: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LevelFacts:
    """How long certifications of a level are valid and when their renewal opens; ``None`` is never, or not known."""

    level: CertificationLevel
    valid_months: int | None = None
    renewal_opens_months: int | None = None
    renewal_extends_months: int | None = None


def valid_until(level: LevelFacts, *, completed_at: datetime) -> datetime | None:
    """Return the instant at which a completion expires by its level, if it does."""
    return None if level.valid_months is None else add_months(completed_at, level.valid_months)


def renewal_opens_at(level: LevelFacts, *, expires_at: datetime) -> datetime | None:
    """Return the instant from which a completion can be renewed before its expiry, if its level has renewals."""
    return None if level.renewal_opens_months is None else add_months(expires_at, -level.renewal_opens_months)


def eligible_until(facts: CertificationFacts) -> datetime | None:
    """Return the instant at which a retired certification stops counting, if the catalog sets one."""
    return None if facts.eligible_until is None else start_of_day(facts.eligible_until)


def retirement_reason(
    facts: CertificationFacts, *, completed_at: datetime, starts_at: datetime
) -> IneligibleReason | None:
    """Return RETIRED if a completion does not count any more when its association starts."""
    # Who earned it before the retirement keeps it as long as it is valid; what was earned later never counts.
    if facts.retirement_rule is RetirementRule.ONE_YEAR_IF_EARNED_BEFORE and facts.retires_on is not None:
        return IneligibleReason.RETIRED if completed_at >= start_of_day(facts.retires_on) else None
    end = eligible_until(facts)
    return IneligibleReason.RETIRED if end is not None and end <= starts_at else None


def start_of_day(day: date) -> datetime:
    """Return the instant at which a date begins, in UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def add_months(instant: datetime, months: int) -> datetime:
    """Return the same day and time some months later or earlier, or the month's last day if it has no such day.

    An instant beyond the calendar becomes the calendar's first or last one.
    """
    year, month = divmod(instant.year * 12 + instant.month - 1 + months, 12)
    # A provider may send any date, and one such completion must not stop a whole transcript.
    if not MINYEAR <= year <= MAXYEAR:
        return datetime.min.replace(tzinfo=UTC) if months < 0 else datetime.max.replace(tzinfo=UTC)
    return instant.replace(year=year, month=month + 1, day=min(instant.day, monthrange(year, month + 1)[1]))
