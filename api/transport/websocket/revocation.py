"""Revoke access over a connection when its caller's proof ends."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

from api.auth.callers import Caller
from api.graphql.context import Context
from api.runtime import Runtime
from domain import notifications
from domain.errors import TryAgain
from domain.rules.visibility import ApiClientViewer

SHORTEST_WAIT_SECONDS = 0.01


class AccessEnded(Exception):
    """The caller may not use the connection any more: their proof expired or was revoked."""


class Access:
    """A caller who is revalidated while the connection lasts."""

    def __init__(self, caller: Caller, runtime: Runtime) -> None:
        self._caller = caller
        self._runtime = runtime
        # While a revalidation is under way, all else waits: nothing is sent once access has ended.
        self._is_known = asyncio.Event()
        self._is_known.set()
        self._one_at_a_time = asyncio.Lock()
        self._has_ended = False

    async def context(self) -> Context:
        """Return a new context with the present instant and rights, or raise as ``check`` does."""
        await self.check()
        return Context(runtime=self._runtime, caller=self._caller, now=self._runtime.clock())

    async def check(self) -> None:
        """Wait until it is known that the caller has access.

        Raises:
            AccessEnded: they have none any more.
        """
        # A waiter is woken a moment later, and the next revalidation may have begun by then.
        while not self._is_known.is_set():
            await self._is_known.wait()
        if self._has_ended or self._has_expired():
            raise AccessEnded

    async def revalidate(self) -> None:
        """Read the caller's present rights: they may have been removed, or have another role (R8).

        Raises:
            AccessEnded: they have no access any more.
            TryAgain: the database is away.
        """
        await self._revalidate()
        await self.check()

    async def watch(self) -> None:
        """Revalidate after each notification, when the proof expires, and every five seconds in any case.

        Raises:
            AccessEnded: the caller has no access any more.
        """
        viewer = self._caller.viewer
        if viewer is None:
            return
        payload = (
            notifications.api_client_access(viewer.api_client_id)
            if isinstance(viewer, ApiClientViewer)
            else notifications.member_access(viewer.member_id)
        )
        listened = self._runtime.notifications.changes(
            notifications.ACCESS_CHANNEL, payload, within=self._seconds_to_wait
        )
        async with aclosing(listened) as changes:
            async for _ in changes:
                self._is_known.clear()
                try:
                    await self._revalidate()
                except TryAgain:
                    # Whoever waits goes on waiting until a revalidation succeeds.
                    continue
                self._is_known.set()
                await self.check()

    async def _revalidate(self) -> None:
        if self._caller.revalidate is None:
            return
        # One after the other, so that an older one never has the last word.
        async with self._one_at_a_time:
            viewer = None if self._has_expired() else await self._caller.revalidate(self._runtime.clock())
            if viewer is None:
                self._has_ended = True
            else:
                self._caller = replace(self._caller, viewer=viewer)

    def _seconds_to_wait(self) -> float:
        usual = notifications.POLL_INTERVAL_SECONDS if self._is_known.is_set() else notifications.RECONNECT_SECONDS
        if self._caller.expires_at is None:
            return usual
        # Never longer than usual: the sandbox's clock can be moved past the expiry meanwhile.
        left = (self._caller.expires_at - self._runtime.clock()).total_seconds()
        return max(SHORTEST_WAIT_SECONDS, min(left, usual))

    def _has_expired(self) -> bool:
        expires_at = self._caller.expires_at
        return expires_at is not None and expires_at <= self._runtime.clock()
