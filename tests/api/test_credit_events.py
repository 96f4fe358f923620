"""The subscription to credit events: each event once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from inspect import unwrap

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from api.runtime import Runtime
from domain.database.pool import fetch_value
from domain.database.transaction import transaction
from domain.models import Credit, Member
from domain.notifications import CREDIT_EVENT_CHANNEL, NotificationListener
from domain.operations import credits as propagation
from domain.operations.credits import propagate_credits
from domain.queries.credit_events import credit_events_since, current_position
from domain.rules.enums import MemberRole, Scope
from domain.settings import Settings
from tests.api.caller import OWN_ORIGIN
from tests.api.conftest import application
from tests.api.serving import Socket, served, socket_to
from tests.api.test_subscription import cookie_of
from tests.clock import START, FrozenClock
from tests.factories import make_api_client, make_association, make_credit, make_member, make_organization, viewer_of

FOLLOW = """subscription ($id: ID!) { creditEvents(organizationId: $id) {
  kind at recordedAt credit { id status member { id } } } }"""


@pytest.fixture
async def member(database: str) -> Member:
    return await make_member(await make_organization())


@pytest.fixture
async def notifications(database: str) -> AsyncIterator[NotificationListener]:
    async with NotificationListener(database) as notifications:
        yield notifications


@pytest.fixture
async def address(runtime: Runtime, notifications: NotificationListener) -> AsyncIterator[str]:
    async with served(application(replace(runtime, notifications=notifications))) as address:
        yield address


async def due_credit(member: Member, certification: str = "AZ-104") -> Credit:
    return await make_credit(await make_association(member), certification=certification)


async def follow(websocket: Socket, organization_id: int) -> None:
    await websocket.introduce()
    await websocket.start(FOLLOW, id=global_id(Kind.ORGANIZATION, organization_id))


async def followed_by(notifications: NotificationListener, organization_id: int, *, how_many: int) -> None:
    async with asyncio.timeout(5):
        while len(notifications._waiting.get((CREDIT_EVENT_CHANNEL, str(organization_id)), ())) < how_many:
            await asyncio.sleep(0.01)


async def heard(websocket: Socket) -> tuple[str, str]:
    event = (await websocket.hear())["payload"]["data"]["creditEvents"]
    return event["kind"], event["credit"]["id"]


async def test_admins_and_programs_hear_of_everybody_s_credits_and_members_of_their_own(
    client: AsyncClient,
    member: Member,
    address: str,
    notifications: NotificationListener,
    clock: FrozenClock,
    settings: Settings,
) -> None:
    organization = await member.organization
    other = await make_member(organization)
    admin = await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)
    key = await make_api_client(organization, Scope.CREDITS_READ, settings=settings)
    first, second = await due_credit(member), await due_credit(other)
    cookies = [{"Cookie": await cookie_of(client, each), "Origin": OWN_ORIGIN} for each in (member, other, admin)]

    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(socket_to(address, **headers))
            for headers in (*cookies, {"Authorization": f"Bearer {key.secret}"})
        ]
        for websocket in sockets:
            await follow(websocket, organization.id)
        await followed_by(notifications, organization.id, how_many=4)
        clock.advance(timedelta(days=11))
        await propagate_credits(now=clock())

        events = [("COUNTED", global_id(Kind.CREDIT, credit.id)) for credit in (first, second)]
        assert [await heard(websocket) for websocket in sockets[:2]] == events
        for websocket in sockets[2:]:
            assert sorted([await heard(websocket), await heard(websocket)]) == sorted(events)


async def test_what_is_recorded_while_nobody_listens_is_heard_all_the_same_and_once(
    client: AsyncClient, member: Member, runtime: Runtime, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.notifications.POLL_INTERVAL_SECONDS", 0.02)
    monkeypatch.setattr("api.graphql.subscription.BATCH", 1)
    association = await make_association(member)
    credits = [
        await make_credit(association, certification=code, completed_at=association.started_at + timedelta(days=day))
        for day, code in enumerate(("AZ-104", "SC-300", "MD-102"))
    ]

    async with (
        served(application(runtime)) as address,
        socket_to(address, Cookie=await cookie_of(client, member), Origin=OWN_ORIGIN) as websocket,
    ):
        await follow(websocket, member.organization_id)
        await followed_by(runtime.notifications, member.organization_id, how_many=1)
        for _ in range(2):
            clock.advance(timedelta(days=11))
            await propagate_credits(now=clock())
        position = [await heard(websocket) for _ in credits]

    assert sorted(position) == sorted(("COUNTED", global_id(Kind.CREDIT, credit.id)) for credit in credits)


class Recording:
    """A transaction that records the next event, held up before it and after it."""

    def __init__(self, now: datetime) -> None:
        self.began, self.may_record, self.recorded, self.may_commit = (asyncio.Event() for _ in range(4))
        self.done = asyncio.create_task(self._record(now))

    async def _record(self, now: datetime) -> None:
        async with transaction() as current:
            # As propagation does by locking a credit, before it records anything of it.
            await fetch_value("SELECT pg_current_xact_id()::text")
            self.began.set()
            await self.may_record.wait()
            # Not as an operation, which would be a transaction inside this one, with a number of its own.
            await unwrap(propagation._propagate_batch)(current, now=now)
            self.recorded.set()
            await self.may_commit.wait()


@pytest.fixture
async def recordings(member: Member, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> list[Recording]:
    """Two transactions of one event each, begun in this order."""
    monkeypatch.setattr(propagation, "BATCH", 1)
    association = await make_association(member)
    for code in ("AZ-104", "SC-300"):
        await make_credit(association, certification=code)
    now = clock.advance(timedelta(days=11))
    begun = []
    for _ in range(2):
        begun.append(Recording(now))
        await begun[-1].began.wait()
    return begun


@pytest.mark.parametrize("begins_first", [True, False])
@pytest.mark.parametrize("limit", [1, 10])
async def test_a_lower_number_that_is_committed_later_is_neither_lost_nor_told_twice(
    member: Member, recordings: list[Recording], begins_first: bool, limit: int
) -> None:
    viewer, position = viewer_of(member), await current_position()
    slow, quick = recordings if begins_first else reversed(recordings)
    slow.may_record.set()
    await slow.recorded.wait()
    quick.may_record.set()
    quick.may_commit.set()
    await quick.done

    later, position = await credit_events_since(position, viewer, limit=limit)
    for _ in range(2):
        nothing, position = await credit_events_since(position, viewer, limit=limit)
        assert nothing == []
    slow.may_commit.set()
    await slow.done
    earlier, position = await credit_events_since(position, viewer, limit=limit)
    for _ in range(2):
        nothing, position = await credit_events_since(position, viewer, limit=limit)
        assert nothing == []

    assert [len(later), len(earlier)] == [1, 1]
    assert earlier[0].id < later[0].id == position.newest


async def test_a_number_that_never_appears_is_waited_for_until_its_transaction_is_over(
    member: Member, recordings: list[Recording]
) -> None:
    viewer, position = viewer_of(member), await current_position()
    broken_off, quick = recordings
    broken_off.may_record.set()
    await broken_off.recorded.wait()
    quick.may_record.set()
    quick.may_commit.set()
    await quick.done

    _, before = await credit_events_since(position, viewer, limit=10)
    broken_off.done.cancel()
    await asyncio.wait({broken_off.done})
    _, after = await credit_events_since(before, viewer, limit=10)
    await propagate_credits(now=START + timedelta(days=11))

    assert (list(before.missing), dict(after.missing)) == ([before.newest - 1], {})


async def test_who_may_not_see_credits_cannot_follow_them(
    client: AsyncClient, member: Member, address: str, settings: Settings
) -> None:
    foreign = await make_organization("Fabrikam")
    key = await make_api_client(await member.organization, Scope.REPORT_READ, settings=settings)
    cookie = {"Cookie": await cookie_of(client, member), "Origin": OWN_ORIGIN}
    codes = []

    for headers, organization_id in (
        ({}, member.organization_id),
        ({"Authorization": f"Bearer {key.secret}"}, member.organization_id),
        (cookie, foreign.id),
        (cookie, 2**62),
    ):
        async with socket_to(address, **headers) as websocket:
            await follow(websocket, organization_id)
            codes.append((await websocket.hear())["payload"][0]["extensions"]["code"])

    assert codes == ["FORBIDDEN", "FORBIDDEN", "NOT_FOUND", "NOT_FOUND"]
