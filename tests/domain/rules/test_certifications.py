"""Retirement of certifications (R16)."""

from datetime import UTC, date, datetime

import pytest

from domain.rules.certifications import CertificationFacts, eligible_until, retirement_reason
from domain.rules.enums import CertificationLevel, IneligibleReason, LearningProvider, RetirementRule
from tests.domain.instants import DAY, MICROSECOND

RETIREMENT = datetime(2026, 6, 30, tzinfo=UTC)
RETIRED = IneligibleReason.RETIRED


def certification(rule: RetirementRule | None, *, until: date | None = None) -> CertificationFacts:
    return CertificationFacts(
        code="AI-102",
        title="Azure AI Engineer Associate",
        level=CertificationLevel.ASSOCIATE,
        provider=LearningProvider.MICROSOFT_LEARN,
        retires_on=RETIREMENT.date(),
        retirement_rule=rule,
        eligible_until=until,
    )


@pytest.mark.parametrize(
    ("completed_at", "reason"), [(RETIREMENT - MICROSECOND, None), (RETIREMENT, RETIRED), (RETIREMENT + DAY, RETIRED)]
)
def test_what_was_earned_before_the_retirement_counts_for_its_own_year(
    completed_at: datetime, reason: IneligibleReason | None
) -> None:
    """R16, the rule "one year if earned before"; it does not matter when the account is associated."""
    facts = certification(RetirementRule.ONE_YEAR_IF_EARNED_BEFORE)

    assert retirement_reason(facts, completed_at=completed_at, starts_at=RETIREMENT + 100 * DAY) is reason
    assert eligible_until(facts) is None


@pytest.mark.parametrize(("days", "reason"), [(-1, None), (0, RETIRED), (1, RETIRED)])
def test_what_is_eligible_until_a_day_counts_until_it_begins(days: int, reason: IneligibleReason | None) -> None:
    """R16, the rule "eligible until"; it does not matter when the certification was earned."""
    until = date(2027, 6, 30)
    facts = certification(RetirementRule.ELIGIBLE_UNTIL, until=until)
    end = datetime(2027, 6, 30, tzinfo=UTC)

    assert eligible_until(facts) == end
    assert retirement_reason(facts, completed_at=RETIREMENT - DAY, starts_at=end + days * MICROSECOND) is reason


def test_a_retirement_without_a_rule_changes_nothing() -> None:
    facts = certification(None)

    assert eligible_until(facts) is None
    assert retirement_reason(facts, completed_at=RETIREMENT + DAY, starts_at=RETIREMENT + DAY) is None
