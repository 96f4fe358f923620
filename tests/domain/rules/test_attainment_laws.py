"""Laws of attainments (R13, R14)."""

from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import shipped_catalog
from domain.rules.attainment import Attainment, Holding, attainments, holding_by_catalog
from domain.rules.contributions import contributions
from domain.rules.editions import programs_at
from domain.rules.enums import RetirementRule, Track
from tests.domain.instants import DAY, MICROSECOND
from tests.domain.rules.catalog import AT, EDITIONS

CATALOG = shipped_catalog()
INSTANTS = [datetime.fromisoformat(f"{day}T00:00:00+00:00") for day in ("2023-11-15", "2024-07-01", "2026-11-03")]
# Few people and mostly sought-after certifications, so that gates are met and caps are reached.
SOUGHT = ["AZ-104", "AZ-305", "AZ-500", "SC-200", "SC-100", "DP-600", "AZ-400", "AZ-204", "MB-820", "PL-400", "MS-102"]

certifications = st.one_of(st.sampled_from(SOUGHT), st.sampled_from(sorted(CATALOG.certifications)))
people = st.sampled_from("ABCDEFGH")
edges = st.sampled_from([-400 * DAY, -1 * DAY, -MICROSECOND, timedelta(), MICROSECOND, 1 * DAY, 400 * DAY])


@st.composite
def holdings_around(draw: st.DrawFn, at: datetime, *, size: int = 40) -> list[Holding]:
    """Return what some people hold, most of it counting at the instant."""
    counting = st.builds(
        Holding,
        person=people,
        certification=certifications,
        counts_from=st.just(at - DAY),
        counts_until=st.sampled_from([None, at + DAY]),
    )
    anything = st.builds(
        lambda person, certification, begins, lasts: Holding(
            person=person, certification=certification, counts_from=at + begins, counts_until=at + begins + abs(lasts)
        ),
        people,
        certifications,
        edges,
        edges,
    )
    return draw(st.lists(st.one_of(counting, counting, anything), max_size=size))


@st.composite
def histories(draw: st.DrawFn) -> tuple[datetime, list[Holding]]:
    """Return an instant of one of the editions and what people hold around it."""
    at = draw(st.sampled_from(INSTANTS))
    return at, draw(holdings_around(at))


tracks = st.sampled_from([None, Track.ENTERPRISE, Track.SMB])


def score(holdings: list[Holding], at: datetime, track: Track | None = None) -> tuple[Attainment, ...]:
    return attainments(holdings, programs_at(EDITIONS, at), at=at, track=track)


def summary(found: tuple[Attainment, ...]) -> list[object]:
    return [(each.program.key, each.track, each.attained, each.pending_points, each.metrics) for each in found]


@given(histories(), people, certifications, tracks)
def test_one_more_valid_certification_never_lowers_a_score(
    history: tuple[datetime, list[Holding]], person: str, certification: str, track: Track | None
) -> None:
    at, holdings = history
    more = Holding(person=person, certification=certification, counts_from=at)

    before, after = score(holdings, at, track), score([*holdings, more], at, track)

    for one, other in zip(before, after, strict=True):
        assert one.points <= other.points
        assert one.attained <= other.attained
        if one.track is other.track:
            for old, new in zip(one.metrics, other.metrics, strict=True):
                assert old.points <= new.points
                for less, equal_or_more in zip(old.requirements, new.requirements, strict=True):
                    assert less.counting <= equal_or_more.counting
                    assert less.points <= equal_or_more.points


@given(histories(), tracks)
def test_no_score_passes_its_maximum(history: tuple[datetime, list[Holding]], track: Track | None) -> None:
    at, holdings = history

    for attainment in score(holdings, at, track):
        assert 0 <= attainment.points <= attainment.points + attainment.pending_points <= attainment.max_points <= 40
        for metric in attainment.metrics:
            assert 0 <= metric.points <= metric.max_points
            assert all(0 <= each.points <= each.requirement.points for each in metric.requirements)


@given(histories(), tracks, st.randoms(use_true_random=False), st.integers(0, 40))
def test_order_and_duplicates_do_not_matter(
    history: tuple[datetime, list[Holding]], track: Track | None, random: Random, copies: int
) -> None:
    at, holdings = history
    shuffled = [*holdings, *holdings[:copies]]
    random.shuffle(shuffled)

    assert summary(score(shuffled, at, track)) == summary(score(holdings, at, track))


@given(histories(), tracks)
def test_what_has_ended_and_what_is_pending_never_counts(
    history: tuple[datetime, list[Holding]], track: Track | None
) -> None:
    at, holdings = history
    counting = [holding for holding in holdings if holding.is_counting(at)]

    found = score(holdings, at, track)

    assert [each.points for each in found] == [each.points for each in score(counting, at, track)]
    assert all(each.points == 0 for each in score([each for each in holdings if not each.is_counting(at)], at, track))


@given(histories())
def test_the_contributions_add_up_to_the_points_and_name_each_person_once(
    history: tuple[datetime, list[Holding]],
) -> None:
    at, holdings = history

    for attainment in score(holdings, at):
        for metric in attainment.metrics:
            found = contributions(metric, holdings, at=at)
            assert sum((each.points for each in found), Fraction(0)) == metric.points
            assert all(each.reason is None or each.points == 0 for each in found)
            given_by = Counter((each.requirement.step, each.holding.person) for each in found if each.reason is None)
            assert set(given_by.values()) <= {1}


@given(people, certifications, edges, st.sampled_from([None, *map(timedelta, range(1, 800, 133))]))
def test_what_the_catalog_has_retired_never_counts(
    person: str, certification: str, begins: timedelta, lasts: timedelta | None
) -> None:
    """R16: neither what was earned after a retirement, nor anything once its eligibility has ended."""
    facts = CATALOG.certifications[certification]
    completed_at = AT + begins

    holding = holding_by_catalog(
        person=person,
        certification=facts,
        level=CATALOG.levels[facts.level],
        completed_at=completed_at,
        expires_at=None if lasts is None else completed_at + lasts,
    )

    if facts.retirement_rule is RetirementRule.ONE_YEAR_IF_EARNED_BEFORE and facts.retires_on is not None:
        assert (holding is None) == (completed_at.date() >= facts.retires_on)
    if facts.eligible_until is not None:
        ended = AT.replace(
            year=facts.eligible_until.year, month=facts.eligible_until.month, day=facts.eligible_until.day
        )
        assert holding is None or not holding.is_counting(ended)
    if holding is not None and lasts is not None:
        assert not holding.is_counting(completed_at + lasts)


@pytest.mark.parametrize("at", INSTANTS)
def test_ten_thousand_people_are_scored_in_a_moment(at: datetime) -> None:
    codes = sorted(CATALOG.certifications)
    holdings = [
        Holding(person=number, certification=codes[(number * 7 + step * 13) % len(codes)], counts_from=at)
        for number in range(10_000)
        for step in range(5)
    ]

    found = score(holdings, at)

    assert any(each.points == each.max_points for each in found)
