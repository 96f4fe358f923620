"""Authentication by API key."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from api.runtime import Runtime
from domain.models import ApiKey, Organization
from domain.notifications import NotificationListener
from domain.operations.api_clients import NewApiKey, revoke_api_client, rotate_api_client_secret
from domain.rules.administration import Operator
from domain.rules.api_clients import api_key
from domain.rules.enums import Scope
from domain.settings import Settings
from tests.api.caller import Caller
from tests.api.conftest import application
from tests.api.serving import served, socket_to
from tests.clock import START, FrozenClock
from tests.factories import make_api_client, make_organization

WHO = "{ viewer { member { id } apiClient { name scopes keys { prefix lastUsedAt } } organization { name } } }"


@pytest.fixture
async def contoso(database: str) -> Organization:
    return await make_organization("Contoso")


@pytest.fixture
async def key(contoso: Organization, settings: Settings) -> NewApiKey:
    return await make_api_client(contoso, Scope.REPORT_READ, settings=settings)


async def test_a_key_says_who_asks_may_explore_and_is_seen_to_be_used(client: AsyncClient, key: NewApiKey) -> None:
    caller = Caller(client, bearer=key.secret)
    caller.headers["Sec-Fetch-Site"] = "cross-site"

    data = await caller.ask(WHO)
    explored = await caller.ask("{ __schema { queryType { name } } }")

    assert data["viewer"] == {
        "member": None,
        "apiClient": {
            "name": "Report reader",
            "scopes": ["REPORT_READ"],
            "keys": [{"prefix": key.prefix, "lastUsedAt": "2026-11-03T14:30:00Z"}],
        },
        "organization": {"name": "Contoso"},
    }
    assert explored["__schema"]["queryType"]["name"] == "Query"


async def test_every_key_that_is_not_good_is_refused_alike(
    client: AsyncClient, contoso: Organization, key: NewApiKey, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    by = Operator(organization_id=contoso.id)
    ended = await make_api_client(contoso, settings=settings)
    number = ended.api_client_id
    await rotate_api_client_secret(by=by, api_client_id=number, end_previous=True, now=START, settings=settings)
    revoked = await make_api_client(contoso, settings=settings)
    await revoke_api_client(by=by, api_client_id=revoked.api_client_id, now=START)
    expired = await make_api_client(contoso, settings=settings, now=START - timedelta(days=365))
    secret = key.secret or ""
    # The same public beginning and a right checksum, and none of the secret.
    forged = api_key(secret[9:17] + "0" * 32)
    bad = [
        ended.secret,
        revoked.secret,
        expired.secret,
        forged,
        api_key("0" * 40),
        secret[:-1],
        secret + "0",
        "certlink_",
    ]

    answers = [await Caller(client, bearer=each).post(WHO) for each in bad]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["errors"][0]["extensions"]["code"] for answer in answers} == {"NOT_AUTHENTICATED"}
    assert len({answer.json()["errors"][0]["message"] for answer in answers}) == 1
    said = capsys.readouterr().out + "".join(answer.text + str(answer.headers) for answer in answers)
    assert [each for each in bad[:5] if each and each[17:] in said] == []
    assert await ApiKey.filter(last_used_at__isnull=False).count() == 0


@pytest.mark.parametrize(
    "header",
    [
        "certlink_",
        "Bearer",
        "Bearer ",
        "Basic {key}",
        "{key}",
        "Bearer {key} {key}",
        "Bearer certlink_{key}",
        "Bearer é",
    ],
)
async def test_a_header_that_is_no_bearer_s_is_refused(client: AsyncClient, key: NewApiKey, header: str) -> None:
    headers = {b"Authorization": header.format(key=key.secret).encode()}

    response = await client.post("/graphql", json={"query": WHO}, headers=headers)

    assert response.status_code == 401


async def test_a_mistyped_key_is_told_without_a_look_in_the_database(
    client: AsyncClient, key: NewApiKey, statements: list[str]
) -> None:
    secret = key.secret or ""
    response = await Caller(client, bearer=secret.swapcase().replace("CERTLINK_", "certlink_")).post(WHO)

    assert (response.status_code, statements) == (401, [])


async def test_a_key_is_good_until_it_expires(client: AsyncClient, key: NewApiKey, clock: FrozenClock) -> None:
    caller = Caller(client, bearer=key.secret)
    clock.now = key.expires_at - timedelta(microseconds=1)
    last = await caller.post(WHO)
    clock.now = key.expires_at

    then = await caller.post(WHO)

    assert (last.status_code, then.status_code) == (200, 401)


async def test_a_websocket_takes_a_key_and_closes_when_its_client_is_revoked(
    runtime: Runtime, database: str, contoso: Organization, key: NewApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.notifications.POLL_INTERVAL_SECONDS", 3_600.0)
    async with (
        NotificationListener(database) as notifications,
        served(application(replace(runtime, notifications=notifications))) as address,
    ):
        while not notifications.listens:
            await asyncio.sleep(0.01)
        async with socket_to(address) as websocket:
            await websocket.introduce(authorization=f"Bearer {key.secret}")
            await websocket.start("{ viewer { apiClient { name } } }")
            answer, over = await websocket.hear(), await websocket.hear()
            # Attempts are people's own.
            await websocket.start('subscription { associationAttempt(id: "YXR0OjE") { id } }', identifier="2")
            attempt = await websocket.hear()

            by = Operator(organization_id=contoso.id)
            await revoke_api_client(by=by, api_client_id=key.api_client_id, now=START)

            assert await websocket.close_code() == 4403
    assert answer["payload"]["data"] == {"viewer": {"apiClient": {"name": "Report reader"}}}
    assert over["type"] == "complete"
    assert "NOT_FOUND" in str(attempt)
