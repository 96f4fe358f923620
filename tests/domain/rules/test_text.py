"""The characters and the length that a text may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rules.text import is_printable, is_storable


@given(st.text(st.characters(codec=None)))
def test_what_can_be_printed_can_be_stored(text: str) -> None:
    assert is_storable(text) or not is_printable(text, max_length=len(text))


@pytest.mark.parametrize("text", ["a\x00", "\ud800", "a\udfffb"])
def test_nul_and_half_of_a_surrogate_pair_can_be_neither_stored_nor_printed(text: str) -> None:
    assert not is_storable(text)
    assert not is_printable(text, max_length=10)


@pytest.mark.parametrize(("text", "max_length", "expected"), [("", 0, True), ("ab", 2, True), ("abc", 2, False)])
def test_a_text_is_as_long_as_it_may_be(text: str, max_length: int, expected: bool) -> None:
    assert is_printable(text, max_length=max_length) is expected
