"""Faults: masked for clients, logged under their request id."""

from dataclasses import replace
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs

from api.app import build_app
from api.runtime import Runtime
from api.transport.execute import DocumentFailed, execute_document
from api.transport.fault_boundary import fault_as_json
from domain.faults import MAX_PLACES, describe_fault
from tests.api.caller import OWN_ORIGIN
from tests.api.conftest import application

SECRET = "person@contoso.example"


class Broken:
    """Settings that cannot be read, with something personal in the complaint."""

    public_url = OWN_ORIGIN
    return_origins: tuple[str, ...] = ()
    pool_size = 2
    max_cost = 10_000
    registered_documents_only = False

    @property
    def policy(self) -> Any:
        raise LookupError(SECRET)


async def test_a_fault_in_a_field_costs_the_field_and_tells_nothing(detached_runtime: Runtime) -> None:
    app = application(replace(detached_runtime, settings=Broken()))  # type: ignore[arg-type]
    async with AsyncClient(transport=ASGITransport(app=app), base_url=OWN_ORIGIN) as client:
        with capture_logs() as logs:
            response = await client.post(
                "/graphql", json={"query": "{ osei: policy { coolOffDays } viewer { __typename } }"}
            )

    answer = response.json()
    assert (response.status_code, answer["data"]) == (200, {"osei": None, "viewer": None})
    assert answer["errors"][0]["path"] == ["osei"]
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL_FAULT"
    assert SECRET not in response.text
    assert SECRET not in str(logs)
    assert logs[0]["request_id"] == answer["errors"][0]["extensions"]["requestId"] == response.headers["x-request-id"]
    assert (logs[0]["fault"], logs[0]["fields"]) == ("LookupError", ["policy"])
    assert "osei" not in str(logs)


async def test_a_fault_outside_the_fields_is_a_masked_500(detached_runtime: Runtime) -> None:
    def broken_clock() -> Any:
        raise LookupError(SECRET)

    app = application(replace(detached_runtime, clock=broken_clock))
    async with AsyncClient(transport=ASGITransport(app=app), base_url=OWN_ORIGIN) as client:
        with capture_logs() as logs:
            response = await client.post("/graphql", json={"query": "{ policy { coolOffDays } }"})

    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL_FAULT"
    assert SECRET not in response.text + str(logs)


async def test_a_fault_beside_graphql_is_masked_too(detached_runtime: Runtime) -> None:
    async def broken(request: Request) -> Response:
        raise LookupError(SECRET)

    def broken_page(request: Request, request_id: str) -> Response:
        raise LookupError(SECRET)

    for show in (fault_as_json, broken_page):
        app = build_app(detached_runtime.settings, routes=[Route("/broken/{id}", broken)], show_fault=show)
        async with AsyncClient(transport=ASGITransport(app=app), base_url=OWN_ORIGIN) as client:
            with capture_logs() as logs:
                response = await client.get(f"/broken/{SECRET}")

        assert response.status_code == 500
        assert response.headers["x-request-id"] in response.text
        assert SECRET not in response.text + str(logs)
        assert (logs[0]["route"], logs[0]["fault"]) == ("/broken/{id}", "LookupError")
        assert logs[0]["request_id"] == response.headers["x-request-id"]
        assert logs[0]["places"][-1].startswith("tests/api/test_faults.py:")


def test_a_fault_is_described_with_every_place_and_the_faults_that_led_to_it() -> None:
    def inner() -> None:
        raise ValueError(SECRET)

    def outer() -> None:
        try:
            inner()
        except ValueError:
            raise ExceptionGroup(SECRET, [FileNotFoundError(2, SECRET)]) from None

    with pytest.raises(ExceptionGroup) as raised:
        outer()
    described = describe_fault(raised.value)

    assert described["fault"] == "ExceptionGroup"
    assert [place.rpartition(" ")[2] for place in described["places"]][-1] == "outer"
    assert described["causes"] == [{"fault": "FileNotFoundError", "places": [], "errno": "ENOENT"}]


def test_endless_recursion_is_described_by_its_beginning_and_its_end() -> None:
    def endless() -> None:
        endless()

    with pytest.raises(RecursionError) as raised:
        endless()

    assert len(describe_fault(raised.value)["places"]) == MAX_PLACES + 1


async def test_a_mistake_of_a_client_is_logged_short_and_without_what_it_sent(wire: AsyncClient) -> None:
    with capture_logs() as logs:
        await wire.post("/graphql", json={"query": f'{{ node(id: "{SECRET}") {{ nothing }} }}'})

    assert [(line["log_level"], line["code"]) for line in logs] == [("info", "DOCUMENT_INVALID")]
    assert SECRET not in str(logs)


async def test_a_page_s_document_that_cannot_be_answered_fails(detached_runtime: Runtime) -> None:
    with pytest.raises(DocumentFailed):
        await execute_document("{ nothing }", {}, viewer=None, runtime=detached_runtime, request_id="1")

    assert await execute_document(
        "{ policy { coolOffDays } }", {}, viewer=None, runtime=detached_runtime, request_id="1"
    ) == {"policy": {"coolOffDays": 30}}
