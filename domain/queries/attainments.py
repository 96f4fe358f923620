"""How far is an organization in its programs at any instant, what will change, and what does it hang on?

All of it is asked of an organization's counted facts, which one statement loads.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from domain.database import connection
from domain.errors import NotFound
from domain.queries.catalog import editions
from domain.rules.attainment import Attainment, attainments
from domain.rules.counted_credits import CountedCredit, known_at
from domain.rules.editions import Edition, programs_at
from domain.rules.forecast import Forecast, check_forecast_date, forecast
from domain.rules.fragility import FragilityFinding, fragility
from domain.rules.visibility import Viewer
from domain.rules.words import CreditEndReason, ProgramKind, Scope, Track

Result = TypeVar("Result")

_FACTS = """SELECT o.track, c.id, c.member_id, p.certification, c.counts_from, c.counts_until, c.end_reason,
        greatest(a.started_at, p.completed_at) AS known_from
    FROM organization o
    LEFT JOIN credit c ON c.organization_id = o.id AND c.counts_from IS NOT NULL
    LEFT JOIN completion p ON p.id = c.completion_id
    LEFT JOIN association a ON a.id = c.association_id
    WHERE o.id = $1 ORDER BY c.id"""


@dataclass(frozen=True, kw_only=True)
class OrganizationFacts:
    """All that decides an organization's attainments, whenever one asks for them."""

    track: Track | None
    credits: tuple[CountedCredit, ...]
    editions: tuple[Edition, ...]

    def attainments(self, at: datetime, kind: ProgramKind | None = None) -> tuple[Attainment, ...]:
        """Return the attainments at an instant (aware, UTC), by what is known then; of one kind or of both."""
        programs = programs_at(self.editions, at)
        found = attainments(known_at(self.credits, at), programs, at=at, track=self.track)
        return tuple(each for each in found if kind in {None, each.program.kind})

    def forecast(self, after: datetime, until: date, program: str | None = None) -> Forecast:
        """Return what changes after an instant until the end of a day."""
        return forecast(
            known_at(self.credits, after), self.editions, after=after, until=until, track=self.track, program=program
        )

    def fragility(self, at: datetime) -> tuple[FragilityFinding, ...]:
        """Return what would cost the programs that are attained at an instant."""
        return fragility(known_at(self.credits, at), programs_at(self.editions, at), at=at, track=self.track)


async def organization_facts(organization_id: int) -> OrganizationFacts:
    """Return an organization's counted facts, whoever asks.

    Raises:
        NotFound: there is no such organization.
    """
    async with connection() as current:
        rows = await current.fetch(_FACTS, organization_id)
    if not rows:
        raise NotFound
    return OrganizationFacts(
        track=Track(rows[0]["track"]) if rows[0]["track"] else None,
        credits=await _apart(lambda: tuple(_counted(row) for row in rows if row["id"] is not None)),
        editions=await editions(),
    )


async def organization_attainments(
    viewer: Viewer, organization_id: int, *, as_of: datetime, kind: ProgramKind | None = None
) -> tuple[Attainment, ...] | None:
    """Return how far the viewer's organization is at an instant (aware, UTC); for its admins only."""
    facts = await _visible_facts(viewer, organization_id)
    return None if facts is None else await _apart(lambda: facts.attainments(as_of, kind))


async def organization_forecast(
    viewer: Viewer, organization_id: int, *, now: datetime, until: date, program: str | None = None
) -> Forecast | None:
    """Return what will change for the viewer's organization until the end of a day, in UTC; for its admins only.

    Raises:
        ForecastTooFar: the day is over, or more than five years ahead.
        NotFound: there is no such program.
    """
    facts = await _visible_facts(viewer, organization_id)
    if facts is None:
        return None
    check_forecast_date(until, now=now)
    if program is not None and not any(program == each.key for edition in facts.editions for each in edition.programs):
        raise NotFound
    return await _apart(lambda: facts.forecast(now, until, program))


async def organization_fragility(
    viewer: Viewer, organization_id: int, *, as_of: datetime
) -> tuple[FragilityFinding, ...] | None:
    """Return what the attained programs of the viewer's organization hang on; for its admins only."""
    facts = await _visible_facts(viewer, organization_id)
    return None if facts is None else await _apart(lambda: facts.fragility(as_of))


async def _visible_facts(viewer: Viewer, organization_id: int) -> OrganizationFacts | None:
    if not viewer.may(Scope.ATTAINMENTS_READ) or organization_id != viewer.organization_id:
        return None
    return await organization_facts(organization_id)


def _counted(row: Mapping[str, Any]) -> CountedCredit:
    return CountedCredit(
        person=row["member_id"],
        certification=row["certification"],
        counts_from=row["counts_from"],
        counts_until=row["counts_until"],
        credit_id=row["id"],
        known_from=row["known_from"],
        end_reason=CreditEndReason(row["end_reason"]) if row["end_reason"] else None,
    )


async def _apart(work: Callable[[], Result]) -> Result:
    """Think in a thread, so that a large organization's questions do not hold up everybody else's."""
    return await asyncio.to_thread(work)
