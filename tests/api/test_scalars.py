"""Instants travel as text that says when exactly."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from graphql import OperationDefinitionNode, parse
from graphql.execution.values import get_variable_values
from hypothesis import given
from hypothesis import strategies as st

from api.graphql.schema import schema
from api.instants import instant_of, instant_text
from domain.database.pool import fetch_value

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda instant: FIRST < instant < LAST))
def test_an_instant_comes_back_as_it_went(instant: datetime) -> None:
    assert instant_of(instant_text(instant)) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T09:30:00Z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23t09:30:00z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23T10:30:00+01:00", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23T09:30:00.5Z", datetime(2026, 11, 23, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-11-23T09:30:00.123456789Z", datetime(2026, 11, 23, 9, 30, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_every_form_of_rfc_3339_is_understood(text: str, instant: datetime) -> None:
    assert instant_of(text) == instant


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-23", "2026-11-23T09:30:00", "2026-11-23T09:30Z", "2026-11-23 09:30:00Z", "2026-13-23T09:30:00Z",
     "2026-11-23T25:30:00Z", "2026-11-23T09:30:00+0100", "2026-11-23T09:30:00+99:00", "0001-01-01T00:00:00+23:00",
     "9999-12-31T23:59:59-23:00", "２026-11-23T09:30:00Z", 1795426200, None, True],
)  # fmt: skip
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339"):
        instant_of(text)


@pytest.mark.parametrize("name", ["DateTime", "Date"])
def test_a_client_reads_the_explanation_and_nothing_around_it(name: str) -> None:
    query = parse(f"query ($value: {name}!) {{ __typename }}").definitions[0]
    assert isinstance(query, OperationDefinitionNode)

    errors = get_variable_values(schema._schema, list(query.variable_definitions or ()), {"value": "2026"})

    assert isinstance(errors, list)
    assert re.search(rf"invalid value: A {name} is an? \w+ of RFC 3339", str(errors[0])), errors


@pytest.mark.parametrize("instant", [FIRST, LAST])
async def test_the_first_and_the_last_instant_survive_the_database(database: None, instant: datetime) -> None:
    taken = instant_of(instant_text(instant))

    assert await fetch_value("SELECT $1::timestamptz", taken) == taken
    assert abs(taken - instant) == timedelta.resolution


def test_output_is_in_utc_and_ends_in_z() -> None:
    assert instant_text(datetime(2026, 11, 23, 10, 30, tzinfo=timezone(timedelta(hours=1)))) == "2026-11-23T09:30:00Z"


def test_an_instant_without_an_offset_is_a_fault() -> None:
    with pytest.raises(TypeError):
        instant_text(datetime(2026, 11, 23))  # noqa: DTZ001
