"""Revision of credits after news or imports (R10, R11, R16)."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rules.certifications import CertificationFacts
from domain.rules.credit_interval import CreditInterval, credit_status
from domain.rules.credit_revision import CompletionFacts, CreditSoFar, Revision, RevisionKind, revision
from domain.rules.enums import (
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

EXPIRES = START + 100 * DAY
CERTIFICATION = CertificationFacts(
    code="AZ-104",
    title="Azure Administrator Associate",
    level=CertificationLevel.ASSOCIATE,
    provider=LearningProvider.MICROSOFT_LEARN,
)
FACTS = CompletionFacts(
    completed_at=START - 30 * DAY,
    expires_at=EXPIRES,
    revoked_at=None,
    started_at=START,
    certification=CERTIFICATION,
)
RETIRING = replace(CERTIFICATION, retirement_rule=RetirementRule.ELIGIBLE_UNTIL, eligible_until=date(2027, 1, 1))
RETIRES_AT = datetime(2027, 1, 1, tzinfo=START.tzinfo)
EARNED_TOO_LATE = replace(
    CERTIFICATION, retirement_rule=RetirementRule.ONE_YEAR_IF_EARNED_BEFORE, retires_on=date(2026, 1, 1)
)


def so_far(facts: CompletionFacts = FACTS, *, counted: bool = False, ended: bool = False) -> CreditSoFar:
    """Return the first credit for some facts, learned of when the association started."""
    interval = facts.interval(recorded_at=facts.started_at, policy=Policy())
    return CreditSoFar(sequence=1, recorded_at=facts.started_at, interval=interval, counted=counted, ended=ended)


def revised(before: CreditSoFar, facts: CompletionFacts, now: datetime) -> Revision:
    return revision(before, facts, now=now, policy=Policy())


def test_a_renewal_before_the_expiry_extends_without_a_gap() -> None:
    """R11: up to the instant of the expiry itself."""
    renewed = replace(FACTS, expires_at=EXPIRES + 365 * DAY)

    for now in (START + 50 * DAY, EXPIRES):
        found = revised(so_far(counted=True), renewed, now)
        assert found.kind is RevisionKind.CHANGE
        assert (found.interval.counts_from, found.interval.counts_until) == (START + 10 * DAY, EXPIRES + 365 * DAY)


def test_a_renewal_that_is_learned_of_after_the_expiry_counts_from_then_by_a_further_credit() -> None:
    """R10, R11: nothing is back-dated, whether the end is recorded or not."""
    renewed = replace(FACTS, expires_at=EXPIRES + 365 * DAY)
    now = EXPIRES + MICROSECOND

    for ended in (False, True):
        found = revised(so_far(counted=True, ended=ended), renewed, now)
        assert found.kind is RevisionKind.CONTINUE
        assert (found.interval.counts_from, found.interval.counts_until) == (now, EXPIRES + 365 * DAY)


def test_an_expiry_that_moves_nearer_ends_the_credit_then_or_now() -> None:
    """R11."""
    now = START + 50 * DAY

    later = revised(so_far(counted=True), replace(FACTS, expires_at=START + 60 * DAY), now)
    earlier = revised(so_far(counted=True), replace(FACTS, expires_at=START + 40 * DAY), now)

    assert (later.interval.counts_until, later.interval.end_reason) == (START + 60 * DAY, CreditEndReason.EXPIRED)
    assert (earlier.interval.counts_until, earlier.interval.end_reason) == (now, CreditEndReason.EXPIRED)


def test_a_revocation_that_is_learned_of_late_ends_the_credit_now() -> None:
    """R11."""
    now = START + 50 * DAY

    found = revised(so_far(counted=True), replace(FACTS, revoked_at=START + 20 * DAY), now)

    assert found.kind is RevisionKind.CHANGE
    assert (found.interval.counts_until, found.interval.end_reason) == (now, CreditEndReason.REVOKED)


def test_what_is_revoked_while_pending_is_canceled_now_and_can_come_back() -> None:
    """R11: what is reinstated in time counts when it would have."""
    revoked = replace(FACTS, revoked_at=START + 2 * DAY)
    canceled = revised(so_far(), revoked, START + 3 * DAY)
    before = CreditSoFar(sequence=1, recorded_at=START, interval=canceled.interval, counted=False, ended=True)

    back = revised(before, FACTS, START + 5 * DAY)

    assert (canceled.interval.counts_from, canceled.interval.counts_until) == (START + 3 * DAY, START + 3 * DAY)
    assert back.kind is RevisionKind.CONTINUE
    assert back.interval.counts_from == START + 10 * DAY


def test_what_was_ineligible_becomes_a_credit_when_it_is_renewed() -> None:
    """R12: it never counted, so it counts as soon as it may and nothing is back-dated."""
    before = so_far(replace(FACTS, expires_at=START - DAY))

    early = revised(before, FACTS, START + 3 * DAY)
    late = revised(before, FACTS, START + 30 * DAY)

    assert before.interval.ineligible_reason is IneligibleReason.EXPIRED_BEFORE_ASSOCIATION
    assert (early.kind, early.interval.counts_from) == (RevisionKind.CHANGE, START + 10 * DAY)
    assert (late.kind, late.interval.counts_from) == (RevisionKind.CHANGE, START + 30 * DAY)


@pytest.mark.parametrize(
    ("certification", "until"),
    [(RETIRING, RETIRES_AT), (EARNED_TOO_LATE, START + 50 * DAY), (None, START + 50 * DAY)],
)
def test_a_change_of_the_catalog_ends_what_counts_from_now_on(
    certification: CertificationFacts | None, until: datetime
) -> None:
    """R16."""
    now = START + 50 * DAY

    found = revised(so_far(counted=True), replace(FACTS, certification=certification), now)

    assert found.interval.counts_from == START + 10 * DAY
    assert (found.interval.counts_until, found.interval.end_reason) == (until, CreditEndReason.RETIRED)


def test_a_retirement_that_is_taken_back_lets_it_count_on() -> None:
    """R16."""
    before = so_far(replace(FACTS, certification=RETIRING), counted=True)

    in_time = revised(before, FACTS, START + 50 * DAY)
    too_late = revised(before, FACTS, START + 90 * DAY)

    assert (in_time.kind, in_time.interval.counts_until) == (RevisionKind.CHANGE, EXPIRES)
    assert (too_late.kind, too_late.interval.counts_from) == (RevisionKind.CONTINUE, START + 90 * DAY)


def test_what_came_back_and_went_again_at_one_instant_is_taken_back() -> None:
    """R9: as if the second had arrived alone."""
    now = EXPIRES + DAY
    renewed = replace(FACTS, expires_at=EXPIRES + 365 * DAY)
    again = CreditSoFar(
        sequence=2,
        recorded_at=now,
        interval=renewed.interval(recorded_at=now, policy=Policy()),
        counted=False,
        ended=False,
    )

    revoked = replace(renewed, revoked_at=now - DAY)

    assert revised(again, revoked, now).kind is RevisionKind.TAKE_BACK
    assert revised(replace(again, counted=True), revoked, now).kind is RevisionKind.CHANGE


def test_a_clock_that_is_behind_the_recorded_events_moves_nothing_before_them() -> None:
    """Clocks of several machines differ a little."""
    behind = START + 10 * DAY - MICROSECOND

    found = revised(so_far(counted=True), replace(FACTS, revoked_at=START + DAY), behind)

    assert (found.interval.counts_from, found.interval.counts_until) == (START + 10 * DAY, START + 10 * DAY)


certifications = st.none() | st.sampled_from([CERTIFICATION, RETIRING, EARNED_TOO_LATE])
facts = st.builds(
    CompletionFacts,
    completed_at=instants,
    expires_at=st.none() | instants,
    revoked_at=st.none() | instants,
    started_at=st.just(START),
    certification=certifications,
)
histories = st.lists(st.tuples(instants.filter(lambda instant: instant >= START), facts), min_size=1, max_size=5)


@given(histories, st.lists(instants, max_size=8))
def test_what_counted_before_is_never_changed_and_from_now_on_all_that_is_known_is_followed(
    history: list[tuple[datetime, CompletionFacts]], more: list[datetime]
) -> None:
    """R10, R11, R16 over any history of what is learned, at any instants."""
    history = sorted(history, key=lambda step: step[0])
    credits: list[CreditSoFar] = []
    for now, told in history:
        known = replace(told, completed_at=history[0][1].completed_at)
        before = list(credits)
        _learn(credits, known, now)
        for at in [*more, now - MICROSECOND, now, now + MICROSECOND, now + 10 * DAY]:
            if at < now:
                assert _counts(credits, at) == _counts(before, at)
            else:
                assert _counts(credits, at) == _should_count(known, at)


@given(histories)
def test_the_same_again_changes_nothing(history: list[tuple[datetime, CompletionFacts]]) -> None:
    """R9."""
    credits: list[CreditSoFar] = []
    for now, known in sorted(history, key=lambda step: step[0]):
        _learn(credits, known, now)
        after = list(credits)
        _learn(credits, known, now)
        assert credits == after
        assert revised(credits[-1], known, now + MICROSECOND).kind is RevisionKind.KEEP


def _learn(credits: list[CreditSoFar], known: CompletionFacts, now: datetime) -> None:
    if not credits:
        interval = known.interval(recorded_at=now, policy=Policy())
        credits.append(CreditSoFar(sequence=1, recorded_at=now, interval=interval, counted=False, ended=False))
        return
    found = revised(credits[-1], known, now)
    if found.kind is RevisionKind.CHANGE:
        credits[-1] = replace(credits[-1], interval=found.interval)
    elif found.kind is RevisionKind.CONTINUE:
        number = credits[-1].sequence + 1
        credits.append(
            CreditSoFar(sequence=number, recorded_at=now, interval=found.interval, counted=False, ended=False)
        )
    elif found.kind is RevisionKind.TAKE_BACK:
        credits.pop()


def _counts(credits: list[CreditSoFar], at: datetime) -> bool:
    counting = [credit for credit in credits if _status(credit.interval, at) is CreditStatus.COUNTING]
    assert len(counting) <= 1
    return bool(counting)


def _status(interval: CreditInterval, at: datetime) -> CreditStatus:
    return credit_status(
        counts_from=interval.counts_from,
        counts_until=interval.counts_until,
        ineligible_reason=interval.ineligible_reason,
        at=at,
    )


def _should_count(known: CompletionFacts, at: datetime) -> bool:
    """The rules once more, without any history."""
    if known.certification is None:
        return False
    if known.certification is EARNED_TOO_LATE and known.completed_at >= datetime(2026, 1, 1, tzinfo=START.tzinfo):
        return False
    ends = [known.expires_at, known.revoked_at, RETIRES_AT if known.certification is RETIRING else None]
    begins = max(known.completed_at, known.started_at) + 10 * DAY
    return begins <= at and all(end is None or at < end for end in ends)
