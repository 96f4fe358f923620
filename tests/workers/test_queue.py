"""Announcing a job while Redis is away."""

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from domain.jobs import ProcessCallback, PropagateCredits
from domain.queue import QUEUE, TIMEOUT_SECONDS, RedisQueue, open_queue
from domain.rules.enums import AttemptStatus
from local.engines import Engines
from tests.sign_in.environment import World, attempt
from tests.workers.hanging_redis import HangingRedis

# Far more than it may take, far less than for ever.
TIMEOUT_SECONDS = TIMEOUT_SECONDS * 5
AWAY = [
    "unix:///nowhere/redis.sock",
    "redis://localhost:1",
    "rediss://localhost:1",
]


@pytest.mark.parametrize("redis_url", AWAY)
async def test_without_redis_a_wake_up_is_left_to_the_sweeper(redis_url: str) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS), open_queue(redis_url) as queue:
        with capture_logs() as logs:
            await queue.wake(ProcessCallback())

    assert [entry["event"] for entry in logs] == ["wake-up left to the sweeper"]


@pytest.mark.parametrize("answering", [False, True])
async def test_a_redis_that_hangs_keeps_nobody_for_long(
    redis: Redis, engines: Engines, tmp_path: Path, answering: bool
) -> None:
    """From the beginning, or in the middle, as a stopped process does."""
    hanging = HangingRedis(engines.redis_url, tmp_path / "redis.sock", answering=answering)

    async with hanging.listening(), open_queue(hanging.url) as queue, asyncio.timeout(TIMEOUT_SECONDS):
        await queue.wake(ProcessCallback())
        hanging.hang()
        await asyncio.gather(*(queue.wake(job) for job in [ProcessCallback(), PropagateCredits()] * 10))

    assert await redis.zcard(QUEUE) == int(answering)


async def test_a_redis_that_talks_nonsense_raises_nothing(tmp_path: Path) -> None:
    for words in (
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"-NOAUTH Authentication required.\r\n",
        b"\xff\x00",
        b"*1\r\n$",
    ):
        hanging = HangingRedis("unix:///nowhere", tmp_path / "redis.sock", answering=False, words=words)

        async with hanging.listening(), open_queue(hanging.url) as queue, asyncio.timeout(TIMEOUT_SECONDS):
            await queue.wake(ProcessCallback())


async def test_many_wake_ups_at_once_share_one_connection(redis: Redis, world: World) -> None:
    before = len(await redis.client_list())

    async with open_queue(world.settings.redis_url) as queue:
        await asyncio.gather(*(queue.wake(ProcessCallback()) for _ in range(20)))
        assert isinstance(queue, RedisQueue)
        queued = await redis.zcard(QUEUE)

    assert 1 <= queued <= 2
    await _until_clients(redis, before)


async def test_a_callback_is_received_without_redis(world: World) -> None:
    """An operation that is committed has succeeded, whoever could be told."""
    async with open_queue("unix:///nowhere/redis.sock"):
        attempt_id = await world.call_back(await world.member())

    assert (await attempt(attempt_id)).status is AttemptStatus.RECEIVED


async def _until_clients(redis: Redis, number: int) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while len(await redis.client_list()) > number:
            await asyncio.sleep(0.01)
