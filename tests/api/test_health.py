"""A process says whether it lives and whether it can serve."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette

from api.app import create_app
from api.documents.trusted import document_id
from api.health import HEALTH_ROUTES
from domain.database.pool import open_database, pool
from domain.settings import Settings
from local.engines import Engines
from tests.api.caller import OWN_ORIGIN, Caller
from tests.clock import FrozenClock
from tests.databases import Databases


async def test_a_process_lives_without_a_database(wire: AsyncClient) -> None:
    response = await wire.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "alive"})


async def test_a_process_with_a_migrated_database_is_ready(client: AsyncClient) -> None:
    response = await client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ready", "missing": []})


async def test_a_process_says_which_migrations_are_missing(empty_database_url: str) -> None:
    async with open_database(empty_database_url, pool_size=2):
        app = Starlette(routes=list(HEALTH_ROUTES))
        async with AsyncClient(transport=ASGITransport(app=app), base_url=OWN_ORIGIN) as client:
            response = await client.get("/readyz")

    assert response.status_code == 503
    assert any("0001_initial" in missing for missing in response.json()["missing"])


@pytest.fixture
async def lost_database(engines: Engines) -> AsyncIterator[Databases]:
    """Run statements beside a database and a role that are both named ``lost``."""
    outside = Databases(engines, "template1")
    for statement in ("CREATE ROLE lost LOGIN", "CREATE DATABASE lost OWNER lost"):
        await outside.run(statement)
    yield outside
    for statement in ("DROP DATABASE IF EXISTS lost", "DROP ROLE lost"):
        await outside.run(statement)


@pytest.mark.parametrize(
    "loss",
    [
        ("DROP DATABASE lost WITH (FORCE)",),
        (
            "ALTER ROLE lost NOLOGIN",
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'lost'",
        ),
    ],
)
async def test_a_process_that_lost_its_database_is_not_ready(lost_database: Databases, loss: tuple[str, ...]) -> None:
    """Neither while it tries, nor after it has closed its connections."""
    app = Starlette(routes=list(HEALTH_ROUTES))
    async with AsyncClient(transport=ASGITransport(app=app), base_url=OWN_ORIGIN) as client:
        async with open_database(lost_database.address("lost").replace("certlink@", "lost@"), pool_size=2):
            for statement in loss:
                await lost_database.run(statement)
            answers = [await client.get("/readyz") for _ in range(3)]
        answers.append(await client.get("/readyz"))

    assert [(answer.status_code, answer.json()["missing"]) for answer in answers] == [
        (503, ["the database does not answer"])
    ] * 4


async def test_the_application_starts_serves_registered_documents_and_stops(
    settings: Settings, clock: FrozenClock
) -> None:
    document = "{ policy { coolOffDays } viewer { __typename } }"
    held = settings.model_copy(update={"registered_documents_only": True})
    app = create_app(settings=held, clock=clock, documents={"of the test": document})

    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app=app), base_url=OWN_ORIGIN) as client,
    ):
        ready = await client.get("/readyz")
        answer = await client.post("/graphql", json={"documentId": document_id(document)})

    assert ready.status_code == 200
    assert answer.json()["data"] == {"policy": {"coolOffDays": 30}, "viewer": None}


async def test_a_database_that_is_away_is_a_reason_to_try_again(settings: Settings, clock: FrozenClock) -> None:
    app = create_app(settings=settings, clock=clock)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app=app), base_url=OWN_ORIGIN) as client,
    ):
        await pool().close()

        ready = await client.get("/readyz")
        signed_in = await Caller(client, session="x").post("{ viewer { __typename } }")
        unsigned = await Caller(client).ask("{ policy { coolOffDays } }")

    assert (ready.status_code, signed_in.status_code) == (503, 503)
    assert signed_in.json()["errors"][0]["extensions"]["code"] == "TRY_AGAIN"
    assert unsigned == {"policy": {"coolOffDays": 30}}
