"""Hypothesis strategies for instants."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tests.clock import START

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)

# Whole days meet each other's boundaries often, which arbitrary instants almost never do.
days = st.integers(-800, 800).map(lambda number: START + number * DAY)
near_days = st.builds(lambda instant, nudge: instant + nudge * MICROSECOND, days, st.sampled_from([-1, 0, 1]))
any_instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
instants = st.one_of(days, near_days, any_instants)
