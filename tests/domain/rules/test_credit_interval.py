"""The interval in which a completion counts (R5, R7, R10, R11)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rules.certifications import CertificationFacts
from domain.rules.credit_interval import CreditInterval, credit_interval, credit_status, ended_interval
from domain.rules.enums import (
    AssociationEndReason,
    CertificationLevel,
    CreditEndReason,
    CreditStatus,
    IneligibleReason,
    LearningProvider,
    RetirementRule,
)
from domain.rules.policy import Policy
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND, instants

CERTIFICATION = CertificationFacts(
    code="AZ-104",
    title="Azure Administrator Associate",
    level=CertificationLevel.ASSOCIATE,
    provider=LearningProvider.MICROSOFT_LEARN,
)


RETIRING = replace(CERTIFICATION, retirement_rule=RetirementRule.ELIGIBLE_UNTIL, eligible_until=date(2027, 1, 1))


def interval(
    *,
    completed_at: datetime = START - 30 * DAY,
    expires_at: datetime | None = None,
    revoked_at: datetime | None = None,
    started_at: datetime = START,
    recorded_at: datetime = START,
    certification: CertificationFacts | None = CERTIFICATION,
) -> CreditInterval:
    return credit_interval(
        completed_at=completed_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
        started_at=started_at,
        recorded_at=recorded_at,
        certification=certification,
        policy=Policy(),
    )


def retiring(day: date) -> CertificationFacts:
    return replace(CERTIFICATION, retirement_rule=RetirementRule.ELIGIBLE_UNTIL, eligible_until=day)


def test_what_was_completed_before_counts_ten_days_after_the_association_started() -> None:
    """R10."""
    assert interval(completed_at=START - DAY).counts_from == START + 10 * DAY


def test_what_is_completed_during_the_association_counts_ten_days_after_the_completion() -> None:
    """R10."""
    completed_at = START + 5 * DAY

    assert interval(completed_at=completed_at, recorded_at=completed_at).counts_from == START + 15 * DAY


def test_what_we_learn_of_late_counts_from_then_and_is_not_dated_back() -> None:
    """R10, at the exact instant from which it is late."""
    due = START + 10 * DAY

    assert interval(recorded_at=due).counts_from == due
    assert interval(recorded_at=due + MICROSECOND).counts_from == due + MICROSECOND


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({"expires_at": START + 40 * DAY}, (START + 40 * DAY, CreditEndReason.EXPIRED)),
        ({"revoked_at": START + 40 * DAY}, (START + 40 * DAY, CreditEndReason.REVOKED)),
        (
            {"certification": RETIRING},
            (datetime(2027, 1, 1, tzinfo=UTC), CreditEndReason.RETIRED),
        ),
        (
            {
                "expires_at": START + 40 * DAY,
                "revoked_at": START + 20 * DAY,
                "certification": RETIRING,
            },
            (START + 20 * DAY, CreditEndReason.REVOKED),
        ),
        (
            {
                "expires_at": START + 90 * DAY,
                "revoked_at": START + 80 * DAY,
                "certification": RETIRING,
            },
            (datetime(2027, 1, 1, tzinfo=UTC), CreditEndReason.RETIRED),
        ),
        ({}, (None, None)),
    ],
)
def test_it_counts_until_the_earliest_of_its_ends(ends: dict[str, datetime], expected: tuple[object, object]) -> None:
    """R11."""
    found = interval(**ends)  # type: ignore[arg-type]

    assert (found.counts_until, found.end_reason) == expected


@pytest.mark.parametrize(
    ("never", "reason"),
    [
        ({"expires_at": START}, IneligibleReason.EXPIRED_BEFORE_ASSOCIATION),
        ({"revoked_at": START}, IneligibleReason.REVOKED_BEFORE_ASSOCIATION),
        ({"certification": None}, IneligibleReason.NOT_IN_CATALOG),
        ({"certification": retiring(START.date())}, IneligibleReason.RETIRED),
    ],
)
def test_what_was_over_when_the_association_started_never_counts(
    never: dict[str, datetime], reason: IneligibleReason
) -> None:
    """R12, at the exact instant of the start."""
    assert interval(**never) == CreditInterval(counts_from=None, ineligible_reason=reason)  # type: ignore[arg-type]


@pytest.mark.parametrize("end", ["expires_at", "revoked_at"])
def test_what_ends_just_after_the_start_was_pending_and_never_counts(end: str) -> None:
    """R12: not ineligible, since it was valid when the association started."""
    ends_at = START + MICROSECOND

    found = interval(**{end: ends_at})  # type: ignore[arg-type]

    assert (found.counts_from, found.counts_until, found.ineligible_reason) == (ends_at, ends_at, None)


def test_ending_the_association_cancels_what_is_pending_and_ends_what_counts() -> None:
    """R5, R7."""
    found = interval(expires_at=START + 100 * DAY)

    pending = ended_interval(found, ended_at=START + 3 * DAY, reason=AssociationEndReason.REMOVED)
    counting = ended_interval(found, ended_at=START + 50 * DAY, reason=AssociationEndReason.MOVED)

    assert (pending.counts_from, pending.counts_until) == (START + 3 * DAY, START + 3 * DAY)
    assert pending.end_reason is CreditEndReason.REMOVED
    assert (counting.counts_from, counting.counts_until) == (START + 10 * DAY, START + 50 * DAY)
    assert counting.end_reason is CreditEndReason.MOVED


def test_what_had_ended_before_the_association_keeps_its_reason() -> None:
    """R11: at the exact instant as well."""
    found = interval(expires_at=START + 50 * DAY)

    assert ended_interval(found, ended_at=START + 50 * DAY, reason=AssociationEndReason.REMOVED) == found


intervals = st.builds(
    interval,
    completed_at=instants,
    expires_at=st.none() | instants,
    revoked_at=st.none() | instants,
    started_at=instants,
    recorded_at=instants,
    certification=st.none() | st.just(CERTIFICATION) | st.dates(date(2025, 1, 1), date(2028, 1, 1)).map(retiring),
)


@given(intervals)
def test_every_interval_is_sound(found: CreditInterval) -> None:
    """R12: it counts, or says why not; it ends after it begins, with a reason."""
    assert (found.counts_from is None) == (found.ineligible_reason is not None)
    assert (found.counts_until is None) == (found.end_reason is None)
    if found.counts_from is None:
        assert found.counts_until is None
    elif found.counts_until is not None:
        assert found.counts_from <= found.counts_until


@given(instants, st.none() | instants, st.none() | instants, instants, st.timedeltas(timedelta(0), 400 * DAY), instants)
def test_status_by_the_interval_is_status_by_the_rules_read_word_by_word(
    completed_at: datetime,
    expires_at: datetime | None,
    revoked_at: datetime | None,
    started_at: datetime,
    late: timedelta,
    at: datetime,
) -> None:
    """R10 to R12 said again without an interval."""
    recorded_at = started_at + late
    found = interval(
        completed_at=completed_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
        started_at=started_at,
        recorded_at=recorded_at,
    )

    ends = [end for end in (expires_at, revoked_at) if end is not None]
    counts = at >= completed_at + 10 * DAY and at >= started_at + 10 * DAY and at >= recorded_at
    if any(end <= started_at for end in ends):
        expected = CreditStatus.INELIGIBLE
    elif any(end <= at for end in ends):
        expected = CreditStatus.ENDED
    else:
        expected = CreditStatus.COUNTING if counts else CreditStatus.PENDING
    assert _status(found, at) is expected


@given(intervals, instants, st.sampled_from(AssociationEndReason))
def test_ending_never_lengthens_an_interval_and_is_done_once(
    found: CreditInterval, ended_at: datetime, reason: AssociationEndReason
) -> None:
    """R5, R7: nothing counts after the end, and everything before it stays as it was."""
    ended = ended_interval(found, ended_at=ended_at, reason=reason)

    assert ended_interval(ended, ended_at=ended_at, reason=reason) == ended
    assert _status(ended, ended_at) in {CreditStatus.ENDED, CreditStatus.INELIGIBLE}
    assert _status(ended, ended_at - MICROSECOND) is _status(found, ended_at - MICROSECOND)


@given(intervals)
def test_the_next_event_is_the_first_that_is_not_recorded(found: CreditInterval) -> None:
    """Walking the events in order meets the beginning, then the end, and nothing for what never counts."""
    first = found.next_event_at(counted=False)

    if found.counts_from == found.counts_until:
        assert first == found.counts_until
    else:
        assert first == found.counts_from
        assert found.next_event_at(counted=True) == found.counts_until


def _status(found: CreditInterval, at: datetime) -> CreditStatus:
    return credit_status(
        counts_from=found.counts_from,
        counts_until=found.counts_until,
        ineligible_reason=found.ineligible_reason,
        at=at,
    )
