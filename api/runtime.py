"""What does a request need of the process that serves it?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import HTTPConnection

from domain.live import LiveUpdates
from domain.providers.oidc import Issuers
from domain.settings import Settings

# Returns the present instant, aware and in UTC; the composition root decides which clock it is.
Clock = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """One process's settings, clock and open connections, found at ``app.state.runtime``."""

    settings: Settings
    clock: Clock
    issuers: Issuers
    live: LiveUpdates


def runtime_of(connection: HTTPConnection) -> Runtime:
    """Return the runtime of the application that a request or websocket came to."""
    runtime = connection.app.state.runtime
    assert isinstance(runtime, Runtime)
    return runtime
