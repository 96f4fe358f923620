"""Circuit breaker for a provider or an issuer that fails."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar

Key = TypeVar("Key")

FIRST_SECONDS = 5.0
LAST_SECONDS = 300.0
# By Retry-After a provider may ask for more than we would wait by ourselves, but not for a whole night.
MOST_SECONDS = 3600.0


# Each account or session backs off by itself in the database; this keeps a worker from trying thousands of them in
# vain, while those of other providers wait.
@dataclass(frozen=True)
class CircuitBreaker(Generic[Key]):
    """The instants until which each provider's circuit is open, in seconds of a monotonic clock."""

    _until: dict[Key, float] = field(default_factory=dict)
    _length: dict[Key, float] = field(default_factory=dict)

    def is_open(self, provider: Key, *, now_seconds: float) -> bool:
        return now_seconds < self._until.get(provider, now_seconds)

    def all_open(self, *, now_seconds: float) -> list[Key]:
        return [provider for provider in self._until if self.is_open(provider, now_seconds=now_seconds)]

    def record_failure(self, provider: Key, *, now_seconds: float, retry_after: timedelta | None) -> None:
        """Open the circuit, each time twice as long as before, or for as long as the provider asks for."""
        length = min(self._length.get(provider, FIRST_SECONDS / 2) * 2, LAST_SECONDS)
        requested = 0.0 if retry_after is None else min(retry_after.total_seconds(), MOST_SECONDS)
        self._length[provider] = length
        self._until[provider] = now_seconds + max(length, requested)

    def record_success(self, provider: Key) -> None:
        """Close the circuit: the provider answers again."""
        self._length.pop(provider, None)
        self._until.pop(provider, None)
