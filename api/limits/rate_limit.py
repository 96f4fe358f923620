"""Rate limit of callers and organizations, in points a minute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.limits.redis_counters import RedisCounters
from domain.settings import Settings

# The windows are our own, for promises that a library does not make (decision 0018).
WINDOW_SECONDS = 60
_WINDOW = timedelta(seconds=WINDOW_SECONDS)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LENGTH = _WINDOW // _MICROSECOND


@dataclass(frozen=True)
class BudgetNames:
    """Name a caller's own budget and that of its organization; whoever has none is known by an address."""

    own: str
    organization: str | None = None


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


class RateLimit:
    """Takes points from callers' budgets, which every process counts in the same Redis."""

    def __init__(self, settings: Settings) -> None:
        self.max_cost = settings.max_cost
        self._limit = settings.rate_limit
        self._organization_limit = settings.organization_rate_limit
        self._secret_key = settings.master_key
        self._counters = RedisCounters(settings.redis_url)

    async def close(self) -> None:
        await self._counters.close()

    async def take(self, points: int, names: BudgetNames, *, now: datetime, before: int = 0) -> Budgets | None:
        """Take points at an instant (aware) and return what is left, or nothing where Redis does not answer.

        More points than a budget has count as all of it, so that every request is admitted once nobody else uses any. A
        refused caller may come back when there is room for the points and for ``before`` more.

        Raises:
            OverLimit: there are not as many left, of the caller's or of its organization's.
        """
        if names.organization is None:
            # An address is personal: without the secret nobody finds it by its counter's name.
            limits = {f"address:{self._secret_key.fingerprint(names.own).hex()[:32]}": self._limit}
        else:
            limits = {names.own: self._limit, names.organization: self._organization_limit}
        smallest = min(limits.values())
        points, needed = min(points, smallest), min(points + before, smallest)
        usages = await self._count(limits, points, now)
        if usages is None:
            return None
        pairs = list(zip(limits.values(), usages, strict=True))
        if all(usage.allows(limit) for limit, usage in pairs):
            return _budgets(pairs)
        # What is refused is given back: whoever asks too often loses no more than the answers.
        await self._count(limits, -points, now)
        pairs = [(limit, usage.without(points)) for limit, usage in pairs]
        seconds = seconds_until(
            lambda later: all(usage.at(later, more=needed).allows(limit) for limit, usage in pairs), now
        )
        raise OverLimit(_budgets(pairs), seconds)

    async def _count(self, limits: dict[str, int], points: int, now: datetime) -> "list[Usage] | None":
        counts = await self._counters.add(list(limits), points, window=_window_of(now))
        if counts is None:
            return None
        return [Usage(now=now, previous=previous, current=current) for previous, current in counts]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What was used in the window of an instant (aware) and in the one before, in points."""

    now: datetime
    previous: int
    current: int

    def allows(self, limit: int) -> bool:
        return self._scaled() <= limit * _LENGTH

    def remaining(self, limit: int) -> int:
        return max(0, (limit * _LENGTH - self._scaled()) // _LENGTH)

    def reset_at(self) -> datetime:
        """Return the first instant (aware, UTC) at which all of this counts no more."""
        begins_at = _EPOCH + _window_of(self.now) * _WINDOW
        return begins_at + 2 * _WINDOW if self.current else begins_at + _WINDOW if self.previous else self.now

    def without(self, points: int) -> "Usage":
        return Usage(now=self.now, previous=self.previous, current=self.current - points)

    def at(self, later: datetime, *, more: int = 0) -> "Usage":
        """Return the usage at a later instant (aware), if only ``more`` is used, then."""
        passed = _window_of(later) - _window_of(self.now)
        counts = (self.previous, self.current, 0, 0)[passed : passed + 2] if passed <= 2 else (0, 0)
        return Usage(now=later, previous=counts[0], current=counts[1] + more)

    def _scaled(self) -> int:
        # In whole microseconds: what remains must be exactly what may be used.
        elapsed = (self.now - _EPOCH) % _WINDOW // _MICROSECOND
        return self.previous * (_LENGTH - elapsed) + self.current * _LENGTH


def seconds_until(is_so: Callable[[datetime], bool], now: datetime) -> int:
    """Return after how many whole seconds, at least one, something is so that is so in two windows for certain."""
    for seconds in range(1, 2 * WINDOW_SECONDS):
        if is_so(now + timedelta(seconds=seconds)):
            return seconds
    return 2 * WINDOW_SECONDS


def _window_of(instant: datetime) -> int:
    return (instant - _EPOCH) // _WINDOW


def _budgets(pairs: Sequence[tuple[int, Usage]]) -> Budgets:
    own, *shared = [
        Budget(limit=limit, remaining=usage.remaining(limit), reset_at=usage.reset_at()) for limit, usage in pairs
    ]
    return Budgets(own=own, organization=shared[0] if shared else None)
