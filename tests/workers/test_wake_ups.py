"""Wake-ups through arq."""

import asyncio
import json
import pickle
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from arq.constants import job_key_prefix
from redis.asyncio import Redis
from typing_extensions import override

from domain.jobs import ProcessCallback, PropagateCredits
from domain.models import CreditEvent
from domain.queue import BUCKET_SECONDS, MAX_DEFER_SECONDS, QUEUE, RedisQueue, open_queue
from domain.rules.enums import AttemptStatus
from domain.rules.sign_in import SignInNotKnown
from tests.sign_in.environment import World, attempt
from workers.main import arq_worker, close_arq_worker
from workers.tasks import WorkerContext


@pytest.fixture
async def queue(redis: Redis, world: World) -> AsyncIterator[RedisQueue]:
    """The queue of this process, in an empty Redis."""
    async with open_queue(world.settings.redis_url) as queue:
        yield queue


async def test_a_committed_callback_wakes_a_worker_that_processes_it(
    queue: RedisQueue, redis: Redis, world: World, workplace: WorkerContext
) -> None:
    attempt_id = await world.call_back(await world.member())
    queued = await _queued(redis)

    await _work_until_empty(workplace)

    assert [job.partition(":")[0] for job in queued] == ["process_callback"]
    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED
    assert await _queued(redis) == []
    assert await redis.keys("arq:*") == []


async def test_what_is_refused_or_rolled_back_wakes_nobody(queue: RedisQueue, redis: Redis, world: World) -> None:
    returned = await world.go_to_provider(await world.member())

    with pytest.raises(SignInNotKnown):
        await world.receive(returned, state="forged")

    assert await _queued(redis) == []


async def test_due_credits_wake_a_worker_that_propagates_them(
    queue: RedisQueue, redis: Redis, world: World, workplace: WorkerContext
) -> None:
    await world.link(await world.member())
    world.clock.advance(timedelta(days=10))
    await redis.flushall()

    await queue.wake(PropagateCredits())
    await _work_until_empty(workplace)

    assert await CreditEvent.filter(kind="COUNTED").count() == 6


async def test_twins_in_a_fifth_of_a_second_are_one_and_others_are_not(queue: RedisQueue, redis: Redis) -> None:
    soon = datetime.fromtimestamp(_next_bucket_start(), UTC) + timedelta(seconds=60)

    for seconds in (0.01, 0.1, 0.19, 0.21):
        await queue.wake(ProcessCallback(at=soon + timedelta(seconds=seconds)))
    await queue.wake(PropagateCredits(at=soon + timedelta(seconds=0.01)))

    names = [job.partition(":")[0] for job in await _queued(redis)]
    assert sorted(names) == ["process_callback"] * 2 + ["propagate_credits"]
    # None is due before the instant that it is for.
    scores = [score / 1000 for _, score in await redis.zrange(QUEUE, 0, -1, withscores=True)]
    assert min(scores) >= soon.timestamp()


async def test_a_wake_up_for_a_far_day_is_left_to_the_database(queue: RedisQueue, redis: Redis) -> None:
    now = datetime.now(UTC)

    await queue.wake(PropagateCredits(at=now + timedelta(seconds=MAX_DEFER_SECONDS + 60)))
    await queue.wake(PropagateCredits(at=now + timedelta(seconds=MAX_DEFER_SECONDS - 60)))
    await queue.wake(PropagateCredits(at=now - timedelta(days=365)))

    assert len(await _queued(redis)) == 2


async def test_a_job_with_arguments_of_a_newer_release_is_done(
    redis: Redis, world: World, workplace: WorkerContext
) -> None:
    attempt_id = await world.call_back(await world.member())
    await _enqueue(redis, _job(k={"shard": 7, "reason": "from a later release"}))

    await _work_until_empty(workplace)

    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED


async def test_a_pickled_job_is_not_executed(
    redis: Redis, world: World, workplace: WorkerContext, tmp_path: Path
) -> None:
    """Who can write to Redis must not be able to run code in a worker."""
    pwned = tmp_path / "pwned"
    await _enqueue(redis, pickle.dumps(_Explosive(pwned)))

    await _work_until_empty(workplace, failures=1)

    assert not pwned.exists()
    assert await _queued(redis) == []


async def test_jobs_that_are_nonsense_are_dropped_and_hinder_nobody(
    redis: Redis, world: World, workplace: WorkerContext
) -> None:
    attempt_id = await world.call_back(await world.member())
    nonsense = [b"", b"[]", b"null", b'"x"', b"{}", _job(f="rm"), _job(f=None), _job(a=[1, 2]), _job(k=[1])]
    for body in nonsense:
        await _enqueue(redis, body)
    await _enqueue(redis, _job())

    await _work_until_empty(workplace, failures=len(nonsense))

    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED
    assert await _queued(redis) == []


async def test_a_job_that_a_killed_worker_left_behind_holds_nobody_up(
    redis: Redis, world: World, workplace: WorkerContext
) -> None:
    """Its lock stays until it lapses, and it is not tried again: the callback is taken by the next wake-up."""
    attempt_id = await world.call_back(await world.member())
    await _enqueue(redis, _job(), name="left-behind")
    await redis.set("arq:in-progress:left-behind", b"1", px=60_000)
    await _enqueue(redis, _job())
    worker = arq_worker(workplace)
    running = asyncio.create_task(worker.async_run())

    async with asyncio.timeout(20):
        while not (await attempt(attempt_id)).status.is_final:
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await close_arq_worker(worker)

    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED


class _Explosive:
    def __init__(self, file: Path) -> None:
        self._file = file

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._file,)


def _job(**changes: Any) -> bytes:
    return json.dumps({"t": None, "f": "process_callback", "a": [], "k": {}, "et": 0} | changes).encode()


async def _enqueue(redis: Redis, body: bytes, *, name: str | None = None) -> None:
    name = name or f"by-hand-{await redis.incr('numbers')}"
    await redis.set(f"{job_key_prefix}{name}", body, px=60_000)
    await redis.zadd(QUEUE, {name: 1})


async def _queued(redis: Redis) -> list[str]:
    return [name.decode() for name in await redis.zrange(QUEUE, 0, -1)]


async def _work_until_empty(workplace: WorkerContext, *, failures: int = 0) -> None:
    worker = arq_worker(workplace)
    worker.burst = True
    await worker.async_run()
    await close_arq_worker(worker)
    assert worker.jobs_failed == failures


def _next_bucket_start() -> float:
    now = datetime.now(UTC).timestamp()
    return (now // BUCKET_SECONDS + 1) * BUCKET_SECONDS
