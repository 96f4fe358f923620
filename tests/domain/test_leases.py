"""Leases of rows to one worker, in each table that has them."""

import asyncio

import pytest

from domain.database.pool import execute, fetch_row
from domain.database.transaction import transaction
from domain.models import Callback
from domain.operations.steps.leases import (
    CALLBACKS,
    INVITATIONS,
    LEASE_SECONDS,
    TRANSCRIPTS,
    Lease,
    LeasedTable,
    LeaseLost,
    acquire,
    check,
    extend,
    release,
)
from domain.rules.enums import AttemptStatus, CallbackStatus, LearningProvider, MemberStatus
from tests.clock import START
from tests.factories import make_association, make_attempt, make_invitation, make_member, make_organization

# By the database's clock, which no test sets.
LONG_AGO = START.replace(year=2000)
TABLES = (CALLBACKS, INVITATIONS, TRANSCRIPTS)

each_table = pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])


@pytest.fixture(autouse=True)
async def rows(database: str) -> None:
    """Write one due row for each table."""
    organization = await make_organization()
    member = await make_member(organization)
    await make_association(member, grant_sealed=b"token", next_read_at=START)
    attempt = await make_attempt(member, status=AttemptStatus.RECEIVED)
    await Callback.create(
        provider=attempt.provider,
        callback_id="callback",
        attempt=attempt,
        status=CallbackStatus.PENDING,
        code_sealed=b"code",
        received_at=START,
        claimable_at=LONG_AGO,
    )
    invited = await make_member(organization, status=MemberStatus.INVITED, subject=None, activated_at=None)
    await make_invitation(invited, claimable_at=LONG_AGO)


@each_table
async def test_of_many_workers_at_once_one_leases_a_row(table: LeasedTable) -> None:
    leases = await asyncio.gather(*(_lease(table) for _ in range(8)))

    (lease,) = [lease for lease in leases if lease is not None]
    assert lease.tries == await _tries(table) == 1
    assert LEASE_SECONDS - 10 < await _seconds_left(table) <= LEASE_SECONDS


@each_table
async def test_a_lease_that_lapsed_is_taken_over(table: LeasedTable) -> None:
    late = await _lease(table)
    await _lapse(table)

    holder = await _lease(table)

    assert late is not None
    assert holder is not None
    assert (holder.id, holder.tries) == (late.id, late.tries + 1)


@each_table
async def test_whoever_lost_a_lease_neither_holds_nor_extends_nor_releases_the_row(table: LeasedTable) -> None:
    late = await _lease(table)
    await _lapse(table)
    holder = await _lease(table)
    assert late is not None
    assert holder is not None

    for act in (check, extend, release):
        with pytest.raises(LeaseLost):
            async with transaction():
                await act(table, late)

    assert (await _held(table)).leased_until == holder.leased_until


@each_table
async def test_a_lease_whose_tries_began_anew_is_another_one(table: LeasedTable) -> None:
    """A worker may sleep for a night: then the row is leased for the same try as it was."""
    late = await _lease(table)
    await execute(f"UPDATE {table.name} SET {table.tries} = 0")
    await _lapse(table)
    holder = await _lease(table)
    assert late is not None
    assert holder is not None
    assert holder.tries == late.tries

    with pytest.raises(LeaseLost):
        async with transaction():
            await check(table, late)


@each_table
async def test_an_extended_lease_holds_and_the_one_before_does_not(table: LeasedTable) -> None:
    before = await _lease(table)
    assert before is not None

    async with transaction():
        extended = await extend(table, before)

    assert extended.leased_until > before.leased_until
    with pytest.raises(LeaseLost):
        async with transaction():
            await check(table, before)
    async with transaction():
        await check(table, extended)


@each_table
async def test_a_row_that_is_released_with_a_pause_is_leased_after_it(table: LeasedTable) -> None:
    lease = await _lease(table)
    assert lease is not None

    async with transaction():
        await release(table, lease, pause_seconds=60)
    during = await _lease(table)
    await _lapse(table)
    after = await _lease(table)

    assert during is None
    assert after is not None


def test_each_pause_is_twice_the_one_before() -> None:
    leases = [Lease(id=1, leased_until=START, tries=tries) for tries in (1, 2, 3, 6)]

    assert [lease.back_off_seconds(60) for lease in leases] == [60, 120, 240, 1920]
    assert [lease.is_last_try for lease in leases] == [False, False, False, True]


async def _lease(table: LeasedTable) -> Lease | None:
    arguments = (LearningProvider.MICROSOFT_LEARN, START) if table is TRANSCRIPTS else ()
    async with transaction():
        ids = await acquire(table, *arguments)
    return await _held(table) if ids else None


async def _held(table: LeasedTable) -> Lease:
    lease = await fetch_row(
        Lease, f"SELECT id, {table.until} AS leased_until, {table.tries} AS tries FROM {table.name}"
    )
    assert lease is not None
    return lease


async def _tries(table: LeasedTable) -> int:
    return (await _held(table)).tries


async def _seconds_left(table: LeasedTable) -> float:
    now = await fetch_row(Lease, "SELECT 1 AS id, clock_timestamp() AS leased_until, 0 AS tries")
    assert now is not None
    return ((await _held(table)).leased_until - now.leased_until).total_seconds()


async def _lapse(table: LeasedTable) -> None:
    await execute(f"UPDATE {table.name} SET {table.until} = clock_timestamp()")
