"""Wake workers through Redis."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool  # noqa: TID251
from redis.exceptions import RedisError

from domain.jobs import Job, use_queue

log = structlog.get_logger(__name__)

QUEUE = "certlink"
# Twins within a fifth of a second are one. arq drops a job also while its twin runs, which may have looked too early:
# with one name for all, 395 of 400 events stayed undone. So each fifth of a second has a name of its own.
BUCKET_SECONDS = 0.2
# A wake-up for a far day is left to the sweeper.
MAX_DEFER_SECONDS = 3600.0
TIMEOUT_SECONDS = 1.0


def redis_settings(redis_url: str) -> RedisSettings:
    # Whoever announces waits for it: the sweeper is there for a Redis that does not answer at once.
    settings = RedisSettings.from_dsn(redis_url)
    settings.conn_timeout = 1
    settings.conn_retries = 0
    return settings


# arq pickles by default: that would let whoever writes to Redis run code here.
def serialize(job: dict[str, Any]) -> bytes:
    return json.dumps(job, default=repr).encode()


def deserialize(job: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(job)
    return content


@asynccontextmanager
async def open_queue(redis_url: str) -> AsyncIterator["RedisQueue"]:
    """Announce this process's jobs in Redis for as long as the block runs."""
    queue = RedisQueue(redis_url)
    use_queue(queue)
    try:
        yield queue
    finally:
        await queue.close()


class RedisQueue:
    """A queue in Redis, connected on first use and again after every failure."""

    def __init__(self, redis_url: str) -> None:
        self._settings = redis_settings(redis_url)
        self._redis: ArqRedis | None = None
        self._connecting = asyncio.Lock()

    async def wake(self, job: Job) -> None:
        """Wake a worker for a job's kind within a fifth of a second, or at the job's instant within the hour."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                # One at a time: of two connections made at once, one would be forgotten and never closed.
                async with self._connecting:
                    if self._redis is None:
                        self._redis = await create_pool(
                            self._settings,
                            default_queue_name=QUEUE,
                            job_serializer=serialize,
                            job_deserializer=deserialize,
                        )
                    redis = self._redis
                # One clock for all who announce, whatever their own clocks say.
                seconds, microseconds = await redis.time()
                now_seconds = seconds + microseconds / 1_000_000
                due_seconds = job.at.timestamp() if job.at else now_seconds
                if due_seconds - now_seconds > MAX_DEFER_SECONDS:
                    return
                bucket = math.ceil(max(due_seconds, now_seconds) / BUCKET_SECONDS)
                await redis.enqueue_job(
                    job.name,
                    _job_id=f"{job.name}:{bucket}",
                    _defer_until=datetime.fromtimestamp(bucket * BUCKET_SECONDS, UTC),
                    _expires=MAX_DEFER_SECONDS * 2,
                )
        # Nothing is raised: a wake-up may get lost, since the sweeper finds what is due without it (decision 0021).
        except (RedisError, OSError, TimeoutError) as error:
            log.info("wake-up left to the sweeper", job=job.name, error=type(error).__name__)
            await self.close()

    async def close(self) -> None:
        redis, self._redis = self._redis, None
        if redis is not None:
            await asyncio.gather(redis.aclose(), return_exceptions=True)
