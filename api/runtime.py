"""Runtime: the settings, clock and open connections of a process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from starlette.requests import HTTPConnection

from api.documents.reading import Documents
from api.limits.concurrency import ConcurrencyLimiter, Pacer
from api.limits.rate_limit import RateLimit
from api.limits.scoring_slots import ScoringSlots
from domain.notifications import NotificationListener
from domain.providers.oidc import Issuers
from domain.settings import Settings

# Returns the present instant, aware and in UTC; the composition root decides which clock it is.
Clock = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What a process holds for its requests, at ``app.state.runtime``."""

    settings: Settings
    clock: Clock
    issuers: Issuers
    notifications: NotificationListener
    rate_limit: RateLimit
    documents: Documents
    # Of each caller, in this process: websockets, and the operations over them.
    connections: ConcurrencyLimiter = field(default_factory=ConcurrencyLimiter)
    operations: ConcurrencyLimiter = field(default_factory=ConcurrencyLimiter)
    # Of all callers together, in this process.
    exports: ConcurrencyLimiter = field(default_factory=ConcurrencyLimiter)
    scoring_slots: ScoringSlots = field(default_factory=ScoringSlots)
    # The large answers that are built in this process.
    pacer: Pacer = field(default_factory=Pacer)

    @cached_property
    def cursor_keys(self) -> list[bytes]:
        # The same in every process with these settings: a page may be asked of another than the one before.
        return self.settings.master_key.keys_for("cursors")


def runtime_of(connection: HTTPConnection) -> Runtime:
    runtime = connection.app.state.runtime
    assert isinstance(runtime, Runtime)
    return runtime
