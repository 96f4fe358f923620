"""Revocation of access while a websocket is open."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from api.auth.callers import Caller
from api.runtime import Runtime
from api.transport.websocket.revocation import Access, AccessEnded
from domain.database.transaction import transaction
from domain.errors import TryAgain
from domain.models import AssociationAttempt, Member
from domain.notifications import ACCESS_CHANNEL, ATTEMPT_CHANNEL, NotificationListener, api_client_access, member_access
from domain.operations.members import change_member_role, remove_member
from domain.operations.organizations import replace_issuer
from domain.operations.sign_in import end_session
from domain.rules.enums import MemberRole
from domain.rules.visibility import ApiClientViewer, MemberViewer, Viewer
from domain.settings import Settings
from tests.api.caller import OWN_ORIGIN
from tests.api.conftest import application
from tests.api.serving import Socket, served, socket_to
from tests.api.test_subscription import cookie_of, follow
from tests.clock import START, FrozenClock
from tests.factories import issuer_settings, make_attempt, make_member, make_organization

NEVER_BY_ITSELF = 3_600.0
ROLE = "{ viewer { member { role } } }"
MEMBER = MemberViewer(member_id=7, organization_id=1, role=MemberRole.MEMBER)
PROGRAM = ApiClientViewer(api_client_id=7, organization_id=1, scopes=frozenset())


@pytest.fixture
async def member(database: str) -> Member:
    return await make_member(await make_organization())


@pytest.fixture
async def admin(member: Member) -> MemberViewer:
    admin = await make_member(await member.organization, role=MemberRole.GLOBAL_ADMIN)
    return MemberViewer(member_id=admin.id, organization_id=admin.organization_id, role=admin.role)


@pytest.fixture
async def address(runtime: Runtime, database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    monkeypatch.setattr("domain.notifications.POLL_INTERVAL_SECONDS", NEVER_BY_ITSELF)
    async with (
        NotificationListener(database) as notifications,
        served(application(replace(runtime, notifications=notifications))) as address,
    ):
        # Only who listens already hears what is told.
        while not notifications.listens:
            await asyncio.sleep(0.01)
        yield address


async def opened(websocket: Socket, member: Member) -> AssociationAttempt:
    """Follow an attempt and hear its first state."""
    attempt = await make_attempt(member)
    await follow(websocket, attempt)
    assert (await websocket.hear())["type"] == "next"
    return attempt


async def test_signing_out_closes_that_session_and_no_other(
    client: AsyncClient, member: Member, address: str, clock: FrozenClock
) -> None:
    one, other = await cookie_of(client, member), await cookie_of(client, member)

    async with (
        socket_to(address, Cookie=one, Origin=OWN_ORIGIN) as left,
        socket_to(address, Cookie=other, Origin=OWN_ORIGIN) as kept,
    ):
        await opened(left, member)
        await kept.introduce()
        await end_session(token=one.partition("=")[2], now=clock())

        assert await left.close_code() == 4403
        await kept.start(ROLE)
        assert (await kept.hear())["payload"]["data"] == {"viewer": {"member": {"role": "MEMBER"}}}


async def test_a_change_of_issuer_closes_what_its_members_have_open(
    client: AsyncClient, member: Member, address: str, clock: FrozenClock, settings: Settings
) -> None:
    organization = await member.organization

    async with socket_to(address, Cookie=await cookie_of(client, member), Origin=OWN_ORIGIN) as websocket:
        await opened(websocket, member)
        await replace_issuer(
            organization_domain=organization.domain,
            issuer=issuer_settings("https://new.example"),
            now=clock(),
            settings=settings,
        )

        assert await websocket.last_words() == ([], 4403)


async def test_nothing_of_what_happened_since_is_told_to_who_signed_out(
    client: AsyncClient, member: Member, address: str, clock: FrozenClock
) -> None:
    cookie = await cookie_of(client, member)

    async with socket_to(address, Cookie=cookie, Origin=OWN_ORIGIN) as websocket:
        attempt = await opened(websocket, member)
        await end_session(token=cookie.partition("=")[2], now=clock())
        async with transaction() as current:
            await AssociationAttempt.filter(id=attempt.id).update(signed_in_at=START)
            await current.notify(ATTEMPT_CHANNEL, str(attempt.id))

        assert await websocket.last_words() == ([], 4403)


async def test_removal_closes_and_a_change_of_role_is_known_at_once(
    client: AsyncClient, member: Member, address: str, admin: MemberViewer, clock: FrozenClock
) -> None:
    async with socket_to(address, Cookie=await cookie_of(client, member), Origin=OWN_ORIGIN) as websocket:
        await opened(websocket, member)
        await change_member_role(by=admin, member_id=member.id, role=MemberRole.ACCOUNT_ADMIN, now=clock())
        await websocket.start(ROLE, identifier="2")
        role, over = await websocket.hear(), await websocket.hear()
        await remove_member(by=admin, member_id=member.id, now=clock())

        assert role["payload"]["data"] == {"viewer": {"member": {"role": "ACCOUNT_ADMIN"}}}
        assert over == {"id": "2", "type": "complete"}
        assert await websocket.last_words() == ([], 4403)


async def test_a_session_that_expires_closes_and_so_does_one_whose_end_nobody_told(
    client: AsyncClient, member: Member, runtime: Runtime, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.notifications.POLL_INTERVAL_SECONDS", 0.02)
    cookie, other = await cookie_of(client, member), await cookie_of(client, member)

    async with (
        served(application(runtime)) as address,
        socket_to(address, Cookie=cookie, Origin=OWN_ORIGIN) as ended,
        socket_to(address, Cookie=other, Origin=OWN_ORIGIN) as expiring,
        socket_to(address) as anybody,
    ):
        await opened(ended, member)
        await end_session(token=cookie.partition("=")[2], now=clock())
        assert await ended.close_code() == 4403

        await opened(expiring, member)
        await anybody.introduce()
        clock.advance(timedelta(days=365))
        assert await expiring.close_code() == 4403

        await anybody.say({"type": "ping"})
        assert await anybody.hear() == {"type": "pong"}


class Proof:
    """Says of a caller what the test says, when the test says it."""

    def __init__(self) -> None:
        self.looks: asyncio.Queue[asyncio.Future[Viewer | None]] = asyncio.Queue()

    async def revalidate(self, at: datetime) -> Viewer | None:
        """Look, until the test says what is seen."""
        look: asyncio.Future[Viewer | None] = asyncio.get_running_loop().create_future()
        self.looks.put_nowait(look)
        return await look

    def of(self, viewer: Viewer) -> Caller:
        """Return the caller whom this proves to be a viewer."""
        return Caller(viewer=viewer, is_trusted_to_explore=True, revalidate=self.revalidate)


@pytest.mark.parametrize(("viewer", "told"), [(MEMBER, member_access(7)), (PROGRAM, api_client_access(7))])
async def test_who_asks_during_a_look_waits_for_what_it_finds(
    detached_runtime: Runtime, viewer: Viewer, told: str
) -> None:
    notifications, proof = NotificationListener(""), Proof()
    access = Access(proof.of(viewer), replace(detached_runtime, notifications=notifications))
    watching = asyncio.create_task(access.watch())
    (await proof.looks.get()).set_result(viewer)
    await access.check()

    # A second change is told while the look at the first is still under way.
    notifications._notify(None, 0, ACCESS_CHANNEL, told)
    first = await proof.looks.get()
    asking = asyncio.create_task(access.context())
    notifications._notify(None, 0, ACCESS_CHANNEL, told)
    first.set_result(viewer)
    second = await proof.looks.get()
    was_told = asking.done()
    second.set_result(None)

    assert not was_told
    with pytest.raises(AccessEnded):
        await asking
    with pytest.raises(AccessEnded):
        await watching


async def test_nothing_is_told_while_the_database_is_away(
    detached_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.notifications.RECONNECT_SECONDS", 0.01)
    proof = Proof()
    access = Access(proof.of(MEMBER), detached_runtime)
    watching = asyncio.create_task(access.watch())

    (await proof.looks.get()).set_exception(TryAgain())
    again = await proof.looks.get()
    asking = asyncio.create_task(access.context())
    await asyncio.sleep(0)
    was_told = asking.done()
    promoted = replace(MEMBER, role=MemberRole.GLOBAL_ADMIN)
    again.set_result(promoted)

    assert not was_told
    assert (await asking).viewer == promoted
    watching.cancel()
