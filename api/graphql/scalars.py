"""The scalars DateTime and Date."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from api.instants import date_of, instant_of, instant_text

Value = TypeVar("Value")


def _input(parse: Callable[[object], Value]) -> Callable[[object], Value]:
    # graphql-core hands a GraphQLError on to clients word for word, and wraps any other exception in words of its own.

    def parsed(text: object) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise GraphQLError(str(error)) from None

    return parsed


CONFIG = StrawberryConfig(
    scalar_map={
        # The stock scalar accepts dates, and instants without an offset, which mean another instant on each server.
        datetime: strawberry.scalar(
            name="DateTime",
            description=(
                "An instant in the form of RFC 3339. Input wants an offset (2026-11-23T09:30:00Z or "
                "2026-11-23T10:30:00+01:00); output is in UTC and ends in Z."
            ),
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
            serialize=instant_text,
            parse_value=_input(instant_of),
        ),
        date: strawberry.scalar(
            name="Date",
            description="A date in the form of RFC 3339, such as 2026-11-23. Days begin and end at midnight in UTC.",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
            serialize=date.isoformat,
            parse_value=_input(date_of),
        ),
    },
)
