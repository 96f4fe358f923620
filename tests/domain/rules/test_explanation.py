"""Does an explanation say what will happen, and name what keeps a credit back (R10 to R12, R16)?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.catalog import shipped_catalog
from domain.rules.certifications import CertificationFacts, renewal_opens_at, start_of_day
from domain.rules.credit_interval import CreditInterval, credit_interval, ended_interval
from domain.rules.credit_status import credit_status
from domain.rules.explanation import CreditFacts, Explanation, explanation
from domain.rules.leaving import left_interval
from domain.rules.policy import CREDIT_DELAY, Policy
from domain.rules.program_contributions import ProgramContribution
from domain.rules.words import (
    AssociationEndReason,
    CertificationLevel,
    CreditReasonCode,
    CreditStatus,
    LearningProvider,
    Metric,
    NoPointsReason,
    ReasonActor,
    RequirementRole,
    RetirementRule,
    Track,
)
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND, instants
from tests.domain.rules.catalog import program


def known(**retirement: object) -> CertificationFacts:
    return CertificationFacts(
        code="AZ-104",
        title="Azure Administrator",
        level=CertificationLevel.ASSOCIATE,
        provider=LearningProvider.MICROSOFT_LEARN,
        **retirement,  # type: ignore[arg-type]
    )


CERTIFICATIONS = [
    known(),
    known(
        retires_on=date(2026, 10, 1), retirement_rule=RetirementRule.ELIGIBLE_UNTIL, eligible_until=date(2026, 11, 20)
    ),
    known(retires_on=date(2026, 10, 1), retirement_rule=RetirementRule.ONE_YEAR_IF_EARNED_BEFORE),
    None,
]


@dataclass(frozen=True, kw_only=True)
class Life:
    """What happens to one completion and its association, said without the rules."""

    completed_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    started_at: datetime
    recorded_at: datetime
    ended_at: datetime | None
    end: AssociationEndReason
    certification: CertificationFacts | None

    @property
    def due_at(self) -> datetime:
        return max(self.completed_at + 10 * DAY, self.started_at + 10 * DAY, self.recorded_at)

    def counts(self, at: datetime) -> bool:
        """Tell whether it counts at an instant."""
        facts = self.certification
        ends = [self.expires_at, self.revoked_at]
        if facts is None or any(end is not None and end <= max(at, self.started_at) for end in ends):
            return False
        if facts.eligible_until and max(at, self.started_at) >= start_of_day(facts.eligible_until):
            return False
        if facts.retirement_rule is RetirementRule.ONE_YEAR_IF_EARNED_BEFORE:
            assert facts.retires_on is not None
            if self.completed_at >= start_of_day(facts.retires_on):
                return False
        return at >= self.due_at and not self._is_over(at)

    def _is_over(self, at: datetime) -> bool:
        if self.ended_at is None:
            return False
        if self.end is not AssociationEndReason.MEMBER_REMOVED:
            return at >= self.ended_at
        month = self.ended_at.year * 12 + self.ended_at.month
        return self.ended_at < self.due_at or at >= datetime(month // 12, month % 12 + 1, 10, tzinfo=UTC)

    @property
    def interval(self) -> CreditInterval:
        """Return what the operations would store."""
        interval = credit_interval(
            completed_at=self.completed_at,
            expires_at=self.expires_at,
            revoked_at=self.revoked_at,
            started_at=self.started_at,
            recorded_at=self.recorded_at,
            certification=self.certification,
            policy=Policy(),
        )
        if self.ended_at is None:
            return interval
        if self.end is AssociationEndReason.MEMBER_REMOVED:
            return left_interval(interval, left_at=self.ended_at)
        return ended_interval(interval, ended_at=self.ended_at, reason=self.end)

    @property
    def facts(self) -> CreditFacts:
        return CreditFacts(
            completed_at=self.completed_at,
            expires_at=self.expires_at,
            recorded_at=self.recorded_at,
            started_at=self.started_at,
            association_ended_at=self.ended_at,
            association_end_reason=None if self.ended_at is None else self.end,
            interval=self.interval,
            certification=self.certification,
            renewal_opens_at=None,
        )

    def explained(self, at: datetime, contributions: Iterable[ProgramContribution] = ()) -> Explanation:
        return explanation(self.facts, at=at, contributions=contributions)


days = st.integers(0, 40).map(lambda number: number * DAY)
waits = st.one_of(days, st.builds(lambda wait, nudge: abs(wait + nudge * MICROSECOND), days, st.integers(-1, 1)))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Return any history of one completion: short distances make ends and beginnings meet."""
    completed_at = START + draw(st.integers(-40, 40)) * DAY
    started_at = START + draw(st.integers(-20, 20)) * DAY
    recorded_at = max(started_at, completed_at) + draw(waits)
    expires_in, revoked_in, ends_in = (draw(st.one_of(st.none(), waits)) for _ in range(3))
    return Life(
        completed_at=completed_at,
        expires_at=None if expires_in is None else completed_at + expires_in,
        revoked_at=None if revoked_in is None else completed_at + revoked_in,
        started_at=started_at,
        recorded_at=recorded_at,
        ended_at=None if ends_in is None else recorded_at + ends_in,
        end=draw(st.sampled_from(AssociationEndReason)),
        certification=draw(st.sampled_from(CERTIFICATIONS)),
    )


