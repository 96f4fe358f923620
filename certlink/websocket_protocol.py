"""When is a websocket's connection given up whose other end does not read any more?

Uvicorn closes a connection once what is still to be sent has been sent, and a client that never reads keeps it, and the
memory behind it, for ever: it would also keep the process from stopping.
"""

from typing_extensions import override
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

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
