"""Trusted documents, asked for by their SHA-256."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.requests import Request

from api.app import new_documents
from api.auth.callers import Caller
from api.documents.reading import DocumentsNotAccepted, digest_of
from api.documents.trusted import document_id, read_manifest
from api.errors import ErrorCode, RequestError
from api.graphql.context import Context
from api.runtime import Runtime
from api.transport.admission import admit
from api.transport.request import GraphQLRequest, read_request
from tests.api.caller import OWN_ORIGIN
from tests.api.conftest import application
from tests.api.serving import served, socket_to
from tests.clock import START

REGISTERED = "query Registered { policy { coolOffDays } }"
OTHER = "query Other { policy { coolOffDays } }"
DATA = {"policy": {"coolOffDays": 30}}
STRICT = {"Accept": "application/graphql-response+json"}


@pytest.fixture(scope="session")
def registered_runtime(detached_runtime: Runtime) -> Runtime:
    """A process with one registered document."""
    documents = new_documents()
    documents.register({"of the test": REGISTERED})
    return replace(detached_runtime, documents=documents)


@pytest.fixture(scope="session")
def strict_runtime(registered_runtime: Runtime) -> Runtime:
    """A process that holds browsers to its one registered document."""
    settings = registered_runtime.settings.model_copy(update={"registered_documents_only": True})
    return replace(registered_runtime, settings=settings)


@pytest.fixture
async def strict_wire(strict_runtime: Runtime) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app=application(strict_runtime)), base_url=OWN_ORIGIN) as client:
        yield client


def persisted(digest: object, *, version: object = 1) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": version, "sha256Hash": digest}}}


def codes(answer: Any) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


@pytest.mark.parametrize(
    "body", [{"documentId": document_id(REGISTERED)}, persisted(digest_of(REGISTERED))], ids=["by id", "as Apollo does"]
)
async def test_a_registered_document_is_executed_without_its_text(
    strict_wire: AsyncClient, body: dict[str, Any]
) -> None:
    response = await strict_wire.post("/graphql", json=body)

    assert response.json()["data"] == DATA


async def test_an_unknown_hash_is_told_in_the_words_that_apollo_s_link_looks_for(wire: AsyncClient) -> None:
    body = persisted("0" * 64)

    strict = await wire.post("/graphql", json=body, headers=STRICT)
    lenient = await wire.post("/graphql", json=body)

    assert (strict.status_code, lenient.status_code) == (404, 200)
    assert strict.json()["errors"] == [
        {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}
    ]
    assert codes(lenient.json()) == ["PERSISTED_QUERY_NOT_FOUND"]


async def test_a_text_that_was_sent_once_is_found_by_its_hash(wire: AsyncClient) -> None:
    text = "query Automatic { policy { coolOffDays } }"
    hashed = persisted(digest_of(text))

    answers = [(await wire.post("/graphql", json=body)).json() for body in (hashed, {"query": text, **hashed}, hashed)]

    assert codes(answers[0]) == ["PERSISTED_QUERY_NOT_FOUND"]
    assert [answer["data"] for answer in answers[1:]] == [DATA, DATA]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"query": OTHER, "documentId": document_id(OTHER)}, id="a text and an id"),
        pytest.param({"documentId": document_id(OTHER), **persisted(digest_of(OTHER))}, id="an id and a hash"),
        pytest.param({"query": OTHER, **persisted(digest_of(REGISTERED))}, id="a hash of another text"),
        pytest.param({"documentId": 1}, id="an id that is a number"),
        pytest.param({"documentId": []}, id="an id that is a list"),
        pytest.param({"documentId": ""}, id="an empty id"),
        pytest.param({"documentId": digest_of(OTHER)}, id="an id without a prefix"),
        pytest.param({"documentId": "md5:" + "0" * 32}, id="another prefix"),
        pytest.param({"documentId": "sha256:" + "A" * 64}, id="upper case"),
        pytest.param({"documentId": "sha256:" + "0" * 63}, id="too short"),
        pytest.param({"documentId": "sha256:" + "0" * 64 + "\n"}, id="a line end behind"),
        pytest.param(persisted("0" * 64, version=2), id="another version"),
        pytest.param(persisted("0" * 64, version=True), id="a version that is no number"),
        pytest.param(persisted(0), id="a hash that is a number"),
        pytest.param({"extensions": {"persistedQuery": "0" * 64}}, id="no object"),
        pytest.param({"extensions": {"persistedQuery": {}}}, id="an empty object"),
        pytest.param({"documentId": None, "extensions": {"persistedQuery": None}}, id="nulls"),
    ],
)
async def test_what_names_no_document_or_several_is_refused(wire: AsyncClient, body: dict[str, Any]) -> None:
    response = await wire.post("/graphql", json=body)

    assert (response.status_code, codes(response.json())) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize(
    "query_string",
    [
        f"documentId={document_id(REGISTERED)}&variables=%7B%7D",
        "extensions=" + json.dumps(persisted(digest_of(REGISTERED))["extensions"]).replace(" ", ""),
    ],
)
async def test_a_get_names_a_document_in_the_same_ways(query_string: str) -> None:
    scope = {"type": "http", "method": "GET", "headers": [], "query_string": query_string.encode()}

    asked = await read_request(Request(scope))

    assert (asked.query, asked.digest) == (None, digest_of(REGISTERED))


async def test_browsers_may_be_held_to_registered_documents(strict_wire: AsyncClient, wire: AsyncClient) -> None:
    await wire.post("/graphql", json={"query": OTHER})

    exact = await strict_wire.post("/graphql", json={"query": REGISTERED})
    other = await strict_wire.post("/graphql", json={"query": OTHER}, headers=STRICT)
    by_hash = await strict_wire.post("/graphql", json=persisted(digest_of(OTHER)))
    with_both = await strict_wire.post("/graphql", json={"query": OTHER, **persisted(digest_of(OTHER))})

    assert exact.json()["data"] == DATA
    assert (other.status_code, codes(other.json())) == (403, ["DOCUMENT_NOT_REGISTERED"])
    # What somebody else has sent is no more registered than what nobody has.
    assert codes(by_hash.json()) == ["PERSISTED_QUERY_NOT_FOUND"]
    assert codes(with_both.json()) == ["DOCUMENT_NOT_REGISTERED"]


async def test_who_has_an_authorization_header_may_send_any_document(strict_runtime: Runtime) -> None:
    asked = GraphQLRequest(query=OTHER)

    def context(*, trusted: bool) -> Context:
        return Context(runtime=strict_runtime, caller=Caller(viewer=None, is_trusted_to_explore=trusted), now=START)

    document, _ = await admit(asked, context(trusted=True))
    with pytest.raises(RequestError) as refused:
        await admit(asked, context(trusted=False))

    assert document.operations[0][0] == "Other"
    assert refused.value.code is ErrorCode.DOCUMENT_NOT_REGISTERED


async def test_a_websocket_takes_ids_and_holds_to_them_alike(strict_runtime: Runtime) -> None:
    async with served(application(strict_runtime)) as address, socket_to(address) as websocket:
        await websocket.introduce()
        await websocket.say({"type": "subscribe", "id": "1", "payload": {"documentId": document_id(REGISTERED)}})
        answer, complete = await websocket.hear(), await websocket.hear()
        await websocket.start(OTHER, identifier="2")
        refused = await websocket.hear()

    assert (answer["payload"]["data"], complete["type"]) == (DATA, "complete")
    assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "DOCUMENT_NOT_REGISTERED")


def test_both_formats_of_a_manifest_are_read() -> None:
    digest = digest_of(REGISTERED)
    operation = {"id": digest, "name": "Registered", "type": "query", "body": REGISTERED}
    apollo = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]}

    manifests = [read_manifest(json.dumps(manifest)) for manifest in ({digest: REGISTERED}, apollo)]

    assert manifests == [{digest: REGISTERED}, {f"Registered ({digest})": REGISTERED}]


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        pytest.param("{", "not JSON", id="no JSON"),
        pytest.param("[" * 100_000, "not JSON", id="nested deep"),
        pytest.param("[]", "must be a JSON object", id="a list"),
        pytest.param({"0" * 64: REGISTERED}, "entry " + "0" * 64 + " is not the SHA-256", id="a wrong hash"),
        pytest.param(
            {"0" * 32: REGISTERED}, "let it be SHA256", id="MD5, as of Relay's compiler unless told otherwise"
        ),
        pytest.param({digest_of(REGISTERED): 1}, "must have a hash and a text", id="no text"),
        pytest.param({"format": "other", "version": 1, "operations": []}, "must have the format", id="another format"),
        pytest.param(
            {
                "format": "apollo-persisted-query-manifest",
                "version": 1,
                "operations": [{"name": "A", "id": "x", "body": ""}],
            },
            "entry A (x) is not the SHA-256",
            id="an id of another kind",
        ),
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_refused_by_the_name_of_its_entry(manifest: object, words: str) -> None:
    content = manifest if isinstance(manifest, str) else json.dumps(manifest)

    with pytest.raises(DocumentsNotAccepted) as refused:
        read_manifest(content)

    assert words in str(refused.value)


def test_a_document_that_does_not_fit_the_schema_is_not_registered() -> None:
    with pytest.raises(DocumentsNotAccepted) as refused:
        new_documents().register({"fine": REGISTERED, "Broken (abc)": "{ neverThere }"})

    assert "the document Broken (abc) cannot be registered" in str(refused.value)
    assert "neverThere" in str(refused.value)
