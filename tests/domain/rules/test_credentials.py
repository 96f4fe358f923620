"""Warnings before our secrets and keys expire at an issuer."""

from datetime import datetime, timedelta

import pytest

from domain.rules.credentials import WARN_BEFORE, expiry_to_warn_of
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND

SOON, LATE = START + WARN_BEFORE, START + 300 * DAY


@pytest.mark.parametrize(
    ("expiries", "warned_of"),
    [
        ([], None),
        ([None], None),
        ([SOON], SOON),
        ([SOON + MICROSECOND], None),
        ([START], START),
        ([START - 400 * DAY], START - 400 * DAY),
        ([SOON, START], SOON),
        ([START, SOON], SOON),
        ([SOON, LATE], None),
        ([SOON, None], None),
    ],
)
def test_a_warning_begins_30_days_before_the_last_secret_or_key_expires(
    expiries: list[datetime | None], warned_of: datetime | None
) -> None:
    assert timedelta(days=30) == WARN_BEFORE
    assert expiry_to_warn_of(expiries, now=START) == warned_of
