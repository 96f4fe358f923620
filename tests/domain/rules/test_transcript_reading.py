"""The schedule of transcript reads (R9)."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rules.enums import TranscriptProblem
from domain.rules.transcript_reading import NIGHT, next_night_reading, next_reading, next_try, transcript_problem
from tests.clock import START
from tests.domain.instants import DAY, instants

MINUTE = timedelta(minutes=1)


@given(st.integers(1, 2**62), instants)
def test_every_account_has_its_own_instant_of_each_night(account_id: int, after: datetime) -> None:
    first = next_night_reading(account_id, after=after)

    assert after < first <= after + DAY
    assert first - first.replace(hour=0, minute=0, second=0, microsecond=0) < NIGHT
    assert next_night_reading(account_id, after=first) == first + DAY


def test_accounts_are_spread_evenly_over_the_night() -> None:
    hours = Counter(next_night_reading(number, after=START).hour for number in range(1, 6001))

    assert set(hours) == set(range(6))
    assert all(980 <= count <= 1020 for count in hours.values())


def test_it_is_read_just_before_something_expires() -> None:
    """R11: a renewal on the last day becomes known before the expiry."""
    night = next_night_reading(1, after=START)

    assert next_reading(1, after=START, first_expiry=None) == night
    assert next_reading(1, after=START, first_expiry=START + 2 * DAY) == night
    assert next_reading(1, after=START, first_expiry=START + 60 * MINUTE) == START + 30 * MINUTE
    assert next_reading(1, after=START, first_expiry=START + 30 * MINUTE) == night


def test_each_try_is_later_than_the_one_before_and_none_later_than_the_next_night() -> None:
    now = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)

    waits = [next_try(1, tries=tries, now=now) - now for tries in range(1, 12)]

    assert waits[:4] == [15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 120 * MINUTE]
    assert waits == sorted(waits)
    assert now + waits[-1] == next_night_reading(1, after=now)


def test_a_provider_that_asks_for_patience_gets_it() -> None:
    assert next_try(1, tries=1, now=START, retry_after=timedelta(seconds=30)) == START + 15 * MINUTE
    assert next_try(1, tries=1, now=START, retry_after=2 * DAY) == START + 2 * DAY


@pytest.mark.parametrize(
    ("is_active", "has_grant", "is_refused", "has_failed", "expected"),
    [
        (True, True, False, False, None),
        (True, True, False, True, TranscriptProblem.PROVIDER_UNAVAILABLE),
        (True, False, True, False, TranscriptProblem.SIGN_IN_AGAIN),
        (True, False, False, False, TranscriptProblem.NO_PERMISSION),
        (False, False, True, True, None),
    ],
)
def test_what_stands_in_the_way_is_said(
    is_active: bool, has_grant: bool, is_refused: bool, has_failed: bool, expected: TranscriptProblem | None
) -> None:
    assert (
        transcript_problem(is_active=is_active, has_grant=has_grant, is_refused=is_refused, has_failed=has_failed)
        is expected
    )
