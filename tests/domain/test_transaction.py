"""Transactions, and jobs announced after the commit."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError

from domain import jobs
from domain.database.pool import connection, execute, fetch_value
from domain.database.transaction import Transaction, operation, transaction
from domain.errors import InvalidInput
from domain.jobs import Job, ProcessCallback, PropagateCredits
from domain.models import LearningAccount
from domain.rules.enums import LearningProvider
from tests.clock import START


class PowerCut(Exception):
    """Something that no code expects."""


class Announced:
    """A queue that remembers what was announced, and how many accounts were committed by then."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Job, int]] = []

    async def wake(self, job: Job) -> None:
        self.jobs.append((job, await LearningAccount.all().count()))


@pytest.fixture
def announced() -> Iterator[Announced]:
    queue = Announced()
    jobs.use_queue(queue)
    yield queue
    jobs.use_queue(jobs.NoQueue())


async def test_models_and_sql_are_one_transaction(database: str) -> None:
    with pytest.raises(PowerCut):
        async with transaction():
            await _write_by_model("1")
            await _write_by_sql("2")
            assert await LearningAccount.all().count() == 2
            raise PowerCut

    assert await LearningAccount.all().count() == 0


async def test_transactions_at_once_do_not_see_each_other(database: str) -> None:
    both = asyncio.Barrier(2)

    async def write(profile_id: str) -> list[str]:
        async with transaction():
            await _write_by_model(profile_id)
            await both.wait()
            seen = [account.profile_id for account in await LearningAccount.all()]
            # Neither commits before both have looked.
            await both.wait()
            return seen

    seen = await asyncio.gather(write("1"), write("2"))

    assert list(seen) == [["1"], ["2"]]
    assert await LearningAccount.all().count() == 2


@pytest.mark.parametrize("conflict", ["by a model", "by SQL"])
async def test_a_swallowed_conflict_raises_instead_of_rolling_back_without_a_word(database: str, conflict: str) -> None:
    write = _write_by_model if conflict == "by a model" else _write_by_sql

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        async with transaction():
            await write("1")
            with suppress(IntegrityError, asyncpg.UniqueViolationError):
                await write("1")

    assert await LearningAccount.all().count() == 0


async def test_a_transaction_inside_another_is_a_savepoint(database: str) -> None:
    async with transaction() as outer:
        await _write_by_model("1")
        with suppress(PowerCut):
            async with transaction() as inner:
                assert inner is outer
                await _write_by_model("2")
                raise PowerCut
        async with transaction():
            await _write_by_model("3")

    assert [account.profile_id for account in await LearningAccount.all().order_by("id")] == ["1", "3"]


async def test_what_is_committed_inside_goes_with_what_is_around_it(database: str) -> None:
    with suppress(PowerCut):
        async with transaction():
            async with transaction():
                await _write_by_model("1")
            raise PowerCut

    assert await LearningAccount.all().count() == 0


async def test_a_conflict_inside_a_savepoint_may_be_swallowed(database: str) -> None:
    async with transaction():
        await _write_by_model("1")
        with suppress(IntegrityError):
            async with transaction():
                await _write_by_model("1")

    assert await LearningAccount.all().count() == 1


async def test_jobs_are_announced_once_each_and_only_after_the_commit(database: str, announced: Announced) -> None:
    async with transaction() as outer:
        outer.announce(ProcessCallback())
        async with transaction() as inner:
            inner.announce(PropagateCredits(at=START))
            inner.announce(ProcessCallback())
        await _write_by_model("1")
        assert announced.jobs == []

    assert announced.jobs == [(ProcessCallback(), 1), (PropagateCredits(at=START), 1)]


async def test_jobs_are_not_announced_when_nothing_was_committed(database: str, announced: Announced) -> None:
    with suppress(PowerCut):
        async with transaction() as current:
            current.announce(ProcessCallback())
            raise PowerCut
    with suppress(asyncpg.InFailedSQLTransactionError):
        async with transaction() as current:
            current.announce(ProcessCallback())
            with suppress(asyncpg.PostgresError):
                await execute("SELECT 1 / 0")

    assert announced.jobs == []


async def test_listeners_are_told_after_the_commit_and_not_after_a_rollback(database: str) -> None:
    heard: asyncio.Queue[object] = asyncio.Queue()

    def hear(*told: object) -> None:
        heard.put_nowait(told[-1])

    async with connection() as listening:
        await listening.add_listener("test", hear)
        for payload in ("rolled back", "committed"):
            with suppress(PowerCut):
                async with transaction() as current:
                    await current.notify("test", payload)
                    if payload == "rolled back":
                        raise PowerCut

        assert await asyncio.wait_for(heard.get(), timeout=10) == "committed"
        await listening.remove_listener("test", hear)


async def test_an_operation_inside_another_that_is_tried_again_announces_once(
    database: str, announced: Announced
) -> None:
    tries = 0

    @operation
    async def inner(transaction: Transaction) -> None:
        nonlocal tries
        tries += 1
        transaction.announce(ProcessCallback())
        if tries == 1:
            await execute("DO $$ BEGIN RAISE 'no' USING ERRCODE = 'deadlock_detected'; END $$")

    @operation
    async def outer(transaction: Transaction) -> None:
        await inner()

    await outer()

    assert tries == 2
    assert [job for job, _ in announced.jobs] == [ProcessCallback()]


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "a\udfff"])
@pytest.mark.parametrize("way", ["by a model", "by SQL", "outside a transaction"])
async def test_text_that_cannot_be_stored_is_refused(database: str, text: str, way: str) -> None:
    with pytest.raises(InvalidInput):
        if way == "outside a transaction":
            await fetch_value("SELECT id FROM organization WHERE domain = $1", text)
        else:
            async with transaction():
                await (_write_by_model if way == "by a model" else _write_by_sql)(text)

    assert await LearningAccount.all().count() == 0


async def test_a_mistake_of_our_own_is_no_refusal(database: str) -> None:
    """It is a bug, to be seen as one."""
    with pytest.raises(asyncpg.UndefinedTableError):
        async with transaction():
            await execute("SELECT * FROM no_such_table")
    with pytest.raises(asyncpg.DataError):
        async with transaction():
            await execute("SELECT $1::bigint", "one")


async def _write_by_model(profile_id: str) -> None:
    await LearningAccount.create(provider=LearningProvider.MICROSOFT_LEARN, profile_id=profile_id, created_at=START)


async def _write_by_sql(profile_id: str) -> None:
    await execute(
        "INSERT INTO learning_account (provider, profile_id, created_at) VALUES ('MICROSOFT_LEARN', $1, $2)",
        profile_id,
        START,
    )
