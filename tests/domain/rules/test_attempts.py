"""Status and refusals of an association attempt."""

from datetime import datetime

import pytest

from domain.errors import NotFound, Refusal
from domain.rules.association_limits import AlreadyAssociated, CoolOffActive, KnownAccount, YearlyLimitReached
from domain.rules.attempt_refusal import attempt_refusal, attempt_status, refused_status
from domain.rules.enums import AttemptStatus, LearningProvider
from domain.rules.policy import Policy
from domain.rules.sign_in import (
    ProfileIncomplete,
    ProviderUnavailable,
    SignInDeclined,
    SignInExpired,
    SignInNotAccepted,
    check_not_expired,
)
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND

REFUSALS: list[Refusal] = [
    CoolOffActive(START, Policy()),
    YearlyLimitReached(START, Policy()),
    CoolOffActive(START, Policy(), KnownAccount(id=1, ending="737")),
    YearlyLimitReached(START, Policy(), KnownAccount(id=1, ending="737")),
    AlreadyAssociated(),
    ProfileIncomplete("Microsoft Learn"),
    ProviderUnavailable("Microsoft Learn"),
    SignInDeclined(),
    SignInNotAccepted(),
    NotFound(),
]


@pytest.mark.parametrize(
    ("at", "expected"), [(START - MICROSECOND, AttemptStatus.AWAITING_SIGN_IN), (START, AttemptStatus.EXPIRED)]
)
def test_an_attempt_that_waits_for_the_sign_in_expires_at_its_last_instant(
    at: datetime, expected: AttemptStatus
) -> None:
    assert attempt_status(AttemptStatus.AWAITING_SIGN_IN, expires_at=START, at=at) is expected


@pytest.mark.parametrize("stored", sorted(set(AttemptStatus) - {AttemptStatus.AWAITING_SIGN_IN}))
def test_an_attempt_that_has_come_further_never_expires(stored: AttemptStatus) -> None:
    assert attempt_status(stored, expires_at=START, at=START + 1000 * DAY) is stored


def test_an_answer_is_taken_until_just_before_its_end() -> None:
    check_not_expired(START, now=START - MICROSECOND)

    with pytest.raises(SignInExpired):
        check_not_expired(START, now=START)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_a_stored_refusal_says_what_it_said_at_first(refusal: Refusal) -> None:
    again = attempt_refusal(
        refusal.code,
        provider=LearningProvider.MICROSOFT_LEARN,
        next_available_at=getattr(refusal, "next_available_at", None),
        account=getattr(refusal, "account", None),
        policy=Policy(),
    )

    assert type(again) is type(refusal)
    assert again.message == refusal.message


def test_an_attempt_fails_where_something_did_not_work_and_is_refused_where_somebody_said_no() -> None:
    failed = {refusal.code for refusal in REFUSALS if refused_status(refusal.code) is AttemptStatus.FAILED}

    assert failed == {"PROVIDER_UNAVAILABLE", "SIGN_IN_NOT_ACCEPTED"}
