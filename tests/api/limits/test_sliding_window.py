"""A minute's budget: what is told of it comes true."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.limits.rate_limit import Usage, seconds_until

LIMIT = 100
MINUTE = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
instants = st.timedeltas(timedelta(0), timedelta(minutes=1) - timedelta(microseconds=1)).map(lambda into: MINUTE + into)
usages = st.builds(Usage, now=instants, previous=st.integers(0, LIMIT), current=st.integers(0, LIMIT))


def seconds(usage: Usage, points: int) -> int:
    return seconds_until(lambda later: usage.at(later, more=points).allows(LIMIT), usage.now)


@given(usages, st.integers(1, LIMIT))
def test_after_the_seconds_told_there_is_room_and_no_second_earlier(usage: Usage, points: int) -> None:
    told = seconds(usage, points)

    assert usage.at(usage.now + timedelta(seconds=told), more=points).allows(LIMIT)
    assert told == 1 or not usage.at(usage.now + timedelta(seconds=told - 1), more=points).allows(LIMIT)


@given(usages)
def test_what_is_told_to_remain_is_exactly_what_may_be_used(usage: Usage) -> None:
    left = usage.remaining(LIMIT)

    assert left == 0 or usage.at(usage.now, more=left).allows(LIMIT)
    assert not usage.at(usage.now, more=left + 1).allows(LIMIT)


@given(usages, st.timedeltas(timedelta(0), timedelta(minutes=3)))
def test_while_nothing_is_used_less_and_less_counts_until_all_is_there_again(usage: Usage, passed: timedelta) -> None:
    later = usage.at(usage.now + passed)

    assert later.remaining(LIMIT) >= usage.remaining(LIMIT)
    assert (later.now >= usage.reset_at()) <= (later.remaining(LIMIT) == LIMIT)


@pytest.mark.parametrize(
    ("into", "remaining"),
    [
        (timedelta(0), 40),
        (timedelta(seconds=30), 70),
        (timedelta(seconds=59, microseconds=999_999), 99),
        (timedelta(seconds=60), 100),
    ],
)
def test_of_the_minute_before_as_much_counts_as_is_less_than_a_minute_ago(into: timedelta, remaining: int) -> None:
    assert Usage(now=MINUTE, previous=60, current=0).at(MINUTE + into).remaining(LIMIT) == remaining


def test_at_the_border_the_minute_under_way_becomes_the_one_before() -> None:
    usage = Usage(now=MINUTE + timedelta(seconds=59, microseconds=999_999), previous=0, current=LIMIT)

    assert usage.at(MINUTE + timedelta(minutes=1)).remaining(LIMIT) == 0
    assert usage.reset_at() == MINUTE + timedelta(minutes=2)
    assert [seconds(usage, points) for points in (1, 3, LIMIT)] == [1, 2, 61]
