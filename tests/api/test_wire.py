"""GraphQL over HTTP: methods, media types, bodies, statuses."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from api.errors import STATUSES, ErrorCode
from api.graphql.query import MAX_NODES
from api.transport.json_body import parse_json
from domain.errors import Refusal
from domain.operations.invitations import MAX_AT_ONCE

JSON = {"Content-Type": "application/json"}
STRICT = {**JSON, "Accept": "application/graphql-response+json"}
QUERY = '{"query": "{ policy { coolOffDays } }"}'


def codes(answer: Any) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


def refusal(response: Response) -> tuple[int, list[str]]:
    """Return the status and the codes of a refusal, which has GraphQL's shape and the headers of every answer."""
    assert set(response.json()) <= {"errors", "extensions"}
    assert response.headers["content-type"].endswith("json; charset=utf-8")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert {"Accept", "Authorization", "Cookie"} <= set(response.headers["vary"].split(", "))
    assert response.headers["x-request-id"]
    return response.status_code, codes(response.json())


def refusals_of(kind: type[Refusal]) -> list[type[Refusal]]:
    """Return the refusals that have a code, below a kind."""
    below = [each for child in kind.__subclasses__() for each in refusals_of(child)]
    return [kind, *below] if hasattr(kind, "code") else below


async def test_a_query_without_a_caller_is_answered(wire: AsyncClient) -> None:
    response = await wire.post("/graphql", content=QUERY, headers=JSON)

    assert (response.status_code, response.json()["data"]) == (200, {"policy": {"coolOffDays": 30}})
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert {"Accept", "Authorization", "Cookie"} <= set(response.headers["vary"].split(", "))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b"", 400, "BAD_REQUEST", id="nothing"),
        pytest.param(b'"x"', 400, "BAD_REQUEST", id="a string"),
        pytest.param(b"1", 400, "BAD_REQUEST", id="a number"),
        pytest.param(b"null", 400, "BAD_REQUEST", id="null"),
        pytest.param(b"{}", 400, "BAD_REQUEST", id="no query"),
        pytest.param(b'{"query": ""}', 400, "BAD_REQUEST", id="an empty query"),
        pytest.param(b'{"query": 1}', 400, "BAD_REQUEST", id="a query that is a number"),
        pytest.param(b'{"query": "{a}", "variables": []}', 400, "BAD_REQUEST", id="variables that are a list"),
        pytest.param(b'{"query": "{a}", "extensions": "x"}', 400, "BAD_REQUEST", id="extensions that are a string"),
        pytest.param(b'{"query": "{a}", "operationName": 0}', 400, "BAD_REQUEST", id="a name that is a number"),
        pytest.param(b'[{"query": "{a}"}]', 400, "BATCHING_NOT_SUPPORTED", id="a batch"),
        pytest.param(b"[" * 100_000, 400, "BAD_REQUEST", id="lists 100,000 deep"),
        pytest.param(b'{"a":' * 40_000, 400, "BAD_REQUEST", id="objects 40,000 deep"),
        pytest.param(
            b'{"query": "{a}", "variables": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}", 400, "BAD_REQUEST", id="500 deep"
        ),
        pytest.param(b'{"query": "{a}", "variables": {"a": NaN}}', 400, "BAD_REQUEST", id="NaN"),
        pytest.param(b'{"query": "{a}", "variables": {"a": -Infinity}}', 400, "BAD_REQUEST", id="infinity"),
        pytest.param(b'{"query": "{a}", "variables": {"a": ' + b"9" * 5_000 + b"}}", 400, "BAD_REQUEST", id="long"),
        pytest.param(b'{"query": "{a}", "variables": {"a": "\\ud800"}}', 400, "BAD_REQUEST", id="half a surrogate"),
        pytest.param(b'{"query": "{a}", "variables": {"a": "\\u0000"}}', 400, "BAD_REQUEST", id="NUL"),
        pytest.param(b'{"query": "\xff"}', 400, "BAD_REQUEST", id="not UTF-8"),
        pytest.param(b'{"query": "{a} \xed\xa0\x80"}', 400, "BAD_REQUEST", id="half a surrogate in UTF-8"),
        pytest.param(b'{"query": "{a} \\udc00"}', 400, "BAD_REQUEST", id="half a surrogate in the document"),
        pytest.param(b'\xef\xbb\xbf{"query": "{a}"}', 400, "BAD_REQUEST", id="a byte order mark"),
        pytest.param('{"query": "{a}"}'.encode("utf-16"), 400, "BAD_REQUEST", id="UTF-16"),
        pytest.param(b'{"query": "{a}", "query": "{b}"}', 400, "BAD_REQUEST", id="two queries"),
        pytest.param(b'{"query": "{a}"} {"query": "{a}"}', 400, "BAD_REQUEST", id="two bodies"),
        pytest.param(b'{"query": "{a}", "variables": {"a": [' + b"1," * 2_000 + b"1]}}", 400, "BAD_REQUEST", id="many"),
        pytest.param(b"x" * 300_000, 413, "BODY_TOO_LARGE", id="300 kB"),
    ],
)
async def test_a_body_that_is_no_request_is_refused(wire: AsyncClient, body: bytes, status: int, code: str) -> None:
    response = await wire.post("/graphql", content=body, headers=JSON)

    assert refusal(response) == (status, [code])


async def test_a_body_of_unknown_length_is_not_read_beyond_the_limit(wire: AsyncClient) -> None:
    sent = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1_000:
            sent += 1
            yield b" " * 10_000

    response = await wire.post("/graphql", content=parts(), headers=JSON)

    assert refusal(response) == (413, ["BODY_TOO_LARGE"])
    assert response.headers["connection"] == "close"
    assert sent < 30


