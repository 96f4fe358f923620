"""The number of statements of operations, whatever the amount of data."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from domain.database.pool import execute, pool
from domain.models import Association, Credit
from domain.operations.steps.revise_credits import PAGE
from tests.clock import START
from tests.domain.instants import DAY
from tests.domain.test_life_of_a_completion import RECORD, receive, retire, tell
from tests.factories import completion_record, make_association, make_member, make_organization


async def test_a_long_transcript_takes_as_many_statements_as_a_short_one(database: str) -> None:
    await make_association(await make_member(await make_organization()), profile_id="991204737")
    counts = []
    for number, length in enumerate((2, 200)):
        records = [completion_record("AZ-305", completion_id=f"msl-{number}-{place}") for place in range(length)]
        async with counted_statements() as statements:
            await receive(records, START + DAY)
        async with counted_statements() as repeated:
            await receive(records, START + 2 * DAY)
        counts.append((len(statements), len(repeated)))

    assert counts[0] == counts[1]
    assert counts[0][0] <= 16


async def test_thousands_of_credits_follow_the_catalog_in_pages(database: str) -> None:
    """R16: as many statements for a full page as for a single association."""
    contoso = await make_organization()
    first = await make_association(await make_member(contoso), profile_id="991204737")
    await tell(RECORD, START)
    async with counted_statements() as of_one:
        await retire("AZ-104", (START + 30 * DAY).date(), now=START + DAY)
    await multiply(first, PAGE + 100)
    async with counted_statements() as of_many:
        looked_at = await retire("AZ-104", (START + 35 * DAY).date(), now=START + DAY)

    assert looked_at == PAGE + 101
    # One page more, with its own few statements; rows are written by one statement for all of them.
    assert len(of_many) <= 2 * len(of_one)
    until = (START + 35 * DAY).replace(hour=0, minute=0)
    assert await Credit.filter(counts_until=until).count() == PAGE + 101


async def multiply(association: Association, times: int) -> None:
    """Write as many more associations with a credit like the one there is."""
    await execute(
        """WITH n AS (SELECT generate_series(1000, 999 + $2) AS id),
        m AS (INSERT INTO member (id, organization_id, work_email, role, status, invited_at, activated_at)
            SELECT n.id, $3, n.id || '@contoso.example', 'MEMBER', 'ACTIVE', now(), now() FROM n),
        w AS (INSERT INTO work_identity (member_id, identity_issuer_id, issuer, subject, bound_at)
            SELECT n.id, i.id, i.issuer, n.id::text, now() FROM n, identity_issuer i WHERE i.organization_id = $3),
        l AS (INSERT INTO learning_account (id, provider, profile_id, created_at)
            SELECT id, 'MICROSOFT_LEARN', 'many-' || id, now() FROM n),
        a AS (INSERT INTO association (id, organization_id, member_id, learning_account_id, provider, started_at,
                cool_off_until)
            SELECT n.id, $3, n.id, n.id, o.provider, o.started_at, o.cool_off_until
            FROM n, association o WHERE o.id = $1),
        t AS (INSERT INTO association_attempt (member_id, provider, status, ticket_hash, created_at, expires_at,
                finished_at, association_id)
            SELECT id, 'MICROSOFT_LEARN', 'ASSOCIATED', id::text::bytea, now(), now(), now(), id FROM n),
        p AS (INSERT INTO completion (id, provider, completion_id, learning_account_id, certification, kind,
                completed_at, expires_at, observed_at, recorded_at)
            SELECT n.id, o.provider, 'many-' || n.id, n.id, o.certification, o.kind, o.completed_at, o.expires_at,
                o.observed_at, o.recorded_at FROM n, completion o WHERE o.learning_account_id = $4)
        INSERT INTO credit (completion_id, association_id, organization_id, member_id, recorded_at, counts_from,
            counts_until, end_reason, next_event_at)
        SELECT n.id, n.id, $3, n.id, c.recorded_at, c.counts_from, c.counts_until, c.end_reason, c.next_event_at
        FROM n, credit c WHERE c.association_id = $1""",
        association.id,
        times,
        association.organization_id,
        association.learning_account_id,
    )


@asynccontextmanager
async def counted_statements() -> AsyncIterator[list[str]]:
    """Collect the statements that run inside the block, on whichever connection."""
    statements: list[str] = []

    def note(record: asyncpg.connection.LoggedQuery) -> None:
        # The library asks for the types of parameters once on each connection.
        if "typeinfo" not in record.query and "'jit'" not in record.query:
            statements.append(record.query)

    await _on_each_connection(lambda current: current.add_query_logger(note))
    yield statements
    await _on_each_connection(lambda current: current.remove_query_logger(note))


async def _on_each_connection(act: Callable[[Any], None]) -> None:
    all_of_them = pool()
    taken = [await all_of_them.acquire() for _ in range(all_of_them.get_max_size())]
    for current in taken:
        act(current)
        await all_of_them.release(current)
