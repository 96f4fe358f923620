"""A process says whether it lives and whether it can serve."""

from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette

from api.app import create_app
from api.documents.trusted import document_id
from api.health import HEALTH_ROUTES
from domain.database.pool import open_database, pool
from domain.settings import Settings
from tests.api.caller import OWN_ORIGIN, Caller
from tests.clock import FrozenClock


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
