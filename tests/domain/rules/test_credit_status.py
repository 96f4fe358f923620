"""The status of a credit at an instant (R12)."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rules.credit_interval import credit_status
from domain.rules.enums import CreditStatus, IneligibleReason
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND, instants

FROM, UNTIL = START, START + 20 * DAY
ORDER = [CreditStatus.PENDING, CreditStatus.COUNTING, CreditStatus.ENDED]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (FROM - MICROSECOND, CreditStatus.PENDING),
        (FROM, CreditStatus.COUNTING),
        (UNTIL - MICROSECOND, CreditStatus.COUNTING),
        (UNTIL, CreditStatus.ENDED),
    ],
)
def test_a_credit_counts_from_its_first_instant_until_just_before_its_last(
    at: datetime, expected: CreditStatus
) -> None:
    assert credit_status(counts_from=FROM, counts_until=UNTIL, ineligible_reason=None, at=at) is expected


@pytest.mark.parametrize(("at", "expected"), [(FROM - MICROSECOND, CreditStatus.PENDING), (FROM, CreditStatus.ENDED)])
def test_a_credit_that_was_cancelled_never_counts(at: datetime, expected: CreditStatus) -> None:
    assert credit_status(counts_from=FROM, counts_until=FROM, ineligible_reason=None, at=at) is expected


@given(st.sampled_from(IneligibleReason), instants)
def test_what_is_ineligible_is_so_for_ever(reason: IneligibleReason, at: datetime) -> None:
    status = credit_status(counts_from=None, counts_until=None, ineligible_reason=reason, at=at)

    assert status is CreditStatus.INELIGIBLE


@given(st.lists(instants, min_size=2, max_size=2), st.booleans(), instants, instants)
def test_time_only_leads_from_pending_over_counting_to_ended(
    ends: list[datetime], is_open: bool, one: datetime, other: datetime
) -> None:
    """What has ended never comes back."""
    counts_from, counts_until = sorted(ends)

    statuses = [
        credit_status(
            counts_from=counts_from, counts_until=None if is_open else counts_until, ineligible_reason=None, at=at
        )
        for at in sorted([one, other])
    ]

    assert statuses == sorted(statuses, key=ORDER.index)
