"""The format and check digits of API keys."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from domain.rules.api_clients import ALPHABET, PUBLIC_LENGTH, SECRET_LENGTH, api_key, claims_to_be_api_key, prefix_of

LENGTH = PUBLIC_LENGTH + SECRET_LENGTH
KEYS = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH).map(api_key)


@given(KEYS)
def test_a_key_tells_its_public_beginning(key: str) -> None:
    assert prefix_of(key) == key[:17]
    assert claims_to_be_api_key(key)
    assert re.fullmatch(r"certlink_[0-9A-Za-z]{46}", key)


@given(KEYS, st.data())
def test_any_one_character_that_is_wrong_missing_or_too_many_is_noticed(key: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(key) - 1))
    character = data.draw(st.sampled_from(ALPHABET) | st.characters())
    assume(character != key[place])

    assert prefix_of(key[:place] + character + key[place + 1 :]) is None
    assert prefix_of(key[:place] + key[place + 1 :]) is None
    assert prefix_of(key + character) is None


@given(KEYS, st.data())
def test_two_neighbors_that_are_swapped_are_noticed(key: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(key) - 2))
    assume(key[place] != key[place + 1])

    assert prefix_of(key[:place] + key[place + 1] + key[place] + key[place + 2 :]) is None


@given(st.text())
def test_nothing_else_is_a_key(text: str) -> None:
    assert prefix_of(text) is None
    assert prefix_of("certlink_" + text) is None


def test_a_key_looks_as_it_always_has() -> None:
    """Keys out there, and scanners that know them, stay right."""
    assert api_key(ALPHABET[:LENGTH]) == "certlink_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcd0qH8wL"
