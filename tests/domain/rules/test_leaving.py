"""The refresh date of leavers' credits (R8)."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rules.credit_interval import (
    CreditInterval,
    left_interval,
    next_refresh_date,
    refresh_at,
    refresh_date,
    superseded_interval,
)
from domain.rules.enums import CreditEndReason
from domain.rules.policy import Policy
from tests.domain.instants import MICROSECOND, instants

MEMBER_REMOVED, MOVED, EXPIRED = CreditEndReason.MEMBER_REMOVED, CreditEndReason.MOVED, CreditEndReason.EXPIRED
offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
spans = st.timedeltas(timedelta(0), timedelta(days=500))


@pytest.mark.parametrize("day", range(1, 32))
def test_removed_in_january_until_february_10(day: int) -> None:
    """The programme's own example."""
    for hour, minute in ((0, 0), (12, 30), (23, 59)):
        left_at = datetime(2027, 1, day, hour, minute, tzinfo=UTC)

        assert refresh_date(left_at) == date(2027, 2, 10)
        assert refresh_at(left_at) == datetime(2027, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left_at", "expected"),
    [
        ("2026-01-31T23:59:59.999999+00:00", "2026-02-10"),
        ("2026-02-01T00:00:00+00:00", "2026-03-10"),
        ("2026-12-01T00:00:00+00:00", "2027-01-10"),
        ("2026-12-31T23:59:59.999999+00:00", "2027-01-10"),
        ("2027-01-01T00:00:00+00:00", "2027-02-10"),
        # Whoever leaves on the 10th itself, or before it, leaves in that month all the same.
        ("2026-03-09T23:59:59.999999+00:00", "2026-04-10"),
        ("2026-03-10T00:00:00+00:00", "2026-04-10"),
        # Leap years, and the year 2100 that is none.
        ("2028-02-29T12:00:00+00:00", "2028-03-10"),
        ("2028-01-31T12:00:00+00:00", "2028-02-10"),
        ("2100-02-28T23:59:59+00:00", "2100-03-10"),
        ("2100-03-01T00:00:00+00:00", "2100-04-10"),
        # The month is that of UTC: still January in New York, already February in Tokyo.
        ("2026-01-31T20:00:00-05:00", "2026-03-10"),
        ("2026-01-31T18:59:59-05:00", "2026-02-10"),
        ("2026-02-01T08:59:59+09:00", "2026-02-10"),
        ("2026-02-01T09:00:00+09:00", "2026-03-10"),
        ("2026-12-31T23:30:00-01:00", "2027-02-10"),
    ],
)
def test_the_refresh_date_is_the_10th_of_the_month_after_that_of_utc(left_at: str, expected: str) -> None:
    assert refresh_date(datetime.fromisoformat(left_at)) == date.fromisoformat(expected)


@given(instants, offsets)
def test_the_refresh_date_does_not_depend_on_the_zone_in_which_an_instant_comes(
    left_at: datetime, zone: timezone
) -> None:
    assert refresh_date(left_at.astimezone(zone)) == refresh_date(left_at)
    assert next_refresh_date(left_at.astimezone(zone)) == next_refresh_date(left_at)


@given(instants)
def test_the_refresh_date_is_nine_to_forty_days_away_and_never_earlier_for_who_leaves_later(
    left_at: datetime,
) -> None:
    wait = refresh_at(left_at) - left_at

    assert timedelta(days=9) < wait <= timedelta(days=40)
    assert refresh_at(left_at).day == 10
    assert refresh_at(left_at + timedelta(hours=1)) >= refresh_at(left_at)


def test_daylight_saving_changes_nothing() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    assert refresh_date(datetime(2026, 3, 31, 23, 30, tzinfo=berlin)) == date(2026, 4, 10)
    assert refresh_date(datetime(2026, 4, 1, 1, 30, tzinfo=berlin)) == date(2026, 4, 10)
    assert refresh_date(datetime(2026, 4, 1, 2, 0, tzinfo=berlin)) == date(2026, 5, 10)


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        refresh_date(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-01-09T23:59:59.999999+00:00", "2026-01-10"),
        ("2026-01-10T00:00:00+00:00", "2026-02-10"),
        ("2026-12-10T00:00:00+00:00", "2027-01-10"),
        ("2026-01-10T01:00:00+02:00", "2026-01-10"),
    ],
)
def test_the_next_refresh_date_is_the_first_that_begins_later(now: str, expected: str) -> None:
    assert next_refresh_date(datetime.fromisoformat(now)) == date.fromisoformat(expected)


@given(instants)
def test_who_leaves_ends_at_the_next_refresh_date_or_at_the_one_after_it(left_at: datetime) -> None:
    first = next_refresh_date(left_at)

    assert refresh_date(left_at) in {first, next_refresh_date(datetime.combine(first, datetime.min.time(), UTC))}


@given(instants, st.timedeltas(timedelta(days=-400), timedelta(days=400)), st.none() | spans)
def test_what_counts_counts_on_and_what_does_not_yet_is_canceled(
    left_at: datetime, begins_after: timedelta, length: timedelta | None
) -> None:
    counts_from = left_at + begins_after
    counts_until = None if length is None else counts_from + length
    before = CreditInterval(
        counts_from=counts_from, counts_until=counts_until, end_reason=None if length is None else EXPIRED
    )

    after = left_interval(before, left_at=left_at)

    if counts_until is not None and counts_until <= left_at:
        assert after == before
    elif counts_from > left_at:
        assert after == CreditInterval(counts_from=left_at, counts_until=left_at, end_reason=MEMBER_REMOVED)
    elif counts_until is not None and counts_until <= refresh_at(left_at):
        assert after == before
    else:
        assert after == CreditInterval(
            counts_from=counts_from, counts_until=refresh_at(left_at), end_reason=MEMBER_REMOVED
        )


def test_what_begins_to_count_at_the_very_instant_of_leaving_counts_on() -> None:
    left_at = datetime(2027, 1, 20, tzinfo=UTC)

    on_time = left_interval(CreditInterval(counts_from=left_at), left_at=left_at)
    too_late = left_interval(CreditInterval(counts_from=left_at + MICROSECOND), left_at=left_at)

    assert on_time.counts_until == datetime(2027, 2, 10, tzinfo=UTC)
    assert too_late.counts_until == too_late.counts_from == left_at


def test_what_never_counts_stays_so() -> None:
    ineligible = CreditInterval(counts_from=None)

    assert left_interval(ineligible, left_at=datetime(2027, 1, 20, tzinfo=UTC)) == ineligible


@given(instants, spans, st.booleans())
def test_associating_again_ends_a_leaver_s_credit_and_never_prolongs_it(
    left_at: datetime, after: timedelta, same: bool
) -> None:
    """R5: elsewhere at once; with the same organization when the new credits begin (our decision)."""
    started_at = left_at + after
    before = CreditInterval(counts_from=left_at, counts_until=refresh_at(left_at), end_reason=MEMBER_REMOVED)
    end = started_at + Policy().credit_delay if same else started_at

    superseded = superseded_interval(before, started_at=started_at, same_organization=same, policy=Policy())

    if end >= refresh_at(left_at):
        assert superseded == before
    else:
        assert superseded == CreditInterval(
            counts_from=left_at, counts_until=end, end_reason=MEMBER_REMOVED if same else MOVED
        )
