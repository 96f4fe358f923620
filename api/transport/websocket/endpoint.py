"""Websocket endpoint of GraphQL, by the protocol graphql-transport-ws.

Whatever a client sends ends in an answer or in a close code of the protocol.
"""

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from api.errors import log, log_fault, request_id_of
from api.runtime import runtime_of
from api.transport.websocket.connection import Connection
from api.transport.websocket.messages import PROTOCOL, CloseCode, ProtocolError

CLOSE_SECONDS = 1.0


async def graphql_websocket(websocket: WebSocket) -> None:
    """Serve one websocket until either side closes it."""
    if PROTOCOL not in websocket.scope["subprotocols"]:
        await websocket.accept()
        await _close(websocket, ProtocolError(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable"))
        return
    await websocket.accept(PROTOCOL)
    try:
        await Connection(websocket, runtime_of(websocket)).serve()
    except ProtocolError as error:
        await _close(websocket, error)
    except WebSocketDisconnect:
        pass
    except Exception as fault:
        log_fault(fault, request_id=request_id_of(websocket))
        await _close(websocket, ProtocolError(CloseCode.INTERNAL_FAULT, "Internal server error"))


async def _close(websocket: WebSocket, error: ProtocolError) -> None:
    log.info("graphql_websocket_closed", code=int(error.code))
    # The client may not read any more, or have gone.
    with suppress(WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await websocket.close(error.code, error.reason)
