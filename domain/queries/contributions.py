"""Contributions of credits to requirements as of an instant (R13, R14)."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Any

from domain.database.pool import connection, typed_row
from domain.queries.attainments import RunInThread
from domain.queries.catalog import editions
from domain.rules.attainment import Holding
from domain.rules.contributions import ProgramContribution, ProgramContributions, decisive_people
from domain.rules.editions import programs_at
from domain.rules.enums import Track
from domain.rules.programs import Program

CreditContributions = Mapping[int, tuple[ProgramContribution, ...]]

_HOLDING = "c.member_id AS person, p.certification, c.counts_from, c.counts_until, c.id AS credit_id"
_COUNTING = "c.counts_from <= $2 AND (c.counts_until IS NULL OR c.counts_until > $2)"
# The people whose certifications began to count first, in the order of the rule.
_FIRST = f"""SELECT person, certification, counts_from, counts_until, credit_id FROM (
        SELECT *, row_number() OVER (PARTITION BY certification
                                     ORDER BY counts_from, person::text COLLATE "C", credit_id) AS rank
        FROM (SELECT DISTINCT ON (p.certification, c.member_id) {_HOLDING}
              FROM credit c JOIN completion p ON p.id = c.completion_id
              WHERE c.organization_id = $1 AND {_COUNTING} AND p.certification = ANY($3::text[])
              ORDER BY p.certification, c.member_id, c.counts_from, c.id) counting) ranked
    JOIN unnest($3::text[], $4::int[]) decisive (code, people) ON code = certification AND rank <= people"""
_OF_MEMBERS = f"""SELECT {_HOLDING} FROM credit c JOIN completion p ON p.id = c.completion_id
    WHERE c.organization_id = $1 AND c.member_id = ANY($3::bigint[]) AND c.counts_from IS NOT NULL
      AND (c.counts_until IS NULL OR c.counts_until > $2)"""


class OrganizationContributions:
    """What an organization's credits contribute as of an instant, for some members at a time."""

    def __init__(self, organization_id: int, as_of: datetime, scored: ProgramContributions) -> None:
        self._organization_id = organization_id
        self._as_of = as_of
        # Of all other members' credits it keeps only those that can change any points, however many there are.
        self._scored = scored

    async def of(
        self,
        member_ids: Collection[int],
        *,
        snapshot: Any | None = None,
        run_in_thread: RunInThread = asyncio.to_thread,
    ) -> CreditContributions:
        """Return what each credit of members contributes, without credits that have ended or never count."""
        async with _connection_or(snapshot) as current:
            rows = await current.fetch(_OF_MEMBERS, self._organization_id, self._as_of, list(set(member_ids)))
        return await run_in_thread(lambda: self._scored.of([typed_row(Holding, row) for row in rows]))


async def programs_in_force(at: datetime) -> tuple[Program, ...]:
    return programs_at(await editions(), at)


async def organization_contributions(
    organization_id: int,
    *,
    as_of: datetime,
    programs: Sequence[Program] | None = None,
    snapshot: Any | None = None,
    run_in_thread: RunInThread = asyncio.to_thread,
) -> OrganizationContributions:
    """Prepare an organization's contributions as of an instant (aware, UTC), to all programs that are then in force."""
    if programs is None:
        programs = await programs_in_force(as_of)
    people = decisive_people(programs)
    async with _connection_or(snapshot) as current:
        rows = await current.fetch(_FIRST, organization_id, as_of, list(people), list(people.values()))
        track = await current.fetchval("SELECT track FROM organization WHERE id = $1", organization_id)

    def score() -> ProgramContributions:
        first = [typed_row(Holding, row) for row in rows]
        return ProgramContributions(first, programs, at=as_of, track=Track(track) if track else None)

    return OrganizationContributions(organization_id, as_of, await run_in_thread(score))


async def contributions_of_credits(
    organization_id: int, member_ids: Collection[int], *, as_of: datetime
) -> CreditContributions:
    return await (await organization_contributions(organization_id, as_of=as_of)).of(member_ids)


def _connection_or(snapshot: Any | None) -> AbstractAsyncContextManager[Any]:
    # Without a snapshot the connection goes back before the scores are computed, since these may wait for their turn.
    return connection() if snapshot is None else nullcontext(snapshot)
