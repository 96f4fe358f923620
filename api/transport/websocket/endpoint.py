"""How is GraphQL served over a websocket at /graphql?

The protocol is graphql-transport-ws and no other. Whatever a client sends ends in an answer or in a close code of the
protocol, and an operation that fails ends alone.
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
    except ProtocolError as violation:
        await _close(websocket, violation)
    except WebSocketDisconnect:
        pass
    except Exception as fault:
        log_fault(fault, request_id=request_id_of(websocket))
        await _close(websocket, ProtocolError(CloseCode.INTERNAL_FAULT, "Internal server error"))


async def _close(websocket: WebSocket, violation: ProtocolError) -> None:
    """Say why it ends, to a client that may not listen or be there any more."""
    log.info("graphql_websocket_closed", code=int(violation.code))
    with suppress(WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await websocket.close(violation.code, violation.reason)
