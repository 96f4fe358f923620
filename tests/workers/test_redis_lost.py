"""What is lost when Redis is? Nothing, and no more than seconds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from domain.jobs import ProcessCallback, announce
from domain.models import Association, CreditEvent
from domain.queue import QUEUE, open_queue
from domain.rules.enums import AttemptStatus
from local.engines import Engines
from tests.sign_in.environment import World, attempt, trace
from tests.workers.sweeping import sweep
from workers.main import listen_forever
from workers.sweeper import sweep_forever
from workers.tasks import WorkerContext

# The words: Redis stopped for ten seconds during the story.
AWAY_SECONDS = 10
TIMEOUT_SECONDS = 40


async def test_emptying_redis_between_callback_and_worker_loses_nothing(
    redis: Redis, world: World, workplace: WorkerContext
) -> None:
    async with open_queue(world.settings.redis_url):
        attempt_id = await world.call_back(await world.member())
        assert await redis.zcard(QUEUE) == 1

        await redis.flushall()
        await sweep(workplace)

    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED


async def test_emptying_redis_under_a_listening_worker_leaves_it_listening(
    redis: Redis, world: World, workplace: WorkerContext
) -> None:
    async with open_queue(world.settings.redis_url), _running(listen_forever(workplace)):
        first = await world.call_back(await world.member("amara"))
        await _until(lambda: _is_linked(first))
        await redis.flushall()
        second = await world.call_back(await world.member("priya"), persona="priya-learn")
        await _until(lambda: _is_linked(second))

    assert await Association.all().count() == 2


async def test_redis_stopped_for_ten_seconds_during_the_story_delays_and_loses_nothing(
    engines: Engines, redis: Redis, world: World, workplace: WorkerContext
) -> None:
    """The worker sweeps meanwhile, and takes wake-ups again afterwards."""
    amara = await world.member("amara")
    world.settings.sweep_seconds = 0.5

    async with open_queue(world.settings.redis_url), _running(listen_forever(workplace)):
        returned = await world.go_to_provider(amara)
        go_on = world.line.hold("/token")
        attempt_id = (await world.receive(returned)).attempt_id
        await world.line.reached["/token"].wait()
        # Redis goes while the code is out for exchange, the most delicate moment of all.
        with capture_logs() as logs:
            await engines.supervisor.stop("redis")
            await _until(lambda: _has_logged(logs, "redis away, the sweeper goes on"))
        try:
            await _story_without_redis(world, workplace, attempt_id, go_on)
        finally:
            await engines.supervisor.restart("redis")

        # Nobody sweeps any more: from here on only wake-ups can bring it about.
        before = await trace()
        third = await world.call_back(await world.member("tomasz"), persona="tomasz-learn")
        await _until(lambda: _is_woken_and_linked(third))

    assert await Association.all().count() == 3
    assert (await trace())["association"] == before["association"] + 1
    # The token endpoint also renews what is read again at night: only an association asks for the profile.
    assert world.line.count("/userinfo") == 3


async def _story_without_redis(world: World, workplace: WorkerContext, attempt_id: int, go_on: asyncio.Event) -> None:
    away = asyncio.create_task(asyncio.sleep(AWAY_SECONDS))
    async with _running(sweep_forever(workplace)):
        go_on.set()
        await _until(lambda: _is_linked(attempt_id))
        world.clock.advance(timedelta(days=10))
        await _until(_has_events)
        second = await world.call_back(await world.member("priya"), persona="priya-learn")
        await _until(lambda: _is_linked(second))
        await away


async def _is_linked(attempt_id: int) -> bool:
    return (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED


async def _is_woken_and_linked(attempt_id: int) -> bool:
    # A wake-up while the worker is still on its way back is one that got lost: somebody announces again.
    await announce(ProcessCallback())
    return await _is_linked(attempt_id)


async def _has_logged(logs: Sequence[Mapping[str, object]], event: str) -> bool:
    return any(entry["event"] == event for entry in logs)


async def _has_events() -> bool:
    return await CreditEvent.filter(kind="COUNTED").count() == 6


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while not await holds():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _running(work: "Awaitable[None]") -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
