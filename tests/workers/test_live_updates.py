"""Notifications from workers to subscribers."""

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import asyncpg
import pytest

from domain import notifications
from domain.database.transaction import transaction
from domain.notifications import ATTEMPT_CHANNEL, NotificationListener
from domain.rules.enums import AttemptStatus
from tests.sign_in.environment import World, attempt

# No subscriber gets this far in a test: what arrives was told, and not found by looking again.
NEVER_SECONDS = 600.0
TIMEOUT_SECONDS = 20
LISTENS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'listen%'"


@pytest.fixture(autouse=True)
def _no_looking_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "POLL_INTERVAL_SECONDS", NEVER_SECONDS)
    monkeypatch.setattr(notifications, "RECONNECT_SECONDS", 0.05)


async def test_each_step_of_an_attempt_is_told_after_its_commit(world: World) -> None:
    amara = await world.member()
    returned = await world.go_to_provider(amara)
    go_on = world.line.hold("/transcript")

    async with _listening(world.settings.database_url) as updates:
        attempt_id = (await world.receive(returned)).attempt_id
        # The notification of the callback may come late, and is none of the worker's.
        await _until_told(updates, world.settings.database_url)
        async with aclosing(updates.changes(ATTEMPT_CHANNEL, str(attempt_id))) as changes:
            await _next(changes)
            working = asyncio.create_task(world.process())
            await _next(changes)
            in_between = (await attempt(attempt_id)).status
            await world.line.reached["/transcript"].wait()
            go_on.set()
            await working
            await _next(changes)

    assert in_between is AttemptStatus.PROCESSING
    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED


async def test_what_is_rolled_back_is_not_told(database: str) -> None:
    async with _listening(database) as updates, aclosing(updates.changes(ATTEMPT_CHANNEL, "7")) as changes:
        await _next(changes)
        told = asyncio.ensure_future(anext(changes))
        with pytest.raises(ZeroDivisionError):
            async with transaction() as current:
                await current.notify(ATTEMPT_CHANNEL, "7")
                raise ZeroDivisionError
        async with transaction() as current:
            await current.notify(ATTEMPT_CHANNEL, "8")
        await _until_told(updates, database)

        assert not told.done()
        told.cancel()
        await asyncio.gather(told, return_exceptions=True)


async def test_all_subscribers_share_one_connection_and_each_hears_its_own(database: str) -> None:
    async with _listening(database) as updates:
        listeners = [updates.changes(ATTEMPT_CHANNEL, str(number % 2)) for number in range(10)]
        for changes in listeners:
            await _next(changes)
        heard = [asyncio.ensure_future(anext(changes)) for changes in listeners]
        connections = await _ask(database, LISTENS)

        async with transaction() as current:
            await current.notify(ATTEMPT_CHANNEL, "1")
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await asyncio.gather(*heard[1::2])

        assert connections == 1
        assert not any(task.done() for task in heard[0::2])
        for task in heard:
            task.cancel()
        await asyncio.gather(*heard, return_exceptions=True)


async def test_a_lost_connection_is_made_anew_and_subscribers_look_again(database: str) -> None:
    async with _listening(database) as updates, aclosing(updates.changes(ATTEMPT_CHANNEL, "7")) as changes:
        await _next(changes)
        for _ in range(3):
            await _ask(database, LISTENS.replace("count(*)", "count(pg_terminate_backend(pid))"))
            # What was committed in between may have been told to nobody: coming back tells everybody.
            await _next(changes)
        await _until_listening(updates)
        async with transaction() as current:
            await current.notify(ATTEMPT_CHANNEL, "7")
        await _next(changes)


async def test_a_subscriber_looks_again_by_itself_where_nobody_can_tell(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "POLL_INTERVAL_SECONDS", 0.01)

    async with (
        NotificationListener("postgres://localhost:1/nowhere") as updates,
        aclosing(updates.changes(ATTEMPT_CHANNEL, "7")) as changes,
    ):
        for _ in range(3):
            await _next(changes)


async def test_subscribers_and_listeners_leave_nothing_behind(database: str) -> None:
    async with _listening(database) as updates:
        for _ in range(50):
            async with aclosing(updates.changes(ATTEMPT_CHANNEL, "7")) as changes:
                await _next(changes)
        waiting = asyncio.ensure_future(anext(abandoned := updates.changes(ATTEMPT_CHANNEL, "8")))
        await waiting
        cut_off = asyncio.ensure_future(anext(abandoned))
        await asyncio.sleep(0)
        cut_off.cancel()
        await asyncio.gather(cut_off, return_exceptions=True)
        del abandoned
        gc.collect()

        assert updates._waiting == {}
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while await _ask(database, LISTENS):
            await asyncio.sleep(0.01)


@asynccontextmanager
async def _listening(database_url: str) -> AsyncIterator[NotificationListener]:
    async with NotificationListener(database_url) as updates:
        await _until_listening(updates)
        yield updates


async def _until_listening(updates: NotificationListener) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while not updates.listens:
            await asyncio.sleep(0.01)


async def _until_told(updates: NotificationListener, database_url: str) -> None:
    """Wait until everything that was told before has arrived."""
    async with aclosing(updates.changes(ATTEMPT_CHANNEL, "last")) as changes:
        await _next(changes)
        await _ask(database_url, f"SELECT pg_notify('{ATTEMPT_CHANNEL}', 'last')")
        await _next(changes)


async def _next(changes: AsyncGenerator[None, None]) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await anext(changes)


async def _ask(database_url: str, question: str) -> int:
    connection = await asyncpg.connect(database_url)
    try:
        answer: int = await connection.fetchval(question)
        return answer
    finally:
        await connection.close()
