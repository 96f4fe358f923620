"""When is a connection given up that never sends a whole request?

Uvicorn waits for ever for the rest of a request, and whoever sends one byte a minute over many connections leaves none
for anybody else.
"""

from asyncio import TimerHandle, Transport
from typing import cast

from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# From the connection's beginning, or the answer before, on: much for the largest request over a slow line.
ARRIVAL_SECONDS = 30.0


class HttpProtocol(H11Protocol):
    """Uvicorn's, which closes a connection whose request is not there in time."""

    _timer: TimerHandle | None = None

    @override
    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    @override
    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._wait()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        self._stop_waiting()

    def _wait(self) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(ARRIVAL_SECONDS, self._close_unless_arrived)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _close_unless_arrived(self) -> None:
        is_websocket = self.transport.get_protocol() is not self
        # There is none before the first request, whatever its type says.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        is_being_answered = cycle is not None and not cycle.response_complete and not cycle.more_body
        if not is_websocket and not is_being_answered:
            self.transport.close()


LINGER_SECONDS = 3.0


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Uvicorn's, which gives the other end a moment to read the last messages and goes."""

    @override
    async def run_asgi(self) -> None:
        """Serve the connection; what is not read a moment later is thrown away."""
        try:
            await super().run_asgi()
        finally:
            self._leave_soon()

    @override
    def shutdown(self) -> None:
        """Close the connection as the process is told to stop."""
        super().shutdown()
        self._leave_soon()

    @override
    def keepalive_timeout(self) -> None:
        """Close the connection as the other end does not answer pings."""
        super().keepalive_timeout()
        self._leave_soon()

    def _leave_soon(self) -> None:
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)
