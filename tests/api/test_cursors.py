"""Pagination cursors: signed, and bound to their list."""

from datetime import UTC, datetime
from string import printable

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from api.graphql.ids import opaque
from api.graphql.pagination.cursors import Cursor, ListCursors
from domain.database.pagination import Order, Position
from domain.errors import InvalidInput
from domain.queries.credits import credit_order
from domain.rules.enums import CreditOrderField, OrderDirection
from domain.secrets import SecretKey

NEWEST, OLDER = [Fernet.generate_key().decode() for _ in range(2)]
KEYS = SecretKey(NEWEST).keys_for("cursors")
STATUS = credit_order(CreditOrderField.STATUS)
EXPIRY = credit_order(CreditOrderField.EXPIRES_AT, OrderDirection.DESCENDING)
PERSON = credit_order(CreditOrderField.PERSON)
instants = st.datetimes(timezones=st.just(UTC))
numbers = st.integers(1, 2**63 - 1)
as_ofs = st.none() | instants
places = st.one_of(
    st.tuples(st.none(), st.builds(Position, id=numbers)),
    st.tuples(st.just(STATUS), st.builds(Position, id=numbers, value=numbers)),
    st.tuples(st.just(EXPIRY), st.builds(Position, id=numbers, value=st.none() | instants)),
    st.tuples(st.just(PERSON), st.builds(Position, id=numbers, value=st.text())),
)
A_CURSOR = Cursor(position=Position(id=7, value=2), as_of=datetime(2026, 11, 3, tzinfo=UTC))


def cursors(order: Order | None = STATUS, *, name: str = "Member.credits:1", keys: list[bytes] = KEYS) -> ListCursors:
    return ListCursors(keys=keys, name=name, order=order)


@given(places, as_ofs)
def test_a_cursor_says_what_was_put_into_it(placed: tuple[Order | None, Position], as_of: datetime | None) -> None:
    order, position = placed
    cursor = Cursor(position=position, as_of=as_of)

    assert cursors(order).read(cursors(order).text(cursor)) == cursor


@given(places, as_ofs, st.data())
def test_a_cursor_of_which_anything_was_changed_is_refused(
    placed: tuple[Order | None, Position], as_of: datetime | None, data: st.DataObject
) -> None:
    order, position = placed
    text = cursors(order).text(Cursor(position=position, as_of=as_of))
    at = data.draw(st.integers(0, len(text) - 1))
    others = st.sampled_from(printable) | st.characters() | st.just("")
    changed = text[:at] + data.draw(others.filter(lambda other: other != text[at])) + text[at + 1 :]

    with pytest.raises(InvalidInput):
        cursors(order).read(changed)


@given(st.text(), places)
def test_what_somebody_made_up_is_refused(text: str, placed: tuple[Order | None, Position]) -> None:
    order, _ = placed

    for invented in (text, opaque(text.encode(errors="replace").decode()), "A" * 16, ""):
        with pytest.raises(InvalidInput):
            cursors(order).read(invented)


@pytest.mark.parametrize(
    "others",
    [
        pytest.param(cursors(name="Member.associations:1"), id="another list"),
        pytest.param(cursors(name="Member.credits:2"), id="another parent's list"),
        pytest.param(cursors(keys=SecretKey(OLDER).keys_for("cursors")), id="another key"),
        pytest.param(cursors(PERSON), id="another order"),
        pytest.param(cursors(credit_order(CreditOrderField.STATUS, OrderDirection.DESCENDING)), id="other direction"),
        pytest.param(cursors(None), id="no order"),
    ],
)
def test_a_cursor_of_another_list_is_refused(others: ListCursors) -> None:
    with pytest.raises(InvalidInput, match="start from the list's beginning"):
        cursors().read(others.text(A_CURSOR))


def test_a_cursor_is_the_same_in_every_process() -> None:
    key = "Y2VydGxpbmstY2VydGxpbmstY2VydGxpbmstY2VydGw="

    text = cursors(keys=SecretKey(key).keys_for("cursors")).text(A_CURSOR)

    assert cursors(keys=SecretKey(key).keys_for("cursors")).read(text) == A_CURSOR
    assert SecretKey(key).keys_for("cursors") != SecretKey(key).keys_for("anything else")


def test_a_cursor_of_before_is_read_while_another_secret_key_replaces_its_own() -> None:
    before, meanwhile, after = [
        cursors(keys=SecretKey(*keys).keys_for("cursors")) for keys in ([OLDER], [NEWEST, OLDER], [NEWEST])
    ]

    assert meanwhile.read(before.text(A_CURSOR)) == A_CURSOR
    assert after.read(meanwhile.text(A_CURSOR)) == A_CURSOR
    with pytest.raises(InvalidInput):
        after.read(before.text(A_CURSOR))
