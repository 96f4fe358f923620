"""What does a client say over graphql-transport-ws, and is it well said?

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from api.errors import RequestError
from api.http_request import GraphQLRequest, checked_request, parse_json

PROTOCOL = "graphql-transport-ws"


class CloseCode(IntEnum):
    """Why we close a websocket; the protocol's own numbers, and one of RFC 6455."""

    MESSAGE_TOO_BIG = 1009
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INITIALIZATION_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_INITIALIZATIONS = 4429
    TRY_AGAIN = 4503


class Violation(Exception):
    """What ends a connection; the reason goes to the client."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class ConnectionInit:
    """The client introduces itself."""

    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Ping:
    """The client wants a sign of life."""


@dataclass(frozen=True)
class Pong:
    """The client gives a sign of life."""


@dataclass(frozen=True)
class Subscribe:
    """The client starts an operation."""

    id: str
    request: GraphQLRequest


@dataclass(frozen=True)
class Complete:
    """The client ends an operation."""

    id: str


Message = ConnectionInit | Ping | Pong | Subscribe | Complete


def read_message(text: str) -> Message:
    """Return what a text message says.

    Raises:
        Violation: it says nothing that the protocol knows.
    """
    try:
        message = parse_json(text)
    except RequestError:
        raise Violation(CloseCode.BAD_MESSAGE, "A message must be JSON") from None
    if not isinstance(message, dict):
        raise Violation(CloseCode.BAD_MESSAGE, "A message must be a JSON object")
    match message.get("type"):
        case "connection_init":
            return ConnectionInit(_payload(message))
        case "ping":
            _payload(message)
            return Ping()
        case "pong":
            _payload(message)
            return Pong()
        case "subscribe":
            return Subscribe(_id(message), _request(message))
        case "complete":
            return Complete(_id(message))
    raise Violation(CloseCode.BAD_MESSAGE, "A message must have a type that the protocol knows")


def _payload(message: Mapping[str, Any]) -> Mapping[str, Any]:
    payload = message.get("payload")
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        raise Violation(CloseCode.BAD_MESSAGE, "A payload must be an object")
    return payload


def _id(message: Mapping[str, Any]) -> str:
    identifier = message.get("id")
    if not isinstance(identifier, str) or not identifier:
        raise Violation(CloseCode.BAD_MESSAGE, "The message needs an id that is a string and not empty")
    return identifier


def _request(message: Mapping[str, Any]) -> GraphQLRequest:
    try:
        return checked_request(message.get("payload"))
    except RequestError:
        raise Violation(CloseCode.BAD_MESSAGE, "The payload must be a GraphQL request") from None
