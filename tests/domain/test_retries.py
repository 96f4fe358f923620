"""Deadlocks, serialization failures and a database that is away."""

import asyncio

import pytest

from domain.database.pool import execute, fetch_value, pool
from domain.database.transaction import RETRIES, Transaction, operation, transaction
from domain.errors import TryAgain
from domain.queries.readiness import readiness
from local.engines import Engines
from tests.factories import make_organization

CONFLICTS = ["serialization_failure", "deadlock_detected"]


async def test_of_two_operations_in_a_deadlock_both_are_done(database: str) -> None:
    one, other = await make_organization("Contoso"), await make_organization("Fabrikam")
    both_locked = asyncio.Barrier(2)
    tries = 0

    @operation
    async def rename(transaction: Transaction, organization_ids: list[int]) -> None:
        nonlocal tries
        tries += 1
        first_try = tries <= 2
        await execute("SET LOCAL deadlock_timeout = '10ms'")
        for organization_id in organization_ids:
            await execute("UPDATE organization SET name = name || '!' WHERE id = $1", organization_id)
            if first_try and organization_id == organization_ids[0]:
                await both_locked.wait()

    await asyncio.gather(rename([one.id, other.id]), rename([other.id, one.id]))

    assert tries == 3
    assert await fetch_value("SELECT array_agg(name ORDER BY id) FROM organization") == ["Contoso!!", "Fabrikam!!"]


@pytest.mark.parametrize("conflict", CONFLICTS)
async def test_a_conflict_is_tried_again_until_it_succeeds(database: str, conflict: str) -> None:
    tries = 0

    @operation
    async def meet(transaction: Transaction) -> str:
        nonlocal tries
        tries += 1
        await make_organization()
        if tries < RETRIES:
            await _raise(conflict)
        return "done"

    assert await meet() == "done"
    assert tries == RETRIES
    assert await fetch_value("SELECT count(*) FROM organization") == 1


@pytest.mark.parametrize("conflict", CONFLICTS)
async def test_a_conflict_that_does_not_go_away_says_to_try_again_and_leaves_nothing(
    database: str, conflict: str
) -> None:
    tries = 0

    @operation
    async def meet(transaction: Transaction) -> None:
        nonlocal tries
        tries += 1
        await make_organization()
        await _raise(conflict)

    with pytest.raises(TryAgain):
        await meet()

    assert tries == RETRIES
    assert await fetch_value("SELECT count(*) FROM organization") == 0


@pytest.mark.parametrize(
    "setting", ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"]
)
async def test_whoever_waits_too_long_is_told_to_try_again(database: str, setting: str) -> None:
    organization = await make_organization()
    async with pool().acquire() as other, other.transaction():
        await other.execute("UPDATE organization SET name = 'Early'")

        with pytest.raises(TryAgain):
            async with transaction():
                await execute(f"SET LOCAL {setting} = '20ms'")
                if setting == "idle_in_transaction_session_timeout":
                    await _ended_by_the_server(await fetch_value("SELECT pg_backend_pid()"))
                await execute("UPDATE organization SET name = 'Late'")

    assert await fetch_value("SELECT name FROM organization WHERE id = $1", organization.id) == "Early"


async def test_whoever_loses_the_connection_is_told_to_try_again_and_the_next_one_gets_a_new_one(database: str) -> None:
    with pytest.raises(TryAgain):
        async with transaction():
            await make_organization()
            await execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert await fetch_value("SELECT count(*) FROM organization") == 0


async def test_while_the_database_is_away_everybody_is_told_to_try_again(database: str, engines: Engines) -> None:
    await engines.supervisor.stop("postgres")

    with pytest.raises(TryAgain):
        async with transaction():
            await make_organization()
    with pytest.raises(TryAgain):
        await fetch_value("SELECT 1")
    not_ready = await readiness()

    await engines.supervisor.restart("postgres")
    assert not_ready == ["the database does not answer"]
    assert await readiness() == []


async def _ended_by_the_server(process: int) -> None:
    async with pool().acquire() as other:
        while await other.fetchval("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", process):
            await asyncio.sleep(0.005)


async def _raise(conflict: str) -> None:
    await execute(f"DO $$ BEGIN RAISE 'conflict' USING ERRCODE = '{conflict}'; END $$")
