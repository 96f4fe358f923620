"""The scalars DateTime and Date.

Strawberry's own DateTime accepts dates and instants without an offset.
"""

import re
from datetime import UTC, date, datetime, timedelta

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

_RFC_3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-]\d{2}:\d{2}))", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# The database's driver takes the calendar's first and last instants for infinite, and returns them without an offset.
_FIRST = datetime.min.replace(tzinfo=UTC) + timedelta.resolution
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta.resolution
EXPLANATION = "A DateTime is an instant of RFC 3339 with an offset, such as 2026-11-23T09:30:00Z."


def instant_text(instant: object) -> str:
    """Return an aware instant in UTC as text that ends in Z."""
    if not isinstance(instant, datetime) or instant.utcoffset() is None:
        raise TypeError(f"not an aware instant: {type(instant).__name__}")
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant_of(text: object) -> datetime:
    """Return the instant of a text in the form of RFC 3339, cut off to microseconds.

    The calendar's first and last instants, which clients send for "always", become the next ones within it.

    Raises:
        GraphQLError: the text is anything else, such as a date or an instant without an offset.
    """
    match = _RFC_3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise GraphQLError(EXPLANATION)
    date, time, fraction, offset = match.groups()
    try:
        instant = datetime.fromisoformat(f"{date}T{time}.{(fraction or '0')[:6]:0<6}{offset or '+00:00'}")
        return min(max(instant.astimezone(UTC), _FIRST), _LAST)
    except (ValueError, OverflowError):
        raise GraphQLError(EXPLANATION) from None


def date_of(text: object) -> date:
    """Return the date of a text in the form of RFC 3339.

    Raises:
        GraphQLError: the text is anything else.
    """
    try:
        return date.fromisoformat(text if isinstance(text, str) and _DATE.fullmatch(text) else "")
    except ValueError:
        raise GraphQLError("A Date is a date of RFC 3339, such as 2026-11-23.") from None


CONFIG = StrawberryConfig(
    scalar_map={
        datetime: strawberry.scalar(
            name="DateTime",
            description=(
                "An instant in the form of RFC 3339. Input wants an offset (2026-11-23T09:30:00Z or "
                "2026-11-23T10:30:00+01:00); output is in UTC and ends in Z."
            ),
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
            serialize=instant_text,
            parse_value=instant_of,
        ),
        date: strawberry.scalar(
            name="Date",
            description="A date in the form of RFC 3339, such as 2026-11-23. Days begin and end at midnight in UTC.",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
            serialize=date.isoformat,
            parse_value=date_of,
        ),
    },
)
