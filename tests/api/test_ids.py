"""Global ids are opaque, and there is one spelling of each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.graphql.ids import Kind, decode_any_id, decode_id, decode_id_or_raise, global_id, opaque
from domain.errors import NotFound


@given(st.sampled_from(Kind), st.integers(1, 2**63 - 1))
def test_an_id_names_what_it_was_made_for(kind: Kind, number: int) -> None:
    assert decode_any_id(global_id(kind, number)) == (kind, number)


@given(st.text())
def test_any_text_is_the_one_id_of_something_or_of_nothing(text: str) -> None:
    found = decode_any_id(text)

    assert found is None or global_id(*found) == text


@pytest.mark.parametrize(
    "text",
    ["", "1", "x" * 10_000, "bWVtOjE=", opaque("mem:0"), opaque("mem:01"), opaque("mem:-1"), opaque("mem:1 "),
     opaque("mem:9223372036854775808"), opaque("mem:" + "9" * 5_000), opaque("mem:١"), opaque("MEM:1"), opaque("mem"),
     opaque("xyz:1"), "é", "\x00", "bWVtOjE\n"],
)  # fmt: skip
def test_what_is_none_of_ours_is_the_id_of_nothing(text: str) -> None:
    assert decode_any_id(text) is None


def test_an_id_of_another_kind_is_not_found() -> None:
    with pytest.raises(NotFound):
        decode_id_or_raise(global_id(Kind.MEMBER, 7), Kind.ASSOCIATION)

    assert decode_id(global_id(Kind.MEMBER, 7), Kind.ASSOCIATION) is None
