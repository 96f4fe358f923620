"""Names, scopes and expiry of API clients."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.rules.api_clients import (
    MAX_CLIENTS,
    OpenKey,
    TooManyApiClients,
    check_room,
    client_name,
    free_slot,
    key_expiry,
    key_that_stays,
    ordered_scopes,
)
from domain.rules.enums import Scope
from tests.clock import START

DAY, MOMENT = timedelta(days=1), timedelta(microseconds=1)


@pytest.mark.parametrize("text", ["", "  ", "n" * 101, "two\nlines", "nul\0", "\ud800", "\u202eturned"])
def test_a_name_that_cannot_be_shown_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        client_name(text)


def test_a_name_is_kept_without_the_space_around_it() -> None:
    assert client_name("  Power BI, Ålesund ") == "Power BI, Ålesund"
    assert client_name("n" * 100) == "n" * 100


def test_each_scope_counts_once_and_there_must_be_one() -> None:
    assert ordered_scopes([Scope.REPORT_READ, Scope.CREDITS_READ, Scope.REPORT_READ]) == [
        Scope.CREDITS_READ,
        Scope.REPORT_READ,
    ]
    with pytest.raises(InvalidInput):
        ordered_scopes([])


def test_a_key_lives_as_long_as_it_may_unless_an_earlier_end_is_wanted() -> None:
    assert key_expiry(None, now=START, lifetime=DAY) == START + DAY
    assert key_expiry(START + DAY, now=START, lifetime=DAY) == START + DAY
    assert key_expiry(START + MOMENT, now=START, lifetime=DAY) == START + MOMENT


@pytest.mark.parametrize("wanted", [START - DAY, START, START + DAY + MOMENT])
def test_an_end_that_is_past_or_too_far_is_refused(wanted: datetime) -> None:
    with pytest.raises(InvalidInput):
        key_expiry(wanted, now=START, lifetime=DAY)


def test_there_is_room_for_so_many_clients_and_no_more() -> None:
    check_room(MAX_CLIENTS - 1)

    with pytest.raises(TooManyApiClients):
        check_room(MAX_CLIENTS)


@given(st.lists(st.integers(-2, 2), max_size=2), st.booleans())
def test_the_newest_key_that_lives_stays_and_leaves_a_slot(days: list[int], end_previous: bool) -> None:
    keys = [
        OpenKey(id=number, slot=number, prefix=f"key {number}", expires_at=START + day * DAY)
        for number, day in enumerate(days, start=1)
    ]

    staying = key_that_stays(keys, now=START, end_previous=end_previous)

    living = [key for key in keys if key.expires_at > START]
    assert staying == (None if end_previous or not living else living[-1])
    assert free_slot(staying) in {1, 2} - {staying.slot if staying else None}
