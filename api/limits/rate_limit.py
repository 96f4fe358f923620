"""How much may a caller, and all callers of an organization, ask for in a minute?

Points are counted in Redis, in plain commands, so that every process knows of the same budget.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from typing_extensions import override

from api.auth.callers import Caller
from api.limits.redis_counters import RedisCounters, Usage, seconds_until, window_of
from domain.secrets import SecretKey
from domain.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What is left of a minute's points, as of a request."""

    limit: int
    remaining: int
    reset_at: datetime


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """The caller's own budget, and that of its organization, if it has one."""

    own: Budget
    organization: Budget | None


class OverLimit(Exception):
    """There is no room for this request; it has used nothing up."""

    def __init__(self, budgets: Budgets, retry_after_seconds: int) -> None:
        super().__init__(retry_after_seconds)
        self.budgets = budgets
        self.retry_after_seconds = retry_after_seconds


class RateLimit(Protocol):
    """Takes points from callers' budgets."""

    async def take(self, points: int, caller: Caller, *, now: datetime, before: int = 0) -> Budgets | None:
        """Take points at an instant (aware) and return what is left, or nothing where that is not known.

        Who is refused is told to come back when there is room for the points and for ``before`` more.

        Raises:
            OverLimit: there are not as many left, of the caller's or of its organization's.
        """


class NoRateLimit(RateLimit):
    """Takes nothing from anybody: for a process without Redis, as in tests."""

    @override
    async def take(self, points: int, caller: Caller, *, now: datetime, before: int = 0) -> Budgets | None:
        """Let the request pass."""
        return None


@dataclass(frozen=True)
class _Counter:
    name: str
    limit: int


class RedisRateLimit(RateLimit):
    """Counts in Redis, connected on first use and again after every failure."""

    def __init__(self, settings: Settings) -> None:
        self._limit = settings.rate_limit
        self._organization_limit = settings.organization_rate_limit
        self._secret_key = SecretKey(settings.secret_key.get_secret_value())
        self._counters = RedisCounters(settings.redis_url)

    async def close(self) -> None:
        """Close the connection, if there is one."""
        await self._counters.close()

    @override
    async def take(self, points: int, caller: Caller, *, now: datetime, before: int = 0) -> Budgets | None:
        """Take points at an instant (aware) and return what is left, or nothing where Redis does not answer.

        No request asks for more than a budget has, so each finds room once nobody else asks.

        Raises:
            OverLimit: there are not as many left, of the caller's or of its organization's.
        """
        counters = self._counters_of(caller)
        smallest = min(counter.limit for counter in counters)
        points, wanted = min(points, smallest), min(points + before, smallest)
        usages = await self._count(counters, points, now)
        if usages is None:
            return None
        pairs = list(zip(counters, usages, strict=True))
        if all(usage.allows(counter.limit) for counter, usage in pairs):
            return _budgets(pairs)
        # What is refused is given back: whoever asks too often loses no more than the answers.
        await self._count(counters, -points, now)
        pairs = [(counter, usage.without(points)) for counter, usage in pairs]
        seconds = seconds_until(
            lambda later: all(usage.at(later, more=wanted).allows(counter.limit) for counter, usage in pairs), now
        )
        raise OverLimit(_budgets(pairs), seconds)

    def _counters_of(self, caller: Caller) -> list[_Counter]:
        viewer = caller.viewer
        if viewer is None:
            return [_Counter(self._hidden(caller.name), self._limit)]
        shared = _Counter(f"organization:{viewer.organization_id}", self._organization_limit)
        return [_Counter(caller.name, self._limit), shared]

    def _hidden(self, name: str) -> str:
        """Return a name for who is known by their address, from which nobody finds it without the secret."""
        return f"address:{self._secret_key.fingerprint(name).hex()[:32]}"

    async def _count(self, counters: Sequence[_Counter], points: int, now: datetime) -> list[Usage] | None:
        """Add points to the counters of an instant and return how they are then."""
        names = [counter.name for counter in counters]
        found = await self._counters.add(names, points, window=window_of(now))
        if found is None:
            return None
        return [Usage(now=now, previous=previous, current=current) for previous, current in found]


def _budgets(pairs: Sequence[tuple[_Counter, Usage]]) -> Budgets:
    own, *shared = [
        Budget(limit=counter.limit, remaining=usage.remaining(counter.limit), reset_at=usage.reset_at())
        for counter, usage in pairs
    ]
    return Budgets(own=own, organization=shared[0] if shared else None)
