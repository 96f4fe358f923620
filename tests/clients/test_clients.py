"""Third-party GraphQL clients against the running service."""

import json
from typing import Any

import pytest

from domain.catalog import shipped_catalog
from local.demo.service import Service
from sandbox.personas import WORK_PERSONAS
from tests.clients.conftest import PEOPLE, Outcome
from tests.clients.node import FOLDER

NUMBER_OF_AUDITS = 61
CREDITS = "{ viewer { member { credits(first: 100) { nodes { id } totalCount } } } }"

every_client = pytest.mark.parametrize("client", PEOPLE)


async def test_all_61_audits_of_graphql_over_http_pass(outcome: Outcome) -> None:
    audits = (await outcome("audits"))["audits"]

    failed = {audit["name"]: audit["reason"] for audit in audits if audit["status"] != "ok"}

    assert failed == {}
    assert len({audit["id"] for audit in audits}) == NUMBER_OF_AUDITS


def test_the_clients_are_pinned_without_naming_a_registry() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    wanted = lock["packages"][""]["dependencies"]

    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted


@every_client
async def test_a_client_learns_by_a_query_who_asks(client: str, outcome: Outcome) -> None:
    person, _ = PEOPLE[client]

    seen = await outcome(client)

    assert seen["name"] == next(persona.name for persona in WORK_PERSONAS if persona.key == person)


@every_client
async def test_a_client_follows_the_association_that_it_started_to_its_end(client: str, outcome: Outcome) -> None:
    seen = await outcome(client)

    assert seen["statuses"][0] == "AWAITING_SIGN_IN"
    assert seen["statuses"][-1] == ("REFUSED" if client == "codegen" else "ASSOCIATED")


@every_client
async def test_a_client_is_told_the_code_of_a_refusal(client: str, outcome: Outcome) -> None:
    seen = await outcome(client)

    assert seen["refused"] == ("PROFILE_INCOMPLETE" if client == "codegen" else "ALREADY_ASSOCIATED")


@pytest.mark.parametrize("client", [client for client in PEOPLE if client != "relay"])
async def test_a_client_walks_every_page_of_a_list(client: str, outcome: Outcome) -> None:
    seen = await outcome(client)

    assert seen["pages"] > 2
    assert seen["walked"] == sorted(shipped_catalog().certifications)


async def test_relay_walks_every_page_by_the_query_that_its_compiler_made(outcome: Outcome, service: Service) -> None:
    person, _ = PEOPLE["relay"]

    seen = await outcome("relay")

    answer: dict[str, Any] = await service.graphql(await service.token(person), CREDITS)
    credits = answer["viewer"]["member"]["credits"]
    assert seen["pages"] > 2
    assert seen["walked"] == [credit["id"] for credit in credits["nodes"]]
    assert seen["totalCount"] == credits["totalCount"] == len(seen["walked"])


async def test_urql_reads_by_get_and_writes_by_post(outcome: Outcome) -> None:
    assert (await outcome("urql"))["methods"] == ["GET", "POST"]
