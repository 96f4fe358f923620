"""Messages of the protocol graphql-transport-ws.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from api.errors import RequestError
from api.transport.json_body import check_values, load_json, top_level
from api.transport.request import GraphQLRequest, checked_request
from domain.rules.text import is_storable

PROTOCOL = "graphql-transport-ws"
MAX_ID_LENGTH = 256
# A frame that closes has room for 125 bytes, of which the code takes two.
MAX_REASON_BYTES = 123


class CloseCode(IntEnum):
    """Why we close a websocket: the protocol's own codes, and some of RFC 6455.

    Clients such as graphql-ws connect again by themselves after 1013, 4403, 4408 and 4503, and after no other of these.
    """

    POLICY_VIOLATED = 1008
    MESSAGE_TOO_BIG = 1009
    TRY_AGAIN_LATER = 1013
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INITIALIZATION_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_INITIALIZATIONS = 4429
    INTERNAL_FAULT = 4500
    TRY_AGAIN = 4503


class ProtocolError(Exception):
    """An error that ends a connection; the client sees its reason."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")


@dataclass(frozen=True)
class ConnectionInit:
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Ping:
    pass


@dataclass(frozen=True)
class Pong:
    pass


@dataclass(frozen=True)
class Subscribe:
    """The client starts an operation; one that cannot be understood is refused under its id."""

    id: str
    request: GraphQLRequest | RequestError


@dataclass(frozen=True)
class Complete:
    id: str


Message = ConnectionInit | Ping | Pong | Subscribe | Complete


def read_message(text: str) -> Message:
    """Return the message that a text holds.

    Raises:
        ProtocolError: the protocol has no such message.
    """
    error: RequestError | None = None
    try:
        message = load_json(text)
    except RequestError as refused:
        # The text cannot be read as a whole, but its operation may be known.
        message, error = top_level(text), refused
    if not isinstance(message, dict):
        raise ProtocolError(CloseCode.BAD_MESSAGE, "A message must be a JSON object")
    if message.get("type") == "complete":
        return Complete(_id(message))
    identifier = _id(message) if message.get("type") == "subscribe" else None
    payload = message.get("payload")
    try:
        if error is not None:
            raise error
        if identifier is not None:
            check_values(payload)
            return Subscribe(identifier, checked_request(payload))
        check_values(message)
    except RequestError as refused:
        if identifier is not None:
            return Subscribe(identifier, refused)
        raise ProtocolError(CloseCode.BAD_MESSAGE, "A message must be JSON") from None
    kind = message.get("type")
    # A tuple, since a client's type may be a list, which no set can look up.
    if kind not in ("connection_init", "ping", "pong"):
        raise ProtocolError(CloseCode.BAD_MESSAGE, "A message must have a type that the protocol knows")
    if payload is not None and not isinstance(payload, dict):
        raise ProtocolError(CloseCode.BAD_MESSAGE, "A payload must be an object")
    if kind == "connection_init":
        return ConnectionInit(payload or {})
    return Ping() if kind == "ping" else Pong()


def _id(message: Mapping[str, Any]) -> str:
    identifier = message.get("id")
    if not isinstance(identifier, str) or not 1 <= len(identifier) <= MAX_ID_LENGTH:
        raise ProtocolError(
            CloseCode.BAD_MESSAGE, f"The message needs an id, a string of 1 to {MAX_ID_LENGTH} characters"
        )
    if not is_storable(identifier):
        raise ProtocolError(CloseCode.BAD_MESSAGE, "The message's id holds half a surrogate pair or NUL")
    return identifier
