"""Validity of a completion by level and catalog."""

from datetime import UTC, datetime

import pytest

from domain.catalog import shipped_catalog
from domain.rules.attainment import Holding, holding_by_catalog
from domain.rules.certifications import renewal_opens_at, valid_until
from domain.rules.enums import CertificationLevel
from tests.domain.instants import DAY, MICROSECOND

CATALOG = shipped_catalog()


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def holding(certification: str, completed_at: datetime, expires_at: datetime | None = None) -> Holding | None:
    facts = CATALOG.certifications[certification]
    return holding_by_catalog(
        person="A",
        certification=facts,
        level=CATALOG.levels[facts.level],
        completed_at=completed_at,
        expires_at=expires_at,
    )


@pytest.mark.parametrize(
    "level", [CertificationLevel.ASSOCIATE, CertificationLevel.EXPERT, CertificationLevel.SPECIALTY]
)
def test_a_certification_is_valid_for_a_year_and_renewable_from_six_months_before(level: CertificationLevel) -> None:
    facts = CATALOG.levels[level]

    assert valid_until(facts, completed_at=day("2026-03-31")) == day("2027-03-31")
    assert renewal_opens_at(facts, expires_at=day("2027-08-31")) == day("2027-02-28")
    assert facts.renewal_extends_months == 12


def test_what_is_completed_on_a_leap_day_expires_on_the_last_of_february() -> None:
    level = CATALOG.levels[CertificationLevel.ASSOCIATE]

    assert valid_until(level, completed_at=day("2028-02-29")) == day("2029-02-28")


def test_what_lies_beyond_the_calendar_is_at_its_edge() -> None:
    level = CATALOG.levels[CertificationLevel.ASSOCIATE]

    assert valid_until(level, completed_at=day("9999-01-01")) == datetime.max.replace(tzinfo=UTC)
    assert renewal_opens_at(level, expires_at=day("0001-01-01")) == datetime.min.replace(tzinfo=UTC)


@pytest.mark.parametrize("level", [CertificationLevel.FUNDAMENTALS, CertificationLevel.OTHER])
def test_fundamentals_do_not_expire_and_of_others_nobody_published_when(level: CertificationLevel) -> None:
    assert valid_until(CATALOG.levels[level], completed_at=day("2026-03-31")) is None
    assert renewal_opens_at(CATALOG.levels[level], expires_at=day("2027-03-31")) is None


@pytest.mark.parametrize(
    ("certification", "expires_at", "until"),
    [
        ("AZ-104", None, "2027-03-31"),
        ("AZ-104", "2026-09-01", "2026-09-01"),
        ("GH-300", None, None),
        ("MS-102", None, "2027-03-31"),
        ("MS-102", "2029-01-01", "2027-11-30"),
        ("MS-900", None, "2027-03-31"),
    ],
)
def test_a_completion_counts_from_its_day_until_it_expires_or_is_no_longer_eligible(
    certification: str, expires_at: str | None, until: str | None
) -> None:
    found = holding(certification, day("2026-03-31"), day(expires_at) if expires_at else None)

    assert found is not None
    assert (found.counts_from, found.counts_until) == (day("2026-03-31"), day(until) if until else None)


def test_what_was_earned_when_it_was_retired_never_counts() -> None:
    retirement = day("2026-06-30")

    assert holding("AI-102", retirement - MICROSECOND) is not None
    assert holding("AI-102", retirement) is None
    assert holding("MS-500", day("2024-06-30")) is None
    assert holding("MS-500", day("2024-06-30") - DAY) is not None
