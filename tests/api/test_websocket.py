"""The graphql-transport-ws protocol."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx2 import AsyncClient

from api.runtime import Runtime
from tests.api.conftest import application
from tests.api.serving import Socket, served, socket_to

QUERY = "{ policy { coolOffDays } }"
ANSWER = {
    "data": {"policy": {"coolOffDays": 30}},
    "extensions": {"cost": {"requested": 1, "limit": 10_000}, "rateLimit": None},
}


@pytest.fixture(scope="session")
async def address(detached_runtime: Runtime) -> AsyncIterator[str]:
    async with served(application(detached_runtime)) as address:
        yield address


@pytest.fixture
async def websocket(address: str) -> AsyncIterator[Socket]:
    async with socket_to(address) as websocket:
        yield websocket


async def test_a_query_is_answered_and_completed(websocket: Socket) -> None:
    await websocket.introduce()
    await websocket.start(QUERY)

    assert await websocket.hear() == {"id": "1", "type": "next", "payload": ANSWER}
    assert await websocket.hear() == {"id": "1", "type": "complete"}


async def test_an_id_may_be_used_again_once_its_operation_is_over(websocket: Socket) -> None:
    await websocket.introduce()
    for _ in range(2):
        await websocket.start(QUERY)

        assert [(await websocket.hear())["type"] for _ in range(2)] == ["next", "complete"]


@pytest.mark.parametrize("protocol", [None, "graphql-ws", "chat"])
async def test_no_other_protocol_is_spoken(address: str, protocol: str | None) -> None:
    async with socket_to(address, protocol=protocol) as websocket:
        assert await websocket.close_code() == 4406


async def test_who_does_not_introduce_themselves_is_sent_away(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.transport.websocket.connection.INITIALIZATION_SECONDS", 0.05)

    async with socket_to(address) as websocket:
        assert await websocket.close_code() == 4408


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("", id="nothing"),
        pytest.param("x", id="no JSON"),
        pytest.param("null", id="null"),
        pytest.param("1", id="a number"),
        pytest.param('"x"', id="a string"),
        pytest.param([], id="a list"),
        pytest.param({}, id="no type"),
        pytest.param({"type": "start"}, id="the old protocol's type"),
        pytest.param({"type": ["ping"]}, id="a type that is a list"),
        pytest.param({"type": "ping", "payload": "x"}, id="a payload that is a string"),
        pytest.param({"type": "subscribe"}, id="no id"),
        pytest.param({"type": "subscribe", "id": ""}, id="an empty id"),
        pytest.param({"type": "subscribe", "id": 1, "payload": {"query": QUERY}}, id="an id that is a number"),
        pytest.param({"type": "subscribe", "id": "1" * 257, "payload": {"query": QUERY}}, id="an id that is long"),
        pytest.param({"type": "subscribe", "id": "\ud83d", "payload": {"query": QUERY}}, id="an id that is cut"),
        pytest.param({"type": "subscribe", "id": "\x00", "payload": {"query": QUERY}}, id="an id of NUL"),
        pytest.param('{"type": "subscribe", "id": "1", "id": "2", "payload": {"query": "{a}"}}', id="two ids"),
        pytest.param('{"type": "subscribe", "id": "1", "type": "ping"}', id="two types"),
        pytest.param('{"type": "subscribe", "id": "\\ud83d", "payload": {"query": NaN}}', id="a cut id, and NaN"),
        pytest.param('{"type": "subscribe", "id": ["1"], "payload": {"query": NaN}}', id="a list as id, and NaN"),
        pytest.param('{"type": "subscribe", "id": "%s", "payload": NaN}' % ("1" * 257), id="a long id, and NaN"),
        pytest.param('{"payload": {"type": "subscribe", "id": "1", "a": NaN}}', id="an id that is somewhere else"),
        pytest.param('{"type": "subscribe", "id": "1", "payload": {"query": "{a}"}', id="no end"),
        pytest.param('{"type": "subscribe", "id": "1", "payload": ' + "[" * 100_000, id="depth without an end"),
        pytest.param('{"type": "subscribe", "id": "1", "payload": "' + r"\"" * 100_000, id="a string without an end"),
        pytest.param({"type": "ping", "payload": {"a": "\ud83d"}}, id="a ping with half a letter"),
        pytest.param({"type": "complete"}, id="complete without an id"),
        pytest.param({"type": "complete", "id": 1}, id="complete with a number"),
        pytest.param({"type": "pong", "payload": 1}, id="a pong's payload that is a number"),
        pytest.param({"type": "connection_ack"}, id="what only a server says"),
        pytest.param("[" * 100_000, id="100,000 deep"),
        pytest.param(b"\x00", id="bytes"),
    ],
)
async def test_a_message_that_says_nothing_closes_the_connection(websocket: Socket, message: Any) -> None:
    await websocket.introduce()
    await websocket.say(message)

    assert await websocket.close_code() == 4400


VALUE = '{"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": %s}}'


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(VALUE % r'"\ud83d"', id="half a surrogate pair"),
        pytest.param(VALUE % r'"\u0000"', id="NUL"),
        pytest.param(VALUE % ("[" + "1," * 2_000 + "1]"), id="2,001 values"),
        pytest.param(VALUE % ("[" * 150 + "]" * 150), id="150 deep"),
        pytest.param(VALUE % ("[" * 100_000 + "]" * 100_000), id="100,000 deep"),
        pytest.param(VALUE % "NaN", id="NaN"),
        pytest.param(VALUE % "-Infinity", id="infinity"),
        pytest.param(VALUE % '{"a": 1, "a": 2}', id="a key twice"),
        pytest.param(VALUE % r'{"\ud83d": 1}', id="a key that is cut"),
        pytest.param(VALUE % ("1" * 5_000), id="a number without an end"),
        pytest.param(VALUE % "nonsense", id="no JSON"),
        pytest.param(r'{"query": "{ a }", "operationName": "\u0000"}', id="a name of NUL"),
        pytest.param(r'{"query": "{ \ud83d }"}', id="a document that is cut"),
        pytest.param('{"documentId": "sha256:x"}', id="a documentId that does not fit"),
        pytest.param('{"documentId": 1}', id="a documentId that is a number"),
        pytest.param('{"query": "{ a }", "documentId": "sha256:%s"}' % ("0" * 64), id="a document and an id"),
        pytest.param('{"query": "{ a }", "variables": []}', id="variables that are a list"),
        pytest.param('{"query": 1}', id="a query that is a number"),
        pytest.param('[{"query": "{ a }"}]', id="a batch"),
        pytest.param("{}", id="nothing to run"),
        pytest.param("null", id="no payload"),
    ],
)
async def test_what_an_operation_was_sent_with_ends_it_alone_and_is_told_as_over_http(
    websocket: Socket, wire: AsyncClient, payload: str
) -> None:
    over_http = await wire.post("/graphql", content=payload, headers={"Content-Type": "application/json"})
    await websocket.introduce()

    await websocket.say('{"id": "bad \U0001f389", "type": "subscribe", "payload": ' + payload + "}")
    failed = await websocket.hear()
    await websocket.start(QUERY, identifier="good")

    assert (failed["id"], failed["type"]) == ("bad \U0001f389", "error")
    assert over_http.status_code == 400
    assert failed["payload"] == over_http.json()["errors"]
    assert (await websocket.hear())["payload"] == ANSWER


async def test_as_many_values_are_taken_as_over_http(websocket: Socket, wire: AsyncClient) -> None:
    # The document, its variables, their names, the list and what is in it: 2,000 in all.
    payload = VALUE % ("[" + "1," * 1_992 + "1]")
    over_http = await wire.post("/graphql", content=payload, headers={"Content-Type": "application/json"})
    await websocket.introduce()

    await websocket.say('{"id": "1", "type": "subscribe", "payload": ' + payload + "}")
    failed = await websocket.hear()

    assert failed["payload"][0]["extensions"]["code"] == "VARIABLES_INVALID"
    assert over_http.json()["errors"][0]["extensions"]["code"] == "VARIABLES_INVALID"


@pytest.mark.parametrize("more", ['"payload": {"a": NaN}', r'"payload": "\ud83d"', '"payload": 1, "payload": 2'])
async def test_an_operation_can_be_ended_whatever_else_the_message_holds(websocket: Socket, more: str) -> None:
    await websocket.introduce()
    await websocket.say('{"type": "complete", "id": "1", ' + more + "}")
    await websocket.start(QUERY)

    assert (await websocket.hear())["payload"] == ANSWER


async def test_an_introduction_of_another_shape_closes_the_connection(websocket: Socket) -> None:
    await websocket.say({"type": "connection_init", "payload": "x"})

    assert await websocket.close_code() == 4400


async def test_text_that_is_not_utf_8_closes_the_connection(websocket: Socket) -> None:
    await websocket.introduce()
    await websocket.connection.send(b"\xff", text=True)

    assert await websocket.close_code() == 1007


@pytest.mark.parametrize("letter", ["x", "\N{PARTY POPPER}"])
async def test_a_message_that_is_too_big_closes_the_connection(websocket: Socket, letter: str) -> None:
    await websocket.introduce()
    await websocket.say(letter * (300_000 // len(letter.encode())))

    assert await websocket.close_code() == 1009


async def test_nothing_is_started_before_the_introduction(websocket: Socket) -> None:
    await websocket.start(QUERY)

    assert await websocket.close_code() == 4401


async def test_a_second_introduction_is_one_too_many(websocket: Socket) -> None:
    await websocket.introduce()
    await websocket.say({"type": "connection_init"})

    assert await websocket.close_code() == 4429


@pytest.mark.parametrize("authorization", ["Bearer x", "Basic x", "", 1, {"a": "b"}])
async def test_credentials_that_prove_nothing_are_forbidden(websocket: Socket, authorization: Any) -> None:
    await websocket.say({"type": "connection_init", "payload": {"authorization": authorization}})

    assert await websocket.close_code() == 4403


async def test_credentials_may_come_in_the_header_or_under_its_usual_name(address: str) -> None:
    async with socket_to(address, Authorization="Bearer x") as by_header, socket_to(address) as by_name:
        await by_header.say({"type": "connection_init"})
        await by_name.say({"type": "connection_init", "payload": {"Authorization": "Bearer x"}})

        assert [await by_header.close_code(), await by_name.close_code()] == [4403, 4403]


async def test_a_ping_is_answered_and_a_pong_is_not(websocket: Socket) -> None:
    await websocket.say({"type": "complete", "id": "1"})
    await websocket.say({"type": "ping"})
    assert await websocket.hear() == {"type": "pong"}

    await websocket.introduce()
    await websocket.say({"type": "pong", "payload": {}})
    await websocket.say({"type": "ping", "payload": {"at": 1}})
    assert await websocket.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "SYNTAX_ERROR"),
        ("{ nothing }", "DOCUMENT_INVALID"),
        ("{ __schema { description } }", "INTROSPECTION_NEEDS_AUTHORIZATION"),
        ("query ($id: ID!) { node(id: $id) { id } }", "VARIABLES_INVALID"),
        ("subscription ($id: ID!) { associationAttempt(id: $id) { id } }", "VARIABLES_INVALID"),
        ('subscription { associationAttempt(id: "x") { id } }', "FORBIDDEN"),
    ],
)
async def test_an_operation_that_fails_ends_alone(websocket: Socket, query: str, code: str) -> None:
    await websocket.introduce()
    await websocket.start(query, identifier="bad")
    failed = await websocket.hear()
    await websocket.start(QUERY, identifier="good")

    assert (failed["id"], failed["type"]) == ("bad", "error")
    assert [error["extensions"]["code"] for error in failed["payload"]] == [code]
    assert (await websocket.hear())["payload"] == ANSWER


async def test_a_document_that_nobody_registered_ends_the_operation_alone(websocket: Socket) -> None:
    await websocket.introduce()
    payload = {"documentId": f"sha256:{'0' * 64}"}
    await websocket.say({"type": "subscribe", "id": "1", "payload": payload})
    failed = await websocket.hear()
    await websocket.start(QUERY)

    assert failed["type"] == "error"
    assert (await websocket.hear())["payload"]["data"] == ANSWER["data"]


async def test_ending_what_does_not_run_is_no_mistake(websocket: Socket) -> None:
    await websocket.introduce()
    await websocket.say({"type": "complete", "id": "1"})
    await websocket.start(QUERY)

    assert (await websocket.hear())["payload"] == ANSWER
