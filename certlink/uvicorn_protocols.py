"""Uvicorn's protocols with time limits for slow and silent clients."""

from asyncio import TimerHandle, Transport
from typing import cast

from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# Uvicorn waits for ever for the rest of a request: a client that sends one byte a minute over many connections would
# leave none for others. Counted from the connection's start or the previous response: enough for the largest request
# over a slow line.
ARRIVAL_SECONDS = 30.0
# In which the client can read the last messages.
LINGER_SECONDS = 3.0


class HttpProtocol(H11Protocol):
    """Close a connection whose request has not arrived in time."""

    _timer: TimerHandle | None = None

    @override
    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._start_timer()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_timer()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(ARRIVAL_SECONDS, self._close_unless_arrived)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _close_unless_arrived(self) -> None:
        is_websocket = self.transport.get_protocol() is not self
        # There is none before the first request, whatever its type says.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        is_being_answered = cycle is not None and not cycle.response_complete and not cycle.more_body
        if not is_websocket and not is_being_answered:
            self.transport.close()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Close without waiting for the client, whether it was served, the process stops, or it answers no pings."""

    @override
    async def run_asgi(self) -> None:
        try:
            await super().run_asgi()
        finally:
            self._close_soon()

    @override
    def shutdown(self) -> None:
        super().shutdown()
        self._close_soon()

    @override
    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._close_soon()

    def _close_soon(self) -> None:
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)
