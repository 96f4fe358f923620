"""Access and credits of a removed member (R8)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from api.runtime import Runtime
from domain.models import Credit, Member
from domain.notifications import NotificationListener
from domain.operations.members import remove_member
from domain.rules.enums import MemberRole
from tests.api.administration import House, make_house
from tests.api.caller import OWN_ORIGIN, Caller
from tests.api.conftest import application
from tests.api.serving import served, socket_to
from tests.clock import START
from tests.factories import make_association, make_credit, viewer_of


@pytest.fixture
async def house(client: AsyncClient, nobody: Caller) -> House:
    return await make_house(client, nobody)


async def test_an_admin_who_removes_themself_sees_that_they_have_left_and_nothing_more(house: House) -> None:
    own = global_id(Kind.MEMBER, house.admin.id)

    result = await house.do("admin", "removeMember", memberId=own)

    assert result["member"] == {"id": own, "status": "REMOVED"}
    assert await house.callers["admin"].ask("{ viewer { member { id } } }") == {"viewer": None}


async def test_an_open_websocket_is_closed_to_who_was_removed(
    client: AsyncClient, house: House, runtime: Runtime, database: str
) -> None:
    """R8: access ends at once, also where the connection was made before."""
    cookie = house.callers["member"].headers["Cookie"]
    async with (
        NotificationListener(database) as notifications,
        served(application(replace(runtime, notifications=notifications))) as address,
        socket_to(address, Cookie=cookie, Origin=OWN_ORIGIN) as websocket,
    ):
        await websocket.introduce()
        await websocket.start("{ viewer { member { id } } }")
        before = await websocket.hear()
        await websocket.hear()
        await remove_member(by=viewer_of(house.admin), member_id=house.member.id, now=START)

        await websocket.start("{ viewer { member { id } } }", identifier="2")

        assert before["payload"]["data"]["viewer"] is not None
        assert await websocket.close_code() == 4403


async def test_an_open_websocket_knows_who_is_an_admin_no_longer(house: House, runtime: Runtime, database: str) -> None:
    query = "{ viewer { organization { creditStatus { pending } } } }"
    cookie = house.callers["admin"].headers["Cookie"]
    async with (
        NotificationListener(database) as notifications,
        served(application(replace(runtime, notifications=notifications))) as address,
        socket_to(address, Cookie=cookie, Origin=OWN_ORIGIN) as websocket,
    ):
        await websocket.introduce()
        await Member.filter(id=house.admin.id).update(role=MemberRole.MEMBER)

        await websocket.start(query)

        told = await websocket.hear()
        assert told["payload"]["data"]["viewer"]["organization"]["creditStatus"] is None


async def test_a_removed_member_is_a_member_of_the_credits_that_count_on(house: House) -> None:
    association = await make_association(house.member, started_at=START - timedelta(days=20))
    await make_credit(association)
    await house.do("admin", "removeMember")

    data = await house.callers["admin"].ask(
        """{ viewer { organization { credits(filter: {statuses: [COUNTING]}) { nodes { member { status workEmail }
             countsUntil } } } } }"""
    )

    assert data["viewer"]["organization"]["credits"]["nodes"] == [
        {"member": {"status": "REMOVED", "workEmail": house.member.work_email}, "countsUntil": "2026-12-10T00:00:00Z"}
    ]
    assert await Credit.all().count() == 1
