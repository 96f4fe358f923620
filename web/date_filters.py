"""Template filters for dates and times, always in UTC."""

from datetime import UTC, datetime, timedelta
from functools import partial

from markupsafe import Markup

_DAY = "%-d %b %Y"
_MINUTE = "%-d %b %Y, %H:%M UTC"


def parsed(value: str | datetime) -> datetime:
    """Return what the API writes as text as an aware instant in UTC."""
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)


def _time_element(value: str | datetime, form: str, *, rounded_up: bool = False) -> Markup:
    at = parsed(value)
    machine = at.isoformat().replace("+00:00", "Z")
    # Who comes back at the minute that is shown must not be refused again.
    shown = at + timedelta(minutes=1, microseconds=-1) if rounded_up else at
    return Markup('<time datetime="{}">{}</time>').format(machine, shown.strftime(form))


FILTERS = {
    "day": partial(_time_element, form=_DAY),
    "instant": partial(_time_element, form=_MINUTE),
    "time_of_day": partial(_time_element, form="%H:%M:%S UTC"),
    # Of an instant from which something is allowed.
    "first_day": partial(_time_element, form=_DAY, rounded_up=True),
    "first_instant": partial(_time_element, form=_MINUTE, rounded_up=True),
}
