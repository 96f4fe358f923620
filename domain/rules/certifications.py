"""Until when does the catalog let a completion count, if at all (R12, R16)?"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from domain.rules.words import CertificationLevel, IneligibleReason, LearningProvider, RetirementRule


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


def eligible_until(facts: CertificationFacts) -> datetime | None:
    """Return the instant at which a retired certification stops counting for everybody, if the catalog sets one."""
    return None if facts.eligible_until is None else start_of_day(facts.eligible_until)


def retirement_reason(
    facts: CertificationFacts, *, completed_at: datetime, starts_at: datetime
) -> IneligibleReason | None:
    """Return RETIRED where the catalog no longer lets a completion count from an association's start on."""
    if facts.retirement_rule is RetirementRule.ONE_YEAR_IF_EARNED_BEFORE and facts.retires_on is not None:
        return IneligibleReason.RETIRED if completed_at >= start_of_day(facts.retires_on) else None
    end = eligible_until(facts)
    return IneligibleReason.RETIRED if end is not None and end <= starts_at else None


def start_of_day(day: date) -> datetime:
    """Return the instant at which a date begins, in UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)
