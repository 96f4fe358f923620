"""Read GraphQL requests, of either transport."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from api.documents.reading import digest_of
from api.errors import ErrorCode, RequestError
from api.transport.http.accept import JSON
from api.transport.json_body import check_values, parse_json, refuse

MAX_BODY_BYTES = 256 * 1024
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class GraphQLRequest:
    """One operation of a client, with the document's text or its SHA-256 alone."""

    query: str | None = None
    digest: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] | None = None


async def read_request(request: Request) -> GraphQLRequest:
    """Return the GraphQL request of a POST's body or a GET's query string.

    Raises:
        RequestError: it is too large, no JSON, or no GraphQL request.
    """
    if request.method == "POST":
        media_type, *parameters = request.headers.get("content-type", "").lower().split(";")
        charset = [part.partition("=")[2].strip(' "') for part in parameters if part.strip().startswith("charset=")]
        encoding = request.headers.get("content-encoding", "identity").lower()
        if media_type.strip() != JSON or charset not in ([], ["utf-8"]) or encoding != "identity":
            raise RequestError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send application/json in UTF-8 and not compressed.")
        return checked_request(parse_json(await read_body(request)))
    payload: dict[str, object] = {}
    for name in ("query", "documentId", "operationName", "variables", "extensions"):
        values = request.query_params.getlist(name)
        if len(values) > 1:
            refuse(f'"{name}" is given more than once.')
        if values and values[0]:
            payload[name] = parse_json(values[0]) if name in {"variables", "extensions"} else values[0]
    check_values(payload)
    return checked_request(payload)


def checked_request(payload: object) -> GraphQLRequest:
    """Return a request whose parts are checked; null counts as left out.

    Raises:
        RequestError: a part is missing or of another type.
    """
    if isinstance(payload, list):
        raise RequestError(
            ErrorCode.BATCHING_NOT_SUPPORTED, "Send one operation in a request: batches are not supported."
        )
    if not isinstance(payload, dict):
        refuse("The request must be a JSON object.")
    name = payload.get("operationName")
    variables, extensions = payload.get("variables"), payload.get("extensions")
    if name is not None and not isinstance(name, str):
        refuse('"operationName" must be a string.')
    if variables is not None and not isinstance(variables, dict):
        refuse('"variables" must be an object.')
    if extensions is not None and not isinstance(extensions, dict):
        refuse('"extensions" must be an object.')
    query, digest = _text_and_digest(payload.get("query"), payload.get("documentId"), extensions or {})
    return GraphQLRequest(query=query, digest=digest, operation_name=name or None, variables=variables)


def _text_and_digest(query: object, identifier: object, extensions: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the document's text, its digest, or both."""
    persisted = extensions.get("persistedQuery")
    # The npm package graphql-ws cannot leave the text out.
    if query == "" and (identifier is not None or persisted is not None):
        query = None
    if query is not None and (not isinstance(query, str) or not query.strip()):
        refuse('"query" must be a string and not empty.')
    if identifier is not None:
        if query is not None or persisted is not None:
            refuse('Send "documentId" alone: neither "query" nor "persistedQuery" beside it.')
        prefix, _, digest = identifier.partition(":") if isinstance(identifier, str) else ("", "", "")
        if prefix != "sha256" or not _DIGEST.fullmatch(digest):
            refuse('"documentId" must be "sha256:" and 64 hexadecimal digits in lower case.')
        return None, digest
    if persisted is not None:
        digest = _persisted_digest(persisted)
        if query is not None and digest_of(query) != digest:
            refuse('The "sha256Hash" of "persistedQuery" is not that of the "query".')
        return query, digest
    if query is None:
        refuse('The request must have a "query" or a "documentId".')
    return query, None


def _persisted_digest(persisted: object) -> str:
    """Return the digest of Apollo's automatic persisted queries."""
    version, digest = (
        (persisted.get("version"), persisted.get("sha256Hash")) if isinstance(persisted, dict) else (None, None)
    )
    if type(version) is not int or version != 1:
        refuse('"persistedQuery" must be an object of "version" 1.')
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        refuse('The "sha256Hash" of "persistedQuery" must be 64 hexadecimal digits in lower case.')
    return digest


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