async def test_variables_that_are_wrong_1_500_times_are_told_of_a_few(wire: AsyncClient) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    response = await wire.post("/graphql", json={"query": query, "variables": {"ids": [True] * 1_500}})

    assert set(codes(response.json())) == {"VARIABLES_INVALID"}
    assert len(response.json()["errors"]) == 6


@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param("{", "SYNTAX_ERROR", id="a syntax error"),
        pytest.param("{ nothing }", "DOCUMENT_INVALID", id="an unknown field"),
        pytest.param("query A { policy { __typename } } query B { policy { __typename } }", "OPERATION_NOT_FOUND"),
        pytest.param("fragment F on Query { policy { __typename } }", "DOCUMENT_INVALID", id="no operation"),
        pytest.param('subscription { associationAttempt(id: "x") { id } }', "SUBSCRIPTION_NEEDS_WEBSOCKET"),
        pytest.param("{ __schema { description } }", "INTROSPECTION_NEEDS_AUTHORIZATION", id="introspection"),
        pytest.param("query ($id: ID!) { node(id: $id) { id } }", "VARIABLES_INVALID", id="a missing variable"),
        pytest.param("{ " + "a { " * 5_000, "DOCUMENT_TOO_LARGE", id="5,000 deep"),
    ],
)
async def test_a_document_that_fails_is_told_in_the_way_of_the_media_type(
    wire: AsyncClient, query: str, code: str
) -> None:
    body = json.dumps({"query": query})

    strict = await wire.post("/graphql", content=body, headers=STRICT)
    lenient = await wire.post("/graphql", content=body, headers=JSON)

    assert (strict.status_code, codes(strict.json())) == (STATUSES[code], [code])
    assert strict.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert (lenient.status_code, codes(lenient.json())) == (200, [code])
    assert "data" not in strict.json()


async def test_an_operation_is_chosen_by_its_name(wire: AsyncClient) -> None:
    two = "query A { policy { coolOffDays } } query B { policy { creditDelayDays } }"

    chosen = await wire.post("/graphql", json={"query": two, "operationName": "B"})
    unknown = await wire.post("/graphql", json={"query": two, "operationName": "C"})

    assert chosen.json()["data"] == {"policy": {"creditDelayDays": 10}}
    assert codes(unknown.json()) == ["OPERATION_NOT_FOUND"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_are_told_which_to_use(wire: AsyncClient, method: str) -> None:
    response = await wire.request(method, "/graphql")

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert codes(response.json()) == ["METHOD_NOT_ALLOWED"]


async def test_a_get_needs_an_authorization_header(wire: AsyncClient) -> None:
    response = await wire.get("/graphql", params={"query": "{ policy { coolOffDays } }"})

    assert refusal(response) == (401, ["NOT_AUTHENTICATED"])
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/jsonp",
        "application/graphql",
        "application/json; charset=utf-16",
        "multipart/form-data",
    ],
)
async def test_a_post_must_be_json_in_utf_8(wire: AsyncClient, media_type: str) -> None:
    response = await wire.post("/graphql", content=QUERY, headers={"Content-Type": media_type})

    assert refusal(response) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


async def test_a_compressed_body_is_not_unpacked(wire: AsyncClient) -> None:
    response = await wire.post("/graphql", content=b"\x1f\x8b", headers={**JSON, "Content-Encoding": "gzip"})

    assert response.status_code == 415


async def test_a_media_type_that_we_do_not_speak_is_refused(wire: AsyncClient) -> None:
    response = await wire.post("/graphql", content=QUERY, headers={**JSON, "Accept": "text/event-stream"})

    assert refusal(response) == (406, ["NOT_ACCEPTABLE"])


@pytest.mark.parametrize(
    "authorization", ["", "Basic eDp4", "Bearer", "Bearer x", "Bearer a.b.c", "Bearer " + "x" * 20_000]
)
async def test_an_authorization_header_that_proves_nothing_is_refused(wire: AsyncClient, authorization: str) -> None:
    response = await wire.post("/graphql", content=QUERY, headers={**JSON, "Authorization": authorization})

    assert refusal(response) == (401, ["NOT_AUTHENTICATED"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8000"},
        {"Origin": "https://fabrikam.example"},
        {"Origin": "null"},
    ],
)
async def test_a_cookie_does_not_count_for_what_other_sites_cause(wire: AsyncClient, headers: dict[str, str]) -> None:
    response = await wire.post("/graphql", content=QUERY, headers={**JSON, "Cookie": "certlink_session=x", **headers})

    assert refusal(response) == (403, ["CROSS_SITE_REQUEST"])


async def test_only_known_front_ends_may_read_answers_from_their_own_origin(wire: AsyncClient) -> None:
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }

    known = await wire.options("/graphql", headers={**preflight, "Origin": "https://front.contoso.example"})
    unknown = await wire.options("/graphql", headers={**preflight, "Origin": "https://fabrikam.example"})

    assert known.headers["access-control-allow-origin"] == "https://front.contoso.example"
    assert "access-control-allow-credentials" not in known.headers
    assert "access-control-allow-origin" not in unknown.headers


def test_every_code_has_a_status() -> None:
    assert set(STATUSES) >= set(ErrorCode)
    assert set(STATUSES) <= {*ErrorCode, *(refusal.code for refusal in refusals_of(Refusal))}


def test_a_request_has_room_for_several_of_the_longest_lists() -> None:
    invited = [{"workEmail": f"somebody.{number}@contoso.example", "role": "MEMBER"} for number in range(MAX_AT_ONCE)]
    variables = {"invited": invited, "ids": ["bWVtOjE"] * MAX_NODES}

    parse_json(json.dumps({"query": "{a}", "variables": {"first": variables, "second": variables}}))
