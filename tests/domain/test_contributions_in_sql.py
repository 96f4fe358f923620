"""Contributions from the credits that SQL selects."""

from collections import defaultdict
from datetime import datetime, timedelta

import pytest

from bench.rows import fill
from domain.database.pool import connection, execute, fetch_rows, fetch_value
from domain.queries.contributions import contributions_of_credits, programs_in_force
from domain.rules.attainment import Holding, attainments
from domain.rules.contributions import contributions
from domain.rules.enums import Track
from tests.clock import START
from tests.factories import make_organization

Told = dict[int | None, set[tuple[str, str, str, int, float, str | None]]]


@pytest.mark.parametrize("track", [None, "SMB"])
async def test_contributions_are_those_of_the_whole_organization(database: str, track: str | None) -> None:
    organization, other = await make_organization(), await make_organization("Fabrikam")
    async with connection() as current:
        await fill(current, organization_id=organization.id, members=60, credits_each=20, at=START)
        await fill(current, organization_id=other.id, members=10, credits_each=20, at=START)
    await execute("UPDATE organization SET track = $1", track)
    # Some begin to count at the same instant as others', and some certifications are held by many.
    await execute(
        """UPDATE completion SET certification = (ARRAY['AZ-104', 'AZ-305', 'SC-300', 'DP-600'])[1 + id % 4]
           WHERE id % 3 = 0"""
    )
    for at in (START, START + timedelta(days=7)):
        told = await pieces(organization.id, at)

        expected = await whole(organization.id, at, Track(track) if track else None)
        assert {credit for credit, given in told.items() if given} == set(expected)
        assert {credit: given for credit, given in told.items() if given} == expected
        assert len(expected) > 100


async def pieces(organization_id: int, at: datetime) -> Told:
    """Return the contributions, asked for some members at a time."""
    members = await fetch_value("SELECT array_agg(id) FROM member WHERE organization_id = $1", organization_id)
    found: Told = {}
    for start in range(0, len(members), 7):
        part = await contributions_of_credits(organization_id, members[start : start + 7], as_of=at)
        for credit_id, given in part.items():
            found[credit_id] = {
                (each.program.key, each.track, each.metric, each.step, float(each.points), each.reason)
                for each in given
            }
    return found


async def whole(organization_id: int, at: datetime, track: Track | None) -> Told:
    """Return the contributions by the rule alone, with every credit of the organization."""
    holdings = await fetch_rows(
        Holding,
        """SELECT c.member_id AS person, p.certification, c.counts_from, c.counts_until, c.id AS credit_id
           FROM credit c JOIN completion p ON p.id = c.completion_id
           WHERE c.organization_id = $1 AND c.counts_from IS NOT NULL""",
        organization_id,
    )
    found: Told = defaultdict(set)
    for attainment in attainments(holdings, await programs_in_force(at), at=at, track=track):
        for metric in attainment.metrics:
            for each in contributions(metric, holdings, at=at):
                found[each.holding.credit_id].add(
                    (
                        attainment.program.key,
                        metric.measure.track,
                        metric.metric,
                        each.requirement.step,
                        float(each.points),
                        each.reason,
                    )
                )
    return dict(found)