def status(life: Life, at: datetime) -> CreditStatus:
    interval = life.interval
    return credit_status(
        counts_from=interval.counts_from,
        counts_until=interval.counts_until,
        ineligible_reason=interval.ineligible_reason,
        at=at,
    )


near = st.sampled_from([-60, -20, -10, -1, 0, 1, 5, 9, 10, 11, 30, 60, 90, 400]).map(
    lambda number: START + number * DAY
)
# What the law of a prediction tries beyond its own boundaries.
LATER = [START + number * DAY for number in range(0, 800, 7)]


@given(lives(), st.one_of(near, instants))
def test_the_predicted_date_is_the_one_on_which_simulating_forward_makes_it_count(life: Life, at: datetime) -> None:
    predicted = life.explained(at).counts_from_earliest

    if predicted is None:
        assert not any(life.counts(later) for later in [at, life.due_at, *LATER] if later >= at)
    else:
        assert life.counts(max(at, predicted))
        assert life.counts(predicted)
        assert not life.counts(predicted - MICROSECOND)
        assert (status(life, predicted - MICROSECOND), status(life, predicted)) == (
            CreditStatus.PENDING,
            CreditStatus.COUNTING,
        )


@given(lives(), st.one_of(near, instants))
def test_it_counts_exactly_while_every_condition_is_met(life: Life, at: datetime) -> None:
    assume(at >= life.started_at)

    reasons = life.explained(at).reasons

    assert all(reason.met for reason in reasons) == (status(life, at) is CreditStatus.COUNTING) == life.counts(at)
    assert [reason.met for reason in reasons] == sorted(reason.met for reason in reasons)


@given(lives(), st.one_of(near, instants))
def test_what_is_expected_to_change_changes_then_and_not_before(life: Life, at: datetime) -> None:
    for reason in life.explained(at).reasons:
        if reason.expected_at is not None:
            assert reason.expected_at > at
            before, after = (
                {each.code: each.met for each in life.explained(instant).reasons}
                for instant in (reason.expected_at - MICROSECOND, reason.expected_at)
            )
            assert before[reason.code] == reason.met
            assert after.get(reason.code, not reason.met) != reason.met


