"""How are instants shown to people?

Always in UTC, and as a ``time`` element that carries the exact instant for machines.
"""

from datetime import UTC, datetime

from markupsafe import Markup


def day(value: str | datetime) -> Markup:
    """Return an instant's date, such as 3 Nov 2026."""
    return _element(value, "%-d %b %Y")


def instant(value: str | datetime) -> Markup:
    """Return an instant to the minute, such as 3 Nov 2026, 14:30 UTC."""
    return _element(value, "%-d %b %Y, %H:%M UTC")


def time_of_day(value: str | datetime) -> Markup:
    """Return an instant's time, such as 14:30:02 UTC."""
    return _element(value, "%H:%M:%S UTC")


def parsed(value: str | datetime) -> datetime:
    """Return what the API writes as text as an aware instant in UTC."""
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)


def _element(value: str | datetime, form: str) -> Markup:
    at = parsed(value)
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat().replace("+00:00", "Z"), at.strftime(form))
