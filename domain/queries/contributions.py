"""Which requirements of which programs do credits contribute to as of an instant (R13, R14)?"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.database import connection, typed_row
from domain.queries.catalog import editions
from domain.rules.attainment import Holding
from domain.rules.editions import programs_at
from domain.rules.program_contributions import ProgramContribution, ProgramContributions, decisive_places
from domain.rules.programs import Program
from domain.rules.words import Track

CreditContributions = Mapping[int, tuple[ProgramContribution, ...]]

_HOLDING = "c.member_id AS person, p.certification, c.counts_from, c.counts_until, c.id AS credit_id"
_COUNTING = "c.counts_from <= $2 AND (c.counts_until IS NULL OR c.counts_until > $2)"
# The people whose certifications began to count first, in the order in which the rule places them.
_FIRST = f"""SELECT person, certification, counts_from, counts_until, credit_id FROM (
        SELECT *, row_number() OVER (PARTITION BY certification
                                     ORDER BY counts_from, person::text COLLATE "C", credit_id) AS place
        FROM (SELECT DISTINCT ON (p.certification, c.member_id) {_HOLDING}
              FROM credit c JOIN completion p ON p.id = c.completion_id
              WHERE c.organization_id = $1 AND {_COUNTING} AND p.certification = ANY($3::text[])
              ORDER BY p.certification, c.member_id, c.counts_from, c.id) counting) placed
    JOIN unnest($3::text[], $4::int[]) decisive (code, places) ON code = certification AND place <= places"""
_OF_MEMBERS = f"""SELECT {_HOLDING} FROM credit c JOIN completion p ON p.id = c.completion_id
    WHERE c.organization_id = $1 AND c.member_id = ANY($3::bigint[]) AND c.counts_from IS NOT NULL
      AND (c.counts_until IS NULL OR c.counts_until > $2)"""


class OrganizationContributions:
    """What an organization's credits contribute as of an instant, asked for some members at a time.

    It keeps no more of everybody else's credits than can decide anything, however many there are.
    """

    def __init__(self, organization_id: int, as_of: datetime, scored: ProgramContributions) -> None:
        self._organization_id = organization_id
        self._as_of = as_of
        self._scored = scored

    async def of(self, current: Any, member_ids: Collection[int]) -> CreditContributions:
        """Return what each credit of members contributes; those that have ended or never count are not in it."""
        rows = await current.fetch(_OF_MEMBERS, self._organization_id, self._as_of, list(set(member_ids)))
        return self._scored.of([typed_row(Holding, row) for row in rows])


async def programs_in_force(at: datetime) -> tuple[Program, ...]:
    """Return every program as the catalog has it at an instant (aware, UTC)."""
    return programs_at(await editions(), at)


async def organization_contributions(
    current: Any, organization_id: int, *, programs: Sequence[Program], as_of: datetime
) -> OrganizationContributions:
    """Prepare to tell what an organization's credits contribute to programs as of an instant (aware, UTC)."""
    places = decisive_places(programs)
    rows = await current.fetch(_FIRST, organization_id, as_of, list(places), list(places.values()))
    track = await current.fetchval("SELECT track FROM organization WHERE id = $1", organization_id)
    scored = ProgramContributions(
        [typed_row(Holding, row) for row in rows], programs, at=as_of, track=Track(track) if track else None
    )
    return OrganizationContributions(organization_id, as_of, scored)


async def contributions_of_credits(
    organization_id: int, member_ids: Collection[int], *, as_of: datetime
) -> CreditContributions:
    """Return what each credit of an organization's members contributes as of an instant (aware, UTC)."""
    programs = await programs_in_force(as_of)
    async with connection() as current:
        prepared = await organization_contributions(current, organization_id, programs=programs, as_of=as_of)
        return await prepared.of(current, member_ids)


async def contributions_of_groups(
    organization_id: int, groups: Collection[frozenset[int]], *, as_of: datetime
) -> dict[frozenset[int], CreditContributions]:
    """Return for each group of an organization's members what ``contributions_of_credits`` does, all read at once.

    Each is told the other groups' credits too.
    """
    members = frozenset[int]().union(*groups)
    return dict.fromkeys(groups, await contributions_of_credits(organization_id, members, as_of=as_of))
