"""The log lines of refused requests."""

import json
import logging
from typing import Any

import pytest
from httpx2 import AsyncClient
from structlog.testing import capture_logs

from api.documents.reading import digest_of
from tests.api.test_trusted_documents import persisted

MARKER = "amara.osei"
TEXT = f"{{ policy {{ coolOffDays }} }} # {MARKER}"
NODE = "query ($id: ID!) { node(id: $id) { id } }"
CODES = {"code", "event", "log_level", "request_id"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(MARKER, id="no JSON"),
        pytest.param({"query": f"{{ {MARKER}"}, id="a syntax error"),
        pytest.param({"query": '{ node(id: "' + MARKER + '", x: 1) { id } }'}, id="an invalid document"),
        pytest.param({"query": TEXT + "\n{ a } " * 2_000}, id="a document beyond a limit"),
        pytest.param({"query": "{ node(id: [1]) { id } } # " + MARKER}, id="a wrong literal"),
        pytest.param({"query": TEXT, "operationName": MARKER}, id="an unknown operation"),
        pytest.param({"query": NODE, "variables": {"id": {MARKER: MARKER}}}, id="a wrong variable"),
        pytest.param({"query": TEXT, **persisted("0" * 64)}, id="another document's hash"),
        pytest.param({"documentId": MARKER}, id="a wrong id"),
        pytest.param(persisted(digest_of(MARKER)), id="an unknown hash"),
        pytest.param({"query": "{ __schema { description } } # " + MARKER}, id="introspection"),
        pytest.param(
            {"query": 'subscription { associationAttempt(id: "' + MARKER + '") { id } }'}, id="a subscription"
        ),
    ],
)
async def test_a_client_s_mistake_is_one_short_line_of_the_log(
    wire: AsyncClient, caplog: pytest.LogCaptureFixture, body: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    content = body if isinstance(body, str) else json.dumps(body)

    with capture_logs() as lines:
        response = await wire.post("/graphql", content=content, headers={"Content-Type": "application/json"})

    (line,) = [line for line in lines if line["event"].startswith("graphql")]
    assert set(line) == CODES
    assert (line["log_level"], line["code"]) == ("info", response.json()["errors"][0]["extensions"]["code"])
    logged = f"{lines}\n{caplog.text}"
    assert MARKER not in logged
    assert digest_of(MARKER) not in logged
