"""Attainments, forecast and fragility of an organization."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from domain.database.pool import connection, fetch_value
from domain.errors import NotFound
from domain.queries.catalog import editions
from domain.rules.attainment import Attainment, CountedCredit, attainments, known_at
from domain.rules.editions import Edition, programs_at
from domain.rules.enums import CreditEndReason, Scope, Track
from domain.rules.forecast import Forecast, Pieces, check_forecast_date, end_of_day, forecast
from domain.rules.fragility import FragilityFinding, fragility
from domain.rules.visibility import Viewer

Result = TypeVar("Result")

# A day takes about 2 milliseconds, so that others wait for about 40.
FORECAST_DAYS_OF_A_PIECE = 20

# One statement loads all that is computed here, so that a caller who needs several loads it once.
_FACTS = """SELECT o.track, c.id, c.member_id, p.certification, c.counts_from, c.counts_until, c.end_reason,
        greatest(a.started_at, p.completed_at) AS known_from
    FROM organization o
    LEFT JOIN credit c ON c.organization_id = o.id AND c.counts_from IS NOT NULL
    LEFT JOIN completion p ON p.id = c.completion_id
    LEFT JOIN association a ON a.id = c.association_id
    WHERE o.id = $1 ORDER BY c.id"""
_DAYS = """SELECT count(DISTINCT (changes_at AT TIME ZONE 'UTC')::date)
    FROM credit CROSS JOIN LATERAL (VALUES (counts_from), (counts_until)) change (changes_at)
    WHERE organization_id = $1 AND counts_from IS NOT NULL AND changes_at > $2 AND changes_at <= $3"""


class RunInThread(Protocol):
    """Runs a long computation in a thread, as ``asyncio.to_thread`` does."""

    def __call__(self, work: Callable[[], Result], /) -> Awaitable[Result]: ...


@dataclass(frozen=True, kw_only=True)
class OrganizationFacts:
    """All that decides an organization's attainments at any instant."""

    track: Track | None
    credits: tuple[CountedCredit, ...]
    editions: tuple[Edition, ...]


@dataclass(frozen=True, kw_only=True)
class AttainmentsAt:
    """A request for the attainments of every program at an instant (aware, UTC)."""

    at: datetime

    def pieces(self, facts: OrganizationFacts) -> Pieces[tuple[Attainment, ...]]:
        """Score an organization by what is known at the instant, all at once."""
        # A generator like a forecast's, so that a caller runs all of them alike, though it never pauses.
        yield from ()
        programs = programs_at(facts.editions, self.at)
        return attainments(known_at(facts.credits, self.at), programs, at=self.at, track=facts.track)


@dataclass(frozen=True, kw_only=True)
class ForecastUntil:
    """A request for the forecast from an instant (aware, UTC) until the end of a day, for all programs or for one."""

    after: datetime
    until: date
    program: str | None = None

    def check(self) -> None:
        """Refuse a day that is over or more than five years ahead.

        Raises:
            ForecastTooFar: it is.
        """
        check_forecast_date(self.until, now=self.after)

    def pieces(self, facts: OrganizationFacts) -> Pieces[Forecast]:
        """Score an organization by what is known at the first instant, some days at a time.

        Raises:
            NotFound: there is no such program.
        """
        keys = {program.key for edition in facts.editions for program in edition.programs}
        if self.program is not None and self.program not in keys:
            raise NotFound
        return (
            yield from forecast(
                known_at(facts.credits, self.after),
                facts.editions,
                after=self.after,
                until=self.until,
                track=facts.track,
                program=self.program,
                days=FORECAST_DAYS_OF_A_PIECE,
            )
        )


@dataclass(frozen=True, kw_only=True)
class FragilityAt:
    """A request for the fragility of the attained programs at an instant (aware, UTC)."""

    at: datetime

    def pieces(self, facts: OrganizationFacts) -> Pieces[tuple[FragilityFinding, ...]]:
        """Score an organization by what is known at the instant, all at once."""
        yield from ()
        programs = programs_at(facts.editions, self.at)
        return fragility(known_at(facts.credits, self.at), programs, at=self.at, track=facts.track)


Scoring = AttainmentsAt | ForecastUntil | FragilityAt


def may_be_scored_for(viewer: Viewer, organization_id: int) -> bool:
    """Tell whether a viewer may see the attainments of an organization: their own, if they are its admin."""
    return viewer.may(Scope.ATTAINMENTS_READ) and organization_id == viewer.organization_id


async def organization_facts(
    organization_id: int, *, run_in_thread: RunInThread = asyncio.to_thread
) -> OrganizationFacts:
    """Return an organization's facts, without a check of the viewer.

    Raises:
        NotFound: there is no such organization.
    """
    async with connection() as current:
        rows = await current.fetch(_FACTS, organization_id)
    if not rows:
        raise NotFound
    credits = await run_in_thread(
        lambda: tuple(
            CountedCredit(
                person=row["member_id"],
                certification=row["certification"],
                counts_from=row["counts_from"],
                counts_until=row["counts_until"],
                credit_id=row["id"],
                known_from=row["known_from"],
                end_reason=CreditEndReason(row["end_reason"]) if row["end_reason"] else None,
            )
            for row in rows
            if row["id"] is not None
        )
    )
    track = Track(rows[0]["track"]) if rows[0]["track"] else None
    return OrganizationFacts(track=track, credits=credits, editions=await editions())


async def count_facts(organization_id: int) -> int:
    count: int = await fetch_value(
        "SELECT count(*) FROM credit WHERE organization_id = $1 AND counts_from IS NOT NULL", organization_id
    )
    return count


async def count_forecast_days(organization_id: int, requested: ForecastUntil) -> int:
    """Return on how many days of a forecast a credit of an organization begins or ends."""
    count: int = await fetch_value(_DAYS, organization_id, requested.after, end_of_day(requested.until))
    return count
