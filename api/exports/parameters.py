"""Read an export's filter and instant from its query string.

The parameters have the names of the report's filter in GraphQL; ``completedAt.from`` and the like are its spans.
"""

from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from starlette.datastructures import QueryParams

from api.filters import checked_certification, checked_person, checked_program
from api.instants import instant_of
from domain.errors import InvalidInput
from domain.queries.skills_report import InstantRange, SkillsReportFilter
from domain.rules.enums import CreditStatus, LearningProvider

Member = TypeVar("Member", bound=StrEnum)

_SPANS = ("completedAt", "expiresAt", "countsFrom", "countsUntil")
# Only this one may come several times, for rows with any of the statuses.
_STATUS = "status"
PARAMETERS = (
    "person",
    "certification",
    "program",
    "provider",
    _STATUS,
    *(f"{span}.{end}" for span in _SPANS for end in ("from", "until")),
    "asOf",
)


def read_parameters(parameters: QueryParams, *, now: datetime) -> tuple[SkillsReportFilter, datetime]:
    """Return the filter and the instant (aware, UTC), which is now by default.

    Raises:
        InvalidInput: a parameter is unknown, comes twice, or cannot be understood.
    """
    for name in parameters:
        if name not in PARAMETERS:
            raise InvalidInput(f"There is no such parameter; there are {', '.join(PARAMETERS)}.")
        if name != _STATUS and len(parameters.getlist(name)) > 1:
            raise InvalidInput(f"`{name}` may come only once.")
    provider = parameters.get("provider")
    statuses = parameters.getlist(_STATUS)
    completed_at, expires_at, counts_from, counts_until = (
        InstantRange(start=_instant(parameters, f"{name}.from"), end=_instant(parameters, f"{name}.until"))
        for name in _SPANS
    )
    report_filter = SkillsReportFilter(
        person=checked_person(parameters.get("person")),
        certification=checked_certification(parameters.get("certification")),
        program=checked_program(parameters.get("program")),
        provider=_enum_member(LearningProvider, "provider", provider) if provider else None,
        statuses=tuple(_enum_member(CreditStatus, _STATUS, status) for status in statuses) if statuses else None,
        completed_at=completed_at,
        expires_at=expires_at,
        counts_from=counts_from,
        counts_until=counts_until,
    )
    return report_filter, _instant(parameters, "asOf") or now


def _instant(parameters: QueryParams, name: str) -> datetime | None:
    text = parameters.get(name)
    if text is None:
        return None
    try:
        return instant_of(text)
    except ValueError as error:
        raise InvalidInput(f"`{name}`: {error} In an address, + is written %2B.") from None


def _enum_member(kind: type[Member], name: str, text: str) -> Member:
    try:
        return kind(text)
    except ValueError:
        raise InvalidInput(f"`{name}` is one of {', '.join(kind)}.") from None
