"""Authentication by bearer tokens of an organization's issuer."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from api.runtime import Runtime
from domain.models import AuditEvent, Member, Organization, WorkIdentity
from domain.notifications import NotificationListener
from domain.operations.organizations import replace_issuer
from domain.providers.oidc import Issuers
from domain.rules.enums import MemberRole, MemberStatus
from sandbox.app import create_app
from sandbox.issuers import CONTOSO
from tests.api.caller import OWN_ORIGIN, Caller
from tests.api.conftest import application
from tests.api.serving import served, socket_to
from tests.clock import FrozenClock
from tests.factories import issuer_of, issuer_settings, make_issuer, make_member, make_organization
from tests.sign_in.tcp_proxy import Line

SANDBOX = "http://localhost:8001"
WHO = "{ viewer { member { workEmail status } } }"


@pytest.fixture
async def sandbox(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[AsyncClient]:
    """A work identity issuer that has tokens to give."""
    app = create_app(base_url=SANDBOX, data=tmp_path, sandbox_mode=True, clock=clock)
    async with AsyncClient(transport=ASGITransport(app=app), base_url=SANDBOX) as client:
        yield client


@pytest.fixture
async def trusting_runtime(runtime: Runtime, sandbox: AsyncClient) -> AsyncIterator[Runtime]:
    """A process that reaches the sandbox."""
    issuers = Issuers(settings=runtime.settings, transport=sandbox._transport)
    yield replace(runtime, issuers=issuers)
    await issuers.close()


@pytest.fixture
async def front_end(trusting_runtime: Runtime) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app=application(trusting_runtime)), base_url=OWN_ORIGIN) as client:
        yield client


@pytest.fixture
async def contoso(database: str) -> Organization:
    return await make_organization("Contoso", issuer=f"{SANDBOX}/{CONTOSO.key}")


async def change(organization: Organization, issuer: str, runtime: Runtime) -> None:
    """Let the operator change the issuer."""
    await replace_issuer(
        organization_domain=organization.domain,
        issuer=issuer_settings(issuer),
        now=runtime.clock(),
        settings=runtime.settings,
    )


async def token_of(sandbox: AsyncClient, persona: str) -> str:
    token: str = (await sandbox.post(f"/personas/{persona}/token")).json()["access_token"]
    return token


async def invite(organization: Organization, address: str) -> Member:
    return await make_member(
        organization, work_email=address, status=MemberStatus.INVITED, subject=None, name=None, activated_at=None
    )


async def test_the_first_token_of_somebody_invited_activates_them(
    sandbox: AsyncClient, front_end: AsyncClient, contoso: Organization
) -> None:
    await invite(contoso, "amara.osei@contoso.example")
    caller = Caller(front_end, bearer=await token_of(sandbox, "amara"))

    answers = [await caller.ask(WHO) for _ in range(2)]

    assert answers == [{"viewer": {"member": {"workEmail": "amara.osei@contoso.example", "status": "ACTIVE"}}}] * 2


async def test_a_token_needs_no_cookie_s_protection_and_may_introspect_and_get(
    sandbox: AsyncClient, front_end: AsyncClient, contoso: Organization
) -> None:
    await invite(contoso, "amara.osei@contoso.example")
    headers = {"Authorization": f"Bearer {await token_of(sandbox, 'amara')}", "Sec-Fetch-Site": "cross-site"}

    posted = await front_end.post("/graphql", json={"query": "{ __schema { queryType { name } } }"}, headers=headers)
    gotten = await front_end.get("/graphql", params={"query": WHO, "variables": "{}"}, headers=headers)
    mutation = await front_end.get("/graphql", params={"query": "mutation { __typename }"}, headers=headers)
    doubled = await front_end.get("/graphql?query={a}&query={b}", headers=headers)

    assert posted.json()["data"]["__schema"]["queryType"]["name"] == "Query"
    assert gotten.json()["data"]["viewer"]["member"]["status"] == "ACTIVE"
    assert (mutation.status_code, mutation.headers["allow"]) == (405, "POST")
    assert doubled.status_code == 400


async def test_a_token_of_somebody_who_is_not_invited_is_refused(
    sandbox: AsyncClient, front_end: AsyncClient, contoso: Organization
) -> None:
    response = await Caller(front_end, bearer=await token_of(sandbox, "amara")).post(WHO)

    assert response.status_code == 401


async def test_a_token_of_an_issuer_that_nobody_trusts_is_refused(
    sandbox: AsyncClient, front_end: AsyncClient, contoso: Organization
) -> None:
    await invite(contoso, "felix.berg@fabrikam.example")

    response = await Caller(front_end, bearer=await token_of(sandbox, "felix")).post(WHO)

    assert response.status_code == 401


async def test_after_a_change_of_issuer_old_tokens_are_refused_and_one_of_the_new_issuer_binds_again(
    sandbox: AsyncClient, front_end: AsyncClient, contoso: Organization, trusting_runtime: Runtime
) -> None:
    member = await invite(contoso, "amara.osei@contoso.example")
    caller = Caller(front_end, bearer=await token_of(sandbox, "amara"))
    before = await caller.ask(WHO)

    issuer = (await issuer_of(contoso)).issuer
    await change(contoso, "https://other.example", trusting_runtime)
    refused = await caller.post(WHO)
    bindings_left = await WorkIdentity.filter(member=member, ended_at=None).count()
    unbound = await Member.get(id=member.id)
    await change(contoso, issuer, trusting_runtime)
    after = [await caller.ask(WHO) for _ in range(2)]

    assert refused.status_code == 401
    assert (bindings_left, unbound.status) == (0, MemberStatus.ACTIVE)
    assert after == [before] * 2
    assert (await WorkIdentity.get(member=member, ended_at=None)).issuer == issuer
    assert await AuditEvent.filter(action="member_bound_again").count() == 1


async def test_a_websocket_of_an_old_issuers_token_closes_at_once(
    sandbox: AsyncClient,
    trusting_runtime: Runtime,
    contoso: Organization,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await invite(contoso, "amara.osei@contoso.example")
    token = await token_of(sandbox, "amara")
    monkeypatch.setattr("domain.notifications.POLL_INTERVAL_SECONDS", 3_600.0)

    async with (
        NotificationListener(trusting_runtime.settings.database_url) as notifications,
        served(application(replace(trusting_runtime, notifications=notifications))) as address,
        socket_to(address) as websocket,
    ):
        while not notifications.listens:
            await asyncio.sleep(0.01)
        await websocket.introduce(authorization=f"Bearer {token}")
        await change(contoso, "https://other.example", trusting_runtime)

        assert await websocket.close_code() == 4403


async def test_an_expired_token_is_refused(
    sandbox: AsyncClient, front_end: AsyncClient, contoso: Organization, clock: FrozenClock
) -> None:
    await invite(contoso, "amara.osei@contoso.example")
    caller = Caller(front_end, bearer=await token_of(sandbox, "amara"))
    clock.advance(timedelta(days=1))

    response = await caller.post(WHO)

    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (401, "NOT_AUTHENTICATED")


async def test_an_issuer_that_does_not_answer_is_a_reason_to_try_again(
    sandbox: AsyncClient, nobody: Caller, contoso: Organization, client: AsyncClient
) -> None:
    response = await Caller(client, bearer=await token_of(sandbox, "amara")).post(WHO)

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


async def test_a_websocket_takes_the_token_from_its_introduction(
    sandbox: AsyncClient, trusting_runtime: Runtime, contoso: Organization
) -> None:
    await invite(contoso, "amara.osei@contoso.example")
    token = await token_of(sandbox, "amara")

    async with served(application(trusting_runtime)) as address, socket_to(address) as websocket:
        await websocket.introduce(authorization=f"Bearer {token}")
        await websocket.start(WHO)
        answer = await websocket.hear()

    assert answer["payload"]["data"]["viewer"]["member"]["status"] == "ACTIVE"


async def test_another_organization_s_keys_for_the_same_issuer_open_nothing_of_ours(
    sandbox: AsyncClient, runtime: Runtime, contoso: Organization, clock: FrozenClock
) -> None:
    """Whoever owns one organization may name metadata of their own for Contoso's issuer, and may be down."""
    await make_member(contoso, role=MemberRole.ACCOUNT_ADMIN, subject="admin")
    await invite(contoso, "amara.osei@contoso.example")
    issuer = (await issuer_of(contoso)).issuer
    mallory = await make_organization("Mallory")
    await make_issuer(mallory, issuer=issuer, discovery_url=f"{SANDBOX}/mallory/metadata")
    await make_member(mallory, subject="mallory")
    ends = {name: f"{SANDBOX}/mallory/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    key = RSAKey.generate_key(2048, {"kid": "of-mallory"})
    line = Line(sandbox._transport)
    line.lie("/mallory/metadata", json.dumps({"issuer": issuer} | ends))
    line.lie("/mallory/jwks_uri", json.dumps({"keys": [key.as_dict(private=False)]}))
    now = int(clock().timestamp())
    claims = {"iss": issuer, "aud": "certlink-api", "iat": now, "exp": now + 3600}

    def forged(subject: str) -> str:
        return jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": key.kid}, claims | {"sub": subject}, key)

    async def statuses(transport: Line, *tokens: str) -> list[int]:
        async with Issuers(settings=runtime.settings, transport=transport) as issuers:
            app = application(replace(runtime, issuers=issuers))
            async with AsyncClient(transport=ASGITransport(app=app), base_url=OWN_ORIGIN) as client:
                return [(await Caller(client, bearer=token).post(WHO)).status_code for token in tokens]

    amara = await token_of(sandbox, "amara")
    up = await statuses(line, forged("admin"), forged("mallory"), amara)
    line.cut |= {"/mallory/metadata"}
    down = await statuses(line, amara)

    assert (up, down) == ([401, 200, 200], [200])
