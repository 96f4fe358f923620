"""Circuit breaker for a provider that fails."""

from dataclasses import dataclass, field
from datetime import timedelta

from domain.rules.enums import LearningProvider

FIRST_SECONDS = 5.0
LAST_SECONDS = 300.0
# By Retry-After a provider may ask for more than we would wait by ourselves, but not for a whole night.
MOST_SECONDS = 3600.0


# Each account backs off by itself in the database; this keeps a worker from trying thousands of accounts in vain.
@dataclass(frozen=True)
class CircuitBreaker:
    """The instants until which each provider's circuit is open, in seconds of a monotonic clock."""

    _until: dict[LearningProvider, float] = field(default_factory=dict)
    _length: dict[LearningProvider, float] = field(default_factory=dict)

    def is_open(self, provider: LearningProvider, *, now_seconds: float) -> bool:
        return now_seconds < self._until.get(provider, now_seconds)

    def record_failure(self, provider: LearningProvider, *, now_seconds: float, retry_after: timedelta | None) -> None:
        """Open the circuit, each time twice as long as before, or for as long as the provider asks for."""
        length = min(self._length.get(provider, FIRST_SECONDS / 2) * 2, LAST_SECONDS)
        requested = 0.0 if retry_after is None else min(retry_after.total_seconds(), MOST_SECONDS)
        self._length[provider] = length
        self._until[provider] = now_seconds + max(length, requested)

    def record_success(self, provider: LearningProvider) -> None:
        """Close the circuit: the provider answers again."""
        self._length.pop(provider, None)
        self._until.pop(provider, None)
