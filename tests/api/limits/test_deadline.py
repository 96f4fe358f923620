"""The deadline of an operation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from api.runtime import Runtime
from domain.models import Association, AssociationAttempt, Member
from domain.notifications import NotificationListener
from tests.api.caller import OWN_ORIGIN
from tests.api.conftest import application, sign_in
from tests.api.serving import served, socket_to
from tests.factories import make_association, make_member, make_organization

REMOVE = "mutation ($id: ID!) { removeAssociation(input: { associationId: $id }) { __typename } }"
# The event itself comes quickly, what is asked of it does not.
FOLLOW = "subscription ($id: ID!) { associationAttempt(id: $id) { association { member { credits { totalCount } } } } }"


@pytest.fixture
async def member(database: str) -> Member:
    return await make_member(await make_organization())


@pytest.fixture
async def address(runtime: Runtime, database: str) -> AsyncIterator[str]:
    async with (
        NotificationListener(database) as notifications,
        served(application(replace(runtime, notifications=notifications))) as address,
    ):
        yield address


@asynccontextmanager
async def locked(database: str, table: str) -> AsyncIterator[None]:
    """Let everybody who needs a table wait while the block runs."""
    connection = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table}")
            yield
    finally:
        await connection.close()


async def test_a_mutation_that_is_cut_off_has_changed_nothing_and_says_how_to_repeat_it(
    client: AsyncClient, member: Member, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.transport.execute.DEADLINE_SECONDS", 0.2)
    association = await make_association(member)
    caller = await sign_in(client, member)

    # What it does first is done by then, and is undone.
    async with locked(database, "audit_event"):
        cut_off = await caller.post(REMOVE, id=global_id(Kind.ASSOCIATION, association.id))

    assert cut_off.status_code == 503
    assert cut_off.json()["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"
    assert "idempotencyKey" in cut_off.json()["errors"][0]["message"]
    assert (await Association.get(id=association.id)).ended_at is None


async def test_each_event_of_a_subscription_has_the_deadline(
    client: AsyncClient, member: Member, address: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.transport.execute.DEADLINE_SECONDS", 0.2)
    association = await make_association(member)
    attempt = await AssociationAttempt.get(association=association)
    cookie = (await sign_in(client, member)).headers["Cookie"]

    async with locked(database, "credit"), socket_to(address, Cookie=cookie, Origin=OWN_ORIGIN) as websocket:
        await websocket.introduce()
        await websocket.start(FOLLOW, id=global_id(Kind.ATTEMPT, attempt.id))
        heard = await websocket.hear()

    assert (heard["type"], heard["payload"][0]["extensions"]["code"]) == ("error", "DEADLINE_EXCEEDED")
