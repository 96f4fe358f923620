"""Notifications of what another process committed, by PostgreSQL's LISTEN and NOTIFY."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from itertools import chain
from typing import Any, Self

import asyncpg
import structlog

from domain.database.pool import connection_arguments

log = structlog.get_logger(__name__)

# An association attempt has changed; the payload is its id.
ATTEMPT_CHANNEL = "association_attempt"
# Credit events were recorded for an organization; the payload is its id.
CREDIT_EVENT_CHANNEL = "credit_event"
# Somebody's access may have changed, so their connections check it again; the payload is made by the functions below.
ACCESS_CHANNEL = "access"
CHANNELS = (ATTEMPT_CHANNEL, CREDIT_EVENT_CHANNEL, ACCESS_CHANNEL)
# Notifications are lost while the listening connection is away, so subscribers also poll.
POLL_INTERVAL_SECONDS = 5.0
RECONNECT_SECONDS = 1.0
LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def member_access(member_id: int) -> str:
    return f"member:{member_id}"


def api_client_access(api_client_id: int) -> str:
    return f"api-client:{api_client_id}"


# One for each process: a connection for each subscriber would use up PostgreSQL's connections.
class NotificationListener:
    """One listening connection, opened again whenever it is lost, for as long as the ``async with`` block runs."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._waiting: dict[tuple[str, str], set[asyncio.Event]] = defaultdict(set)
        self.listens = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def changes(
        self, channel: str, payload: str, *, within: Callable[[], float] | None = None
    ) -> AsyncGenerator[None, None]:
        """Yield at once, after each notification, and every five seconds (or ``within`` so many) in any case."""
        changed = asyncio.Event()
        key = (channel, payload)
        self._waiting[key].add(changed)
        try:
            while True:
                # Cleared before the subscriber looks: a change that comes while it looks is heard after it.
                changed.clear()
                yield
                try:
                    async with asyncio.timeout(POLL_INTERVAL_SECONDS if within is None else within()):
                        await changed.wait()
                except TimeoutError:
                    continue
        finally:
            self._waiting[key].discard(changed)
            if not self._waiting[key]:
                del self._waiting[key]

    async def _listen(self) -> None:
        while True:
            try:
                current = await asyncpg.connect(**connection_arguments(self._database_url))
                try:
                    lost = asyncio.Event()
                    current.add_termination_listener(lambda _, lost=lost: lost.set())
                    for channel in CHANNELS:
                        await current.add_listener(channel, self._notify)
                    # What was committed while nobody listened is found by looking once.
                    for changed in chain.from_iterable(self._waiting.values()):
                        changed.set()
                    self.listens = True
                    await lost.wait()
                finally:
                    self.listens = False
                    await current.close(timeout=1)
            except LOST as error:
                log.warning("live updates interrupted", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    def _notify(self, _connection: Any, _process: int, channel: str, payload: object) -> None:
        for changed in self._waiting.get((channel, str(payload)), ()):
            changed.set()
