"""Keyset pagination while rows come, go and change."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.database.pagination import Order, Page, PageRequest, Value, fetch_page, fetch_pages
from tests.clock import START

EXAMPLES = 100
MOST_PAGES = 40
LISTED = """SELECT id, text, number, instant FROM jsonb_to_recordset($1::text::jsonb)
    AS row (id bigint, list bigint, text text, number bigint, instant timestamptz)"""
# Few values, so that rows often have the same.
VALUES: dict[str, st.SearchStrategy[Value]] = {
    "text": st.sampled_from("abc"),
    "number": st.sampled_from([1, 2, 3]),
    "instant": st.sampled_from([START, START + timedelta(microseconds=1), START + timedelta(days=1)]),
}
KINDS: dict[str, type[Value]] = {"text": str, "number": int, "instant": datetime}
State = dict[int, Value | None]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a list that a test makes up."""

    id: int
    text: str | None
    number: int | None
    instant: datetime | None


@dataclass(frozen=True)
class Walked:
    """An order, and the list as it is when each page is read."""

    column: str
    order: Order | None
    states: list[State]

    @property
    def stayed(self) -> list[int]:
        """Return the ids of what is the same in every state, in the list's order."""
        first = self.states[0]
        same = [each for each in first if all(state.get(each, "gone") == first[each] for state in self.states)]
        ascending = self.order is not None and not self.order.descending

        def key(identifier: int) -> Any:
            value = first[identifier] if self.order else None
            return (value is None, value, identifier) if value is not None else (True, 0, identifier)

        return sorted(same, key=key, reverse=not ascending)


@st.composite
def walks(draw: st.DrawFn) -> Walked:
    column = draw(st.sampled_from(sorted(KINDS)))
    nullable, descending = draw(st.booleans()), draw(st.booleans())
    values = st.none() | VALUES[column] if nullable else VALUES[column]
    states: list[State] = [draw(st.dictionaries(st.integers(1, 12), values, min_size=3))]
    for changes in draw(
        st.lists(st.dictionaries(st.integers(1, 12), st.just("gone") | values, max_size=3), max_size=4)
    ):
        states.append({key: value for key, value in (states[-1] | changes).items() if value != "gone"})
    order = Order(name="X", expression=column, kind=KINDS[column], descending=descending, nullable=nullable)
    return Walked(column, draw(st.sampled_from([order, order, None])), states)


async def read(walked: Walked, state: State, page: PageRequest) -> Page[Row]:
    rows = [{"id": key, walked.column: value} for key, value in state.items()]
    return await fetch_page(Row, LISTED, json.dumps(rows, default=datetime.isoformat), page=page)


@settings(max_examples=EXAMPLES)
@given(walks(), st.integers(1, 4), st.booleans())
async def test_whatever_stays_is_seen_once_and_in_order(
    database: str, walked: Walked, size: int, backward: bool
) -> None:
    seen: list[int] = []
    place = None
    for number in range(MOST_PAGES):
        state = walked.states[min(number, len(walked.states) - 1)]
        limits: dict[str, Any] = {"before" if backward else "after": place}
        page = await read(walked, state, PageRequest(size=size, order=walked.order, backward=backward, **limits))
        found = [row.id for row in page.rows]
        seen = found + seen if backward else seen + found
        assert page.total == len(state)
        if not (page.has_previous if backward else page.has_next) or not page.positions:
            break
        place = page.positions[0 if backward else -1]

    assert [each for each in seen if each in walked.stayed] == walked.stayed


@settings(max_examples=EXAMPLES)
@given(walks(), st.integers(1, 4), st.booleans(), st.booleans())
async def test_the_pages_of_many_lists_are_each_list_s_own(
    database: str, walked: Walked, size: int, backward: bool, counted: bool
) -> None:
    request = PageRequest(size=size, order=walked.order, backward=backward, counted=counted)
    rows = [
        {"id": key, "list": number, walked.column: value}
        for number, state in enumerate(walked.states)
        for key, value in state.items()
    ]

    pages = await fetch_pages(
        Row,
        f"{LISTED} WHERE list = parent.id",
        json.dumps(rows, default=datetime.isoformat),
        parents=range(len(walked.states)),
        page=request,
    )

    assert pages == {number: await read(walked, state, request) for number, state in enumerate(walked.states)}
