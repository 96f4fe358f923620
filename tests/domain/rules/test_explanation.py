"""Explanations of credits (R10 to R12, R16)."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.catalog import shipped_catalog
from domain.rules.certifications import renewal_opens_at
from domain.rules.contributions import ProgramContribution
from domain.rules.credit_interval import credit_status
from domain.rules.enums import (
    AssociationEndReason,
    CertificationLevel,
    CreditReasonCode,
    CreditStatus,
    Metric,
    NoPointsReason,
    ReasonActor,
    RequirementRole,
    Track,
)
from domain.rules.explanation import CreditFacts, explanation
from domain.rules.policy import CREDIT_DELAY
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND, instants
from tests.domain.rules.catalog import program
from tests.domain.rules.credit_lives import CERTIFICATIONS, Life, a_life, lives, near


def status(life: Life, at: datetime) -> CreditStatus:
    interval = life.interval
    return credit_status(
        counts_from=interval.counts_from,
        counts_until=interval.counts_until,
        ineligible_reason=interval.ineligible_reason,
        at=at,
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
