"""Read the body or query string of an HTTP request."""

from typing import NoReturn

from starlette.requests import ClientDisconnect, Request

from api.errors import ErrorCode, RequestError
from api.transport.http.accept import JSON
from api.transport.json_body import check_values, parse_json, refuse
from api.transport.request import MAX_BODY_BYTES, GraphQLRequest, checked_request


async def read_request(request: Request) -> GraphQLRequest:
    """Return the GraphQL request of a POST's body or a GET's query string.

    Raises:
        RequestError: it is too large, no JSON, or no GraphQL request.
    """
    if request.method == "GET":
        return checked_request(_query_parameters(request))
    media_type, *parameters = request.headers.get("content-type", "").lower().split(";")
    charset = [part.partition("=")[2].strip(' "') for part in parameters if part.strip().startswith("charset=")]
    encoding = request.headers.get("content-encoding", "identity").lower()
    if media_type.strip() != JSON or charset not in ([], ["utf-8"]) or encoding != "identity":
        raise RequestError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send application/json in UTF-8 and not compressed.")
    return checked_request(parse_json(await read_body(request)))


def _query_parameters(request: Request) -> dict[str, object]:
    parameters: dict[str, object] = {}
    for name in ("query", "documentId", "operationName", "variables", "extensions"):
        values = request.query_params.getlist(name)
        if len(values) > 1:
            refuse(f'"{name}" is given more than once.')
        if values and values[0]:
            parameters[name] = parse_json(values[0]) if name in {"variables", "extensions"} else values[0]
    check_values(parameters)
    return parameters


async def read_body(request: Request) -> bytes:
    """Return the body of a request.

    Raises:
        RequestError: it is too large, or ended early.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        _refuse_size()
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MAX_BODY_BYTES:
                _refuse_size()
            parts.append(part)
    except ClientDisconnect:
        refuse("The request ended early.")
    return b"".join(parts)


def _refuse_size() -> NoReturn:
    # The rest of the body stays unread, so the connection cannot carry another request.
    raise RequestError(
        ErrorCode.BODY_TOO_LARGE,
        f"The request is larger than {MAX_BODY_BYTES // 1024} kB.",
        headers={"Connection": "close"},
    )
