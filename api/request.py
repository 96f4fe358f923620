"""What does an HTTP request ask for?"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from api.documents.cache import digest_of
from api.errors import ErrorCode, RequestError

MAX_BODY_BYTES = 256 * 1024
MAX_NESTING = 100
# Several times what the longest lists take: each field that a long list is given to reads it anew, refused or not.
MAX_VALUES = 2_000
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class GraphQLRequest:
    """One operation, as a client asks for it: with the document's text, or with nothing but its SHA-256."""

    query: str | None = None
    digest: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] | None = None


async def read_request(request: Request) -> GraphQLRequest:
    """Return what a POST's body or a GET's query string asks for.

    Raises:
        RequestError: it is too large, no JSON, or does not have the shape of a GraphQL request.
    """
    if request.method == "GET":
        return checked_request(_query_parameters(request))
    _check_media_type(request)
    return checked_request(parse_json(await _read_body(request)))


def checked_request(payload: object) -> GraphQLRequest:
    """Return a request of which every part has the right kind; null is as good as left out.

    Raises:
        RequestError: a part is missing or of another kind.
    """
    if isinstance(payload, list):
        raise RequestError(
            ErrorCode.BATCHING_NOT_SUPPORTED, "Send one operation in a request: batches are not supported."
        )
    if not isinstance(payload, dict):
        _refuse("The request must be a JSON object.")
    name = payload.get("operationName")
    variables, extensions = payload.get("variables"), payload.get("extensions")
    if name is not None and not isinstance(name, str):
        _refuse('"operationName" must be a string.')
    if variables is not None and not isinstance(variables, dict):
        _refuse('"variables" must be an object.')
    if extensions is not None and not isinstance(extensions, dict):
        _refuse('"extensions" must be an object.')
    query, digest = _asked_document(payload.get("query"), payload.get("documentId"), extensions or {})
    return GraphQLRequest(query=query, digest=digest, operation_name=name or None, variables=variables)


def _asked_document(query: object, identifier: object, extensions: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the text of the document that is meant, or else its digest."""
    persisted = extensions.get("persistedQuery")
    # The npm package graphql-ws cannot leave the text out.
    if query == "" and (identifier is not None or persisted is not None):
        query = None
    if query is not None and (not isinstance(query, str) or not query.strip()):
        _refuse('"query" must be a string and not empty.')
    if identifier is not None:
        if query is not None or persisted is not None:
            _refuse('Send "documentId" alone: neither "query" nor "persistedQuery" beside it.')
        return None, _digest_of_id(identifier)
    if persisted is not None:
        digest = _persisted_digest(persisted)
        if query is not None and digest_of(query) != digest:
            _refuse('The "sha256Hash" of "persistedQuery" is not that of the "query".')
        return query, digest
    if query is None:
        _refuse('The request must have a "query" or a "documentId".')
    return query, None


def _digest_of_id(identifier: object) -> str:
    prefix, _, digest = identifier.partition(":") if isinstance(identifier, str) else ("", "", "")
    if prefix != "sha256" or not _DIGEST.fullmatch(digest):
        _refuse('"documentId" must be "sha256:" and 64 hexadecimal digits in lower case.')
    return digest


def _persisted_digest(persisted: object) -> str:
    """Return the digest that Apollo's links send, and others that took it over from there."""
    version, digest = (
        (persisted.get("version"), persisted.get("sha256Hash")) if isinstance(persisted, dict) else (None, None)
    )
    if type(version) is not int or version != 1:
        _refuse('"persistedQuery" must be an object of "version" 1.')
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        _refuse('The "sha256Hash" of "persistedQuery" must be 64 hexadecimal digits in lower case.')
    return digest


def parse_json(body: bytes | str) -> object:
    """Return what a JSON text says.

    Raises:
        RequestError: it is no UTF-8, no JSON, ambiguous, nested too deeply, or holds text that no database can keep.
    """
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")
        found: object = json.loads(text, parse_constant=_no_number, object_pairs_hook=_unambiguous)
    except UnicodeDecodeError:
        _refuse("The request is not UTF-8.")
    except RecursionError:
        _refuse("The request is nested too deeply.")
    except ValueError:
        _refuse("The request is not JSON.")
    _check_values(found)
    return found


def _check_values(found: object) -> None:
    """Refuse nesting that recursion would not survive, lone surrogates and NUL, without recursion of our own."""
    level, values = [found], 0
    for _ in range(MAX_NESTING):
        values += len(level)
        if values > MAX_VALUES:
            _refuse(f"The request holds more than {MAX_VALUES:,} values.")
        deeper: list[object] = []
        for value in level:
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, dict):
                deeper.extend(value.keys())
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
        if not deeper:
            return
        level = deeper
    _refuse("The request is nested too deeply.")


def _check_text(value: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        _refuse("The request holds half a surrogate pair.")
    if "\x00" in value:
        _refuse("The request holds a NUL character.")


def _query_parameters(request: Request) -> dict[str, object]:
    parameters: dict[str, object] = {}
    for name in ("query", "documentId", "operationName", "variables", "extensions"):
        values = request.query_params.getlist(name)
        if len(values) > 1:
            _refuse(f'"{name}" is given more than once.')
        if values and values[0]:
            parameters[name] = parse_json(values[0]) if name in {"variables", "extensions"} else values[0]
    _check_values(parameters)
    return parameters


def _check_media_type(request: Request) -> None:
    media_type, *parameters = request.headers.get("content-type", "").lower().split(";")
    charset = [part.partition("=")[2].strip(' "') for part in parameters if part.strip().startswith("charset=")]
    encoding = request.headers.get("content-encoding", "identity").lower()
    if media_type.strip() != "application/json" or charset not in ([], ["utf-8"]) or encoding != "identity":
        raise RequestError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send application/json in UTF-8 and not compressed.")


async def _read_body(request: Request) -> bytes:
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
        _refuse("The request ended early.")
    return b"".join(parts)


def _unambiguous(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object; whoever reads a key that is given twice might read either value."""
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("The request holds a key twice in one object.")
    return found


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)


def _refuse(sentence: str) -> NoReturn:
    raise RequestError(ErrorCode.BAD_REQUEST, sentence)


def _refuse_size() -> NoReturn:
    # The rest of the body stays unread, so the connection cannot carry another request.
    raise RequestError(
        ErrorCode.BODY_TOO_LARGE,
        f"The request is larger than {MAX_BODY_BYTES // 1024} kB.",
        headers={"Connection": "close"},
    )
