"""Read untrusted requests: bodies, forms, query strings."""

import json
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from sandbox.refusals import Refusal

BODY_LIMIT = 64 * 1024
FIELD_LIMIT = 50


async def read_form(request: Request) -> dict[str, str]:
    """Read an urlencoded body.

    Raises:
        Refusal: another content type, too large, malformed, or a parameter given twice.
    """
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise Refusal(400, "invalid_request", "The body must be application/x-www-form-urlencoded.")
    return parse_parameters(await _read_body(request))


async def read_json_object(request: Request) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        Refusal: too large, not JSON, or not an object.
    """
    body = await _read_body(request)
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refusal(400, "invalid_request", "The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise Refusal(400, "invalid_request", "The body must be a JSON object.")
    return value


def read_query(request: Request) -> dict[str, str]:
    """Read the query string.

    Raises:
        Refusal: malformed, or a parameter given twice.
    """
    return parse_parameters(request.scope["query_string"])


def parse_parameters(raw: bytes) -> dict[str, str]:
    """Parse urlencoded parameters; those without a value count as absent (RFC 6749, 3.1).

    Raises:
        Refusal: malformed, or a parameter given twice.
    """
    try:
        pairs = parse_qsl(raw.decode("ascii"), errors="strict", max_num_fields=FIELD_LIMIT)
    except ValueError:
        raise Refusal(400, "invalid_request", "The parameters cannot be read.") from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise Refusal(400, "invalid_request", "A parameter is given more than once.")
    return parameters


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_LIMIT:
                raise Refusal(413, "invalid_request", f"The body is larger than {BODY_LIMIT} bytes.")
    except ClientDisconnect:
        raise Refusal(400, "invalid_request", "The body ended early.") from None
    return bytes(body)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