def a_life(**changes: object) -> Life:
    """Return a completion that counts from ten days after START for a year, with changes."""
    values = {
        "completed_at": START - 30 * DAY,
        "expires_at": START + 335 * DAY,
        "revoked_at": None,
        "started_at": START,
        "recorded_at": START,
        "ended_at": None,
        "end": AssociationEndReason.REMOVED,
        "certification": known(),
    }
    return Life(**values | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("life", "at", "code", "actor", "summary"),
    [
        (a_life(), START - DAY, "NOT_ASSOCIATED", "PERSON", "Counts from 13 November 2026."),
        (a_life(), START, "WAITING", "NOBODY", "Counts from 13 November 2026."),
        (a_life(), START + 400 * DAY, "EXPIRED", "PERSON", "Counted until 4 October 2027: it expired."),
        (
            a_life(expires_at=START - DAY), START, "EXPIRED_BEFORE_ASSOCIATION", "PERSON",
            "Does not count: it had expired before the account was linked.",
        ),
        (
            a_life(revoked_at=START - DAY), START, "REVOKED_BEFORE_ASSOCIATION", "PERSON",
            "Does not count: it had been revoked before the account was linked.",
        ),
        (
            a_life(revoked_at=START + 20 * DAY), START + 21 * DAY, "REVOKED", "PERSON",
            "Counted until 23 November 2026: the learning provider revoked it.",
        ),
        (
            a_life(certification=None), START, "NOT_IN_CATALOG", "NOBODY",
            "Does not count: it is not in the programme's catalog.",
        ),
        (
            a_life(certification=CERTIFICATIONS[1]), START + 20 * DAY, "RETIRED", "PERSON",
            "Counted until 20 November 2026: the certification retired.",
        ),
        (
            a_life(certification=CERTIFICATIONS[2]), START, "RETIRED", "PERSON",
            "Does not count: the certification had retired.",
        ),
        (
            a_life(ended_at=START + 20 * DAY), START + 20 * DAY, "ASSOCIATION_REMOVED", "PERSON",
            "Counted until 23 November 2026: the account's access was removed.",
        ),
        (
            a_life(ended_at=START + DAY, end=AssociationEndReason.MOVED), START + DAY, "ASSOCIATION_MOVED", "PERSON",
            "Never counted: the account was linked with another organization before it was due.",
        ),
        (
            a_life(ended_at=START + 20 * DAY, end=AssociationEndReason.MEMBER_REMOVED), START + 40 * DAY,
            "MEMBER_REMOVED", "ADMIN", "Counted until 10 December 2026: the member left the organization.",
        ),
        (
            a_life(expires_at=START + 5 * DAY), START, "WAITING", "NOBODY",
            "Will never count: it expires on 8 November 2026, before it is due.",
        ),
    ],
)  # fmt: skip
def test_what_keeps_it_back_comes_first_with_who_can_act(
    life: Life, at: datetime, code: str, actor: str, summary: str
) -> None:
    found = life.explained(at)

    assert (found.reasons[0].code, found.reasons[0].met, found.reasons[0].actor) == (code, False, actor)
    assert found.reasons[0].action
    assert found.summary == summary


def test_a_leaver_s_credit_is_told_to_end_on_the_refresh_date() -> None:
    left_at = START + 20 * DAY

    found = a_life(ended_at=left_at, end=AssociationEndReason.MEMBER_REMOVED).explained(left_at + DAY)

    assert {reason.code: reason.expected_at for reason in found.reasons if reason.met} == {
        CreditReasonCode.MEMBER_REMOVED: datetime(2026, 12, 10, tzinfo=UTC),
        CreditReasonCode.WAITING: None,
    }


def test_what_will_expire_says_from_when_on_it_can_be_renewed() -> None:
    life = a_life()
    assert life.expires_at is not None
    level = shipped_catalog().levels[CertificationLevel.ASSOCIATE]
    opens_at = renewal_opens_at(level, expires_at=life.expires_at)
    facts = CreditFacts(**{**vars(life.facts), "renewal_opens_at": opens_at})

    reason = next(
        each for each in explanation(facts, at=START + 10 * DAY).reasons if each.code is CreditReasonCode.EXPIRED
    )

    assert (reason.met, reason.expected_at, reason.actor) == (True, life.expires_at, ReasonActor.PERSON)
    assert reason.action == "Renew it before 4 October 2027, from 4 April 2027 on, and it keeps counting."


@pytest.mark.parametrize("reason", [each for each in NoPointsReason if each is not NoPointsReason.PENDING])
def test_a_requirement_that_gets_no_points_is_a_reason(reason: NoPointsReason) -> None:
    contribution = ProgramContribution(
        program=program("security"),
        track=Track.SMB,
        metric=Metric.SKILLING_INTERMEDIATE,
        step=3,
        role=RequirementRole.ELECTIVE,
        points=Fraction(0),
        reason=reason,
    )

    pending, counting = (a_life().explained(START + wait, [contribution]) for wait in (DAY, CREDIT_DELAY))

    assert [each.code for each in pending.reasons if each.contribution] == []
    found = next(each for each in counting.reasons if each.contribution)
    assert (found.code.value, found.met, found.contribution) == (reason.value, False, contribution)
    assert found.action.endswith("(Security, skilling intermediate, step 3).")
    assert counting.counts_from_earliest == START + timedelta(days=10)
