"""Association limits (R3, R6)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.rules.association_limits import (
    AlreadyAssociated,
    AssociationAllowance,
    CoolOffActive,
    KnownAccount,
    LimitRefusal,
    YearlyLimitReached,
    association_allowance,
    check_association_limits,
)
from domain.rules.policy import Policy
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND, instants

COOL_OFF = timedelta(days=30)
YEAR = timedelta(days=365)
ACCOUNT = KnownAccount(id=1, ending="737")
YEARLY = [START - 200 * DAY, START - 100 * DAY, START]

histories = st.lists(instants, max_size=6)


def allowance(
    account: list[datetime],
    member: list[datetime],
    now: datetime,
    *,
    already_associated: bool = False,
    earlier_refusal: LimitRefusal | None = None,
) -> AssociationAllowance:
    return association_allowance(
        account=ACCOUNT if account else None,
        account_starts=account,
        member_starts=member,
        already_associated=already_associated,
        now=now,
        policy=Policy(),
        earlier_refusal=earlier_refusal,
    )


def test_whoever_never_associated_may_at_once() -> None:
    allowed = allowance([], [], START)

    check_association_limits(allowed)
    assert (allowed.next_available_at, allowed.cool_off_ends_at, allowed.used_in_window) == (START, None, 0)


@pytest.mark.parametrize(("account", "member"), [([START], []), ([], [START]), ([START - 400 * DAY, START], [])])
def test_an_association_may_start_exactly_thirty_days_after_the_latest_start(
    account: list[datetime], member: list[datetime]
) -> None:
    """R6, over the account as over the member."""
    check_association_limits(allowance(account, member, START + COOL_OFF))

    with pytest.raises(CoolOffActive) as refused:
        check_association_limits(allowance(account, member, START + COOL_OFF - MICROSECOND))

    assert refused.value.next_available_at == START + COOL_OFF


@pytest.mark.parametrize(("account", "member"), [(YEARLY, []), ([], YEARLY), (YEARLY, YEARLY)])
def test_a_fourth_association_may_start_exactly_365_days_after_the_first_of_three(
    account: list[datetime], member: list[datetime]
) -> None:
    """R6, over the account as over the member."""
    first_end = YEARLY[0] + YEAR
    check_association_limits(allowance(account, member, first_end))

    with pytest.raises(YearlyLimitReached) as refused:
        check_association_limits(allowance(account, member, first_end - MICROSECOND))

    assert refused.value.next_available_at == first_end


def test_the_two_histories_are_not_added_up() -> None:
    """R6: two of the account and two of the member are not four."""
    account, member = [START - 90 * DAY, START - 200 * DAY], [START - 60 * DAY, START - 150 * DAY]

    check_association_limits(allowance(account, member, START))


@pytest.mark.parametrize(("account_days", "member_days"), [(5, 20), (20, 5)])
def test_the_stricter_of_account_and_member_holds(account_days: int, member_days: int) -> None:
    """R6."""
    account, member = [START - account_days * DAY], [START - member_days * DAY]

    assert allowance(account, member, START).next_available_at == START + 25 * DAY


def test_the_later_of_both_limits_decides_and_is_the_one_that_is_named() -> None:
    """R6: the year's limit ends first here, and the cool-off is what the person waits for."""
    account = [START - 364 * DAY, START - 300 * DAY, START - DAY]

    refused = allowance(account, [], START).refusal

    assert isinstance(refused, CoolOffActive)
    assert refused.next_available_at == START + 29 * DAY


def test_another_account_at_the_provider_is_refused_while_one_is_linked() -> None:
    """R3."""
    with pytest.raises(AlreadyAssociated):
        check_association_limits(allowance([], [START - 100 * DAY], START, already_associated=True))


def test_the_refusals_say_what_the_programme_says() -> None:
    """R6: its own sentence, word by word."""
    cool_off = CoolOffActive(datetime(2026, 12, 3, 14, 30, tzinfo=UTC), Policy())
    yearly = YearlyLimitReached(datetime(2027, 4, 17, 9, 5, tzinfo=UTC), Policy())

    assert cool_off.message == (
        "You've attempted to associate with a partner organization. However, we require a period of 30 days between "
        "associations. Your next available date for a subsequent association is 3 December 2026, 14:30 UTC."
    )
    assert yearly.message == (
        "You have associated 3 times within a year, which is the limit. Your next available date for a subsequent "
        "association is 17 April 2027, 09:05 UTC."
    )


