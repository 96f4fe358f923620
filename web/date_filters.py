"""Template filters for dates and times.

Always in UTC, and as a ``time`` element that carries the exact instant for machines.
"""

from datetime import UTC, datetime, timedelta

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


def first_day(value: str | datetime) -> Markup:
    """Return the date of an instant from which something is allowed."""
    return _element(value, "%-d %b %Y", shown=_rounded_up(value))


def first_instant(value: str | datetime) -> Markup:
    """Return an instant from which something is allowed, such as 3 Dec 2026, 14:31 UTC."""
    return _element(value, "%-d %b %Y, %H:%M UTC", shown=_rounded_up(value))


def parsed(value: str | datetime) -> datetime:
    """Return what the API writes as text as an aware instant in UTC."""
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)


def _rounded_up(value: str | datetime) -> datetime:
    # Who comes back at the minute that is shown must not be refused again.
    return parsed(value) + timedelta(minutes=1, microseconds=-1)


def _element(value: str | datetime, form: str, *, shown: datetime | None = None) -> Markup:
    at = parsed(value)
    machine = at.isoformat().replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}</time>').format(machine, (shown or at).strftime(form))
