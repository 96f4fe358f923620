"""A connection's arguments are understood or refused."""

from typing import Any

import pytest
from strawberry import UNSET

from api.connections import page_request
from api.ids import opaque
from domain.errors import InvalidInput
from domain.queries.page import PageRequest, Place


@pytest.mark.parametrize(
    ("arguments", "page"),
    [
        ((UNSET, UNSET, UNSET, UNSET), PageRequest(size=25)),
        ((None, None, None, None), PageRequest(size=25)),
        ((1, UNSET, UNSET, UNSET), PageRequest(size=1)),
        ((100, opaque("key:7"), UNSET, opaque("key:3")), PageRequest(size=100, after=Place(id=7), before=Place(id=3))),
        ((UNSET, UNSET, 5, opaque("key:7")), PageRequest(size=5, before=Place(id=7), backward=True)),
    ],
)
def test_a_page_is_asked_for(arguments: Any, page: PageRequest) -> None:
    assert page_request(*arguments) == page


@pytest.mark.parametrize(
    "arguments",
    [
        (0, None, None, None),
        (-1, None, None, None),
        (101, None, None, None),
        (None, None, 0, None),
        (None, None, 101, None),
        (1, None, 1, None),
        (1, "", None, None),
        (1, "x", None, None),
        (1, opaque("7"), None, None),
        (1, opaque("key:x"), None, None),
        (1, opaque("key:" + "9" * 30), None, None),
        (1, opaque("key:07"), None, None),
        (None, None, 1, opaque("key:٣")),
    ],
)
def test_bad_arguments_are_refused(arguments: Any) -> None:
    with pytest.raises(InvalidInput):
        page_request(*arguments)
