"""The issuer named in an authorization answer (RFC 9207)."""

import asyncio
import json

import httpx2
import pytest

from domain.database.pool import fetch_value
from domain.database.transaction import transaction
from domain.models import BrowserSession, Member, WorkIdentity
from domain.operations.organizations import replace_issuer
from domain.queries.callers import viewer_of_session
from domain.rules.enums import AttemptStatus, MemberStatus
from domain.rules.sign_in import NotAMember, SignInNotAccepted, redirect_key, sign_in_redirect_uri
from tests.sign_in.environment import World, attempt, callback_of, trace

NADIA = "nadia.novak@contoso.example"
NEW = "https://new.example"
# Who waits for another's row waits for that one's transaction.
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"


def say_nothing_of_iss(world: World) -> None:
    """Let no issuer say any more that it names itself in its answers."""

    def without(answer: httpx2.Response) -> httpx2.Response:
        document = json.loads(answer.content)
        del document["authorization_response_iss_parameter_supported"]
        return httpx2.Response(200, json=document)

    world.line.lies["/openid-configuration"] = without


async def change(world: World, issuer: str = NEW) -> None:
    await replace_issuer(
        organization_domain="contoso.example",
        issuer=world.settings_of(issuer),
        now=world.clock(),
        settings=world.settings,
    )


def test_a_redirect_uri_is_one_organizations_at_one_issuer() -> None:
    keys = {redirect_key(organization_id=number, issuer=issuer) for number in (1, 11) for issuer in (NEW, "1 x", "x")}

    assert len(keys) == 6
    uri = sign_in_redirect_uri("https://certlink.example", organization_id=1, issuer=NEW)
    assert uri == f"https://certlink.example/sign-in/callback/{redirect_key(organization_id=1, issuer=NEW)}"


@pytest.mark.parametrize("named", [None, "", "http://localhost:8001/work/fabrikam"])
async def test_an_issuer_that_names_itself_always_has_to(world: World, named: str | None) -> None:
    await world.invite(NADIA)
    returned = await world.go_to_work_issuer(NADIA, persona="nadia")

    with pytest.raises(SignInNotAccepted):
        await world.come_back(returned, issuer=named)

    assert world.line.count("/token") == 0
    assert (await Member.get()).status is MemberStatus.INVITED


async def test_an_issuer_that_does_not_say_so_need_not_name_itself(world: World) -> None:
    say_nothing_of_iss(world)
    await world.invite(NADIA)

    silent = await world.come_back(await world.go_to_work_issuer(NADIA, persona="nadia"), issuer=None)
    returned = await world.go_to_work_issuer(NADIA, persona="nadia")
    with pytest.raises(SignInNotAccepted):
        await world.come_back(returned, issuer=world.issuer("work/fabrikam"))

    assert await viewer_of_session(silent.session_token, now=world.clock()) is not None


async def test_a_provider_that_names_itself_always_has_to_and_the_try_does_not_count(world: World) -> None:
    amara = await world.member("amara")
    before = await trace()
    returned = await world.go_to_provider(amara)

    attempt_id = (await world.receive(returned, issuer=None)).attempt_id
    await world.process()

    ended = await attempt(attempt_id)
    assert (ended.status, ended.refusal_code) == (AttemptStatus.FAILED, SignInNotAccepted.code)
    assert (await callback_of(attempt_id)).code_sealed is None
    assert world.line.count("/token") == 0
    assert await trace() == before
    assert (await world.link(amara)).status is AttemptStatus.ASSOCIATED


async def test_a_provider_that_does_not_say_so_need_not_name_itself(world: World) -> None:
    say_nothing_of_iss(world)
    returned = await world.go_to_provider(await world.member("amara"))

    attempt_id = (await world.receive(returned, issuer=None)).attempt_id
    await world.process()

    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED


async def test_a_code_of_the_issuer_before_is_not_exchanged_at_the_new_one(world: World) -> None:
    await world.invite(NADIA)
    returned = await world.go_to_work_issuer(NADIA, persona="nadia")
    await change(world)

    with pytest.raises(SignInNotAccepted):
        await world.come_back(returned)

    assert world.line.count("/token") == 0
    assert (await Member.get()).status is MemberStatus.INVITED


@pytest.mark.parametrize("is_member", [True, False])
async def test_a_change_of_issuer_during_the_exchange_lets_nobody_in(world: World, is_member: bool) -> None:
    if is_member:
        await world.member("nadia")
    else:
        await world.invite(NADIA)
    returned = await world.go_to_work_issuer(NADIA, persona="nadia")
    released = world.line.hold("/token")
    coming_back = asyncio.create_task(world.come_back(returned))
    await world.line.reached["/token"].wait()

    await change(world)
    released.set()

    with pytest.raises((NotAMember, SignInNotAccepted)):
        await coming_back
    assert await WorkIdentity.filter(ended_at=None).count() == 0
    assert await BrowserSession.all().count() == 0


async def test_a_session_that_is_about_to_open_waits_for_the_change_and_does_not_open(world: World) -> None:
    viewer = await world.member("nadia")
    returned = await world.go_to_work_issuer(NADIA, persona="nadia")
    released = world.line.hold("/token")
    coming_back = asyncio.create_task(world.come_back(returned))
    await world.line.reached["/token"].wait()

    async with transaction():
        await fetch_value("SELECT id FROM member WHERE id = $1 FOR UPDATE", viewer.member_id)
        released.set()
        while not await fetch_value(WAITING):
            await asyncio.sleep(0.01)
        await change(world)

    with pytest.raises(SignInNotAccepted):
        await coming_back
    assert await BrowserSession.all().count() == 0


async def test_who_signs_in_after_the_issuer_has_come_back_is_bound_again(world: World) -> None:
    viewer = await world.member("nadia")
    issuer = world.issuer("work/contoso")
    await change(world)
    await change(world, issuer)

    both = [await world.go_to_work_issuer(NADIA, persona="nadia") for _ in range(2)]
    completed = await asyncio.gather(*(world.come_back(returned) for returned in both))

    assert {await viewer_of_session(one.session_token, now=world.clock()) for one in completed} == {viewer}
    assert (await WorkIdentity.get(ended_at=None)).issuer == issuer