def test_the_refusals_of_an_account_speak_of_the_account() -> None:
    """R6, R17: they tell no more of it than the ending of its id and the date."""
    cool_off = CoolOffActive(datetime(2026, 12, 28, 14, 30, tzinfo=UTC), Policy(), ACCOUNT)
    yearly = YearlyLimitReached(datetime(2027, 4, 17, 9, 5, tzinfo=UTC), Policy(), ACCOUNT)

    assert cool_off.message == (
        "You've attempted to associate with a partner organization. However, we require a period of 30 days between "
        "associations. Your next available date for a subsequent association is 28 December 2026, 14:30 UTC. This date "
        "is for the account ending in 737; another account may have its own."
    )
    assert yearly.message == (
        "This account has been associated 3 times within a year, which is the limit. Your next available date for a "
        "subsequent association is 17 April 2027, 09:05 UTC. This date is for the account ending in 737; another "
        "account may have its own."
    )


def test_an_account_whose_id_is_too_short_to_show_an_ending_is_spoken_of_without_it() -> None:
    refused = CoolOffActive(START, Policy(), KnownAccount(id=1, ending=""))

    assert refused.message.endswith("This date is for this account; another account may have its own.")


@pytest.mark.parametrize(
    ("account", "member", "decides"),
    [
        ([START], [], ACCOUNT),
        ([], [START], None),
        ([START], [START], None),
        ([START], [START - DAY], ACCOUNT),
        ([START - DAY], [START], None),
        (YEARLY, [START], ACCOUNT),
        ([START], YEARLY, None),
    ],
)
def test_a_refusal_says_whether_the_account_or_the_member_has_to_wait(
    account: list[datetime], member: list[datetime], decides: KnownAccount | None
) -> None:
    """R6: of equal dates the member's own, which holds for every account."""
    refused = allowance(account, member, START).refusal

    assert isinstance(refused, LimitRefusal)
    assert refused.account == decides


@given(histories, histories, instants)
def test_the_account_is_named_exactly_where_the_member_alone_would_have_an_earlier_date(
    account: list[datetime], member: list[datetime], now: datetime
) -> None:
    both, alone = allowance(account, member, now), allowance([], member, now)

    named = isinstance(both.refusal, LimitRefusal) and both.refusal.account == ACCOUNT

    assert named == (both.next_available_at > alone.next_available_at)


@given(histories, histories, instants)
def test_what_was_told_of_an_account_gives_the_date_that_its_history_gave(
    account: list[datetime], member: list[datetime], now: datetime
) -> None:
    """R6: the member need not know the history to be shown the same."""
    before = allowance(account, [], now).refusal
    told = before if isinstance(before, LimitRefusal) else None

    again = allowance([], member, now, earlier_refusal=told)

    assert again.next_available_at == allowance(account, member, now).next_available_at


def test_who_comes_back_at_the_date_that_the_sentence_shows_is_not_refused_again() -> None:
    """The sentence shows minutes: it may not show one that has begun too early."""
    refused = CoolOffActive(datetime(2026, 12, 31, 23, 59, 0, 1, tzinfo=UTC), Policy())

    assert refused.message.endswith("is 1 January 2027, 00:00 UTC.")


@given(histories, histories, instants)
def test_it_is_allowed_exactly_when_both_limits_read_word_by_word_allow_it(
    account: list[datetime], member: list[datetime], now: datetime
) -> None:
    """R6 said again without its end: no start within 30 days, fewer than three within 365."""
    assume(all(start <= now for start in account + member))

    allowed = all(
        all(now - start >= COOL_OFF for start in starts) and sum(now - start < YEAR for start in starts) < 3
        for starts in (account, member)
    )

    assert allowance(account, member, now).allowed_now == allowed


@given(histories, histories, instants)
def test_the_date_shown_is_the_first_instant_that_is_allowed(
    account: list[datetime], member: list[datetime], now: datetime
) -> None:
    """R6: allowed exactly at it, and refused one microsecond earlier with the same date."""
    shown = allowance(account, member, now).next_available_at

    assert allowance(account, member, shown).allowed_now
    if shown > now:
        early = allowance(account, member, shown - MICROSECOND)
        assert not early.allowed_now
        assert early.next_available_at == shown


@given(histories, histories, instants, instants)
def test_the_date_never_moves_closer_by_waiting_or_by_associating(
    account: list[datetime], member: list[datetime], one: datetime, other: datetime
) -> None:
    before, after = sorted([one, other])
    shown = allowance(account, member, before).next_available_at

    assert allowance(account, member, after).next_available_at >= shown
    assert allowance([*account, after], member, before).next_available_at >= shown
    assert allowance(account, [*member, after], before).next_available_at >= shown
