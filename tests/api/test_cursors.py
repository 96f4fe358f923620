"""A cursor says where to go on, and whatever is none of ours is refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursors import cursor_text, read_cursor
from api.ids import opaque
from domain.errors import InvalidInput
from domain.queries.credit_order import credit_order
from domain.queries.page import Order, Place
from domain.rules.words import CreditOrderField, OrderDirection

STATUS = credit_order(CreditOrderField.STATUS)
EXPIRY = credit_order(CreditOrderField.EXPIRES_AT, OrderDirection.DESCENDING)
PERSON = credit_order(CreditOrderField.PERSON)
instants = st.datetimes(timezones=st.just(UTC))
numbers = st.integers(1, 2**63 - 1)
places = st.one_of(
    st.tuples(st.none(), st.builds(Place, id=numbers)),
    st.tuples(st.just(STATUS), st.builds(Place, id=numbers, value=numbers)),
    st.tuples(st.just(EXPIRY), st.builds(Place, id=numbers, value=st.none() | instants)),
    st.tuples(st.just(PERSON), st.builds(Place, id=numbers, value=st.text())),
)


@given(places, st.none() | instants)
def test_a_cursor_says_what_was_put_into_it(placed: tuple[Order | None, Place], as_of: datetime | None) -> None:
    order, place = placed

    cursor = read_cursor(cursor_text(place, order=order, as_of=as_of), order)

    assert (cursor.place, cursor.as_of) == (place, as_of)


@pytest.mark.parametrize(
    "told",
    [
        "", "[]", "{}", "null", '"x"', "[" * 5000, '["STATUS+",1,1]', '["STATUS+",1,1,1,1]', '["STATUS+",1,0,1]',
        '["STATUS+",1,true,1]', '["STATUS+",1,1,null]', '["STATUS+",1,1,"1"]', '["STATUS+",1,1,1.0]',
        '["STATUS+",1,1,true]', '["STATUS+",1,1,99999999999999999999]', '["STATUS+",99999999999999999999,1,1]',
        '["STATUS+","1",1,1]', '["STATUS+", 1,1,1]', '["STATUS+",1,1,01]', '["STATUS+",1,1,NaN]', "[null,1,1,null]",
        "[[],1,1,1]", '["STATUS-",1,1,1]', '["PERSON+",1,1,"x"]', "key:1",
    ],
)  # fmt: skip
def test_what_is_none_of_a_list_s_cursors_is_refused(told: str) -> None:
    for text in (told, opaque(told), opaque(f"row:{told}")):
        with pytest.raises(InvalidInput):
            read_cursor(text, STATUS)


@given(st.text())
def test_no_text_is_ever_a_fault(text: str) -> None:
    for order in (None, STATUS, EXPIRY, PERSON):
        with pytest.raises(InvalidInput):
            read_cursor(text, order)
