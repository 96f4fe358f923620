"""Instants and dates as text of RFC 3339."""

import re
from datetime import UTC, date, datetime, timedelta

_RFC_3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-]\d{2}:\d{2}))", re.ASCII
)
# Python's own parsers also take forms that RFC 3339 does not know, such as 2026-W48-1 and 20261123.
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# The database's driver takes the calendar's first and last instants for endless, and returns them without an offset.
_FIRST = datetime.min.replace(tzinfo=UTC) + timedelta.resolution
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta.resolution
_EXPLANATION = "A DateTime is an instant of RFC 3339 with an offset, such as 2026-11-23T09:30:00Z."


def instant_text(instant: object) -> str:
    """Return an aware instant in UTC as text that ends in Z."""
    if not isinstance(instant, datetime) or instant.utcoffset() is None:
        raise TypeError(f"not an aware instant: {type(instant).__name__}")
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant_of(text: object) -> datetime:
    """Return the instant that a text of RFC 3339 names; what is finer than a microsecond is cut off.

    Raises:
        ValueError: the text is something else, a date or an instant without an offset for instance.
    """
    match = _RFC_3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(_EXPLANATION)
    day, time, fraction, offset = match.groups()
    try:
        instant = datetime.fromisoformat(f"{day}T{time}.{(fraction or '0')[:6]:0<6}{offset or '+00:00'}")
        # Clients send the calendar's first and last instants for "always": they are taken a microsecond within it.
        return min(max(instant.astimezone(UTC), _FIRST), _LAST)
    except (ValueError, OverflowError):
        raise ValueError(_EXPLANATION) from None


def date_of(text: object) -> date:
    """Return the date that a text of RFC 3339 names.

    Raises:
        ValueError: the text is something else.
    """
    try:
        return date.fromisoformat(text if isinstance(text, str) and _DATE.fullmatch(text) else "")
    except ValueError:
        raise ValueError("A Date is a date of RFC 3339, such as 2026-11-23.") from None
