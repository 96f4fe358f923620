"""Sign-in with a work account (R2)."""

import asyncio
from datetime import timedelta

import pytest

from domain.errors import InvalidInput
from domain.models import AccountReplacement, AuditEvent, BrowserSession, Member, SignIn, WorkIdentity
from domain.operations.members import decide_replacement, remove_member
from domain.operations.sign_in import end_session, start_sign_in
from domain.queries.callers import viewer_of_session
from domain.rules.administration import Operator
from domain.rules.enums import MemberStatus
from domain.rules.identity import AddressNotOfOrganization, AddressNotVerified
from domain.rules.sign_in import AccountReplaced, NotAMember
from domain.rules.visibility import MemberViewer
from domain.secrets import hash_token
from tests.factories import issuer_of, sign_in_at
from tests.sign_in.environment import World, trace

NADIA = "nadia.novak@contoso.example"


async def test_an_invited_address_is_activated_at_the_first_sign_in(world: World) -> None:
    """R2."""
    invited = await world.invite(NADIA)
    world.clock.advance(timedelta(days=2))

    completed = await world.sign_in(NADIA, "nadia")

    member = await Member.get(id=invited.id)
    assert (member.status, member.name, member.activated_at) == (MemberStatus.ACTIVE, "Nadia Novak", world.clock())
    viewer = await viewer_of_session(completed.session_token, now=world.clock())
    assert viewer is not None
    assert viewer.member_id == member.id
    assert [event.action for event in await AuditEvent.all().order_by("sequence")][-1] == "member_activated"


async def test_the_address_may_be_written_in_capitals(world: World) -> None:
    await world.invite(NADIA)

    await world.sign_in("  Nadia.Novak@CONTOSO.example ", "nadia")

    assert await Member.filter(status=MemberStatus.ACTIVE).count() == 1


async def test_an_address_that_the_issuer_has_not_verified_accepts_no_invitation(world: World) -> None:
    await world.invite(NADIA)
    await world.fault("work/contoso", unverified_email=True)
    before = await trace()

    with pytest.raises(AddressNotVerified):
        await world.sign_in(NADIA, "nadia")

    assert await Member.filter(status=MemberStatus.ACTIVE).count() == 0
    assert await trace() == before | {"sign_in": 1}


async def test_another_organizations_issuer_cannot_accept_an_invitation(world: World) -> None:
    """Its word for an address of ours is worth nothing."""
    await world.invite(NADIA)
    fabrikam = await issuer_of(await world.organization("Fabrikam"))

    with pytest.raises(AddressNotOfOrganization):
        await sign_in_at(fabrikam, subject="someone", email=NADIA, name="Someone", now=world.clock())

    assert await Member.filter(status=MemberStatus.ACTIVE).count() == 0


async def test_somebody_else_who_signs_in_on_the_way_is_let_in_as_themselves_only(world: World) -> None:
    await world.invite(NADIA)

    with pytest.raises(NotAMember):
        await world.sign_in(NADIA, "jonas")

    assert await Member.filter(status=MemberStatus.ACTIVE).count() == 0


async def test_a_changed_address_is_still_the_same_member(world: World) -> None:
    """People are known by issuer and subject; an invitation of the new address stays open."""
    viewer = await world.member("nadia")
    await Member.filter(id=viewer.member_id).update(work_email="nadia.old@contoso.example")
    await world.invite(NADIA)

    completed = await world.sign_in(NADIA, "nadia")

    found = await viewer_of_session(completed.session_token, now=world.clock())
    assert found == viewer
    assert (await Member.get(work_email=NADIA)).status is MemberStatus.INVITED


async def test_a_removed_member_does_not_come_in_and_is_signed_out_at_once(world: World) -> None:
    """R8."""
    viewer = await world.member("nadia")
    completed = await world.sign_in(NADIA, "nadia")
    await _remove(viewer, world)

    assert await viewer_of_session(completed.session_token, now=world.clock()) is None
    with pytest.raises(NotAMember):
        await world.sign_in(NADIA, "nadia")

    assert await BrowserSession.all().count() == 1


async def test_a_removed_member_who_is_invited_again_is_another_member(world: World) -> None:
    before = await world.member("nadia")
    await _remove(before, world)
    invited = await world.invite(NADIA)

    completed = await world.sign_in(NADIA, "nadia")

    found = await viewer_of_session(completed.session_token, now=world.clock())
    assert found is not None
    assert found.member_id == invited.id != before.member_id


async def test_a_work_account_that_was_made_anew_comes_back_once_an_admin_confirms_it(world: World) -> None:
    """R2: the same address, and another subject at the issuer."""
    before = await world.member("nadia")
    await WorkIdentity.all().update(subject="the-account-before")
    by = Operator(organization_id=before.organization_id)

    for _ in range(2):
        with pytest.raises(AccountReplaced):
            await world.sign_in(NADIA, "nadia")
    waiting = await AccountReplacement.filter(decided_at=None).count()
    sessions = await BrowserSession.all().count()
    await decide_replacement(by=by, member_id=before.member_id, is_same_person=True, now=world.clock())
    completed = await world.sign_in(NADIA, "nadia")

    assert (waiting, sessions) == (1, 0)
    assert await viewer_of_session(completed.session_token, now=world.clock()) == before
    with pytest.raises(AccountReplaced):
        await sign_in_at(
            await issuer_of(await world.organization()),
            subject="the-account-before",
            email=NADIA,
            name="Nadia Novak",
            now=world.clock(),
        )


async def test_two_first_sign_ins_at_once_activate_one_member_once(world: World) -> None:
    await world.invite(NADIA)
    both = [await world.go_to_work_issuer(NADIA, persona="nadia") for _ in range(2)]

    completed = await asyncio.gather(*(world.come_back(returned) for returned in both))

    viewers = {await viewer_of_session(one.session_token, now=world.clock()) for one in completed}
    assert len(viewers) == 1
    assert None not in viewers
    assert await AuditEvent.filter(action="member_activated").count() == 1


async def test_a_session_is_stored_hashed_and_ends_when_it_should(world: World) -> None:
    await world.invite(NADIA)
    completed = await world.sign_in(NADIA, "nadia")
    stored = await BrowserSession.get()
    lifetime = world.settings.session_lifetime

    at_the_end = world.clock() + lifetime
    just_before = at_the_end - timedelta(microseconds=1)

    assert bytes(stored.token_hash) == hash_token(completed.session_token)
    assert completed.expires_at == stored.expires_at == at_the_end
    assert await viewer_of_session(completed.session_token, now=just_before) is not None
    assert await viewer_of_session(completed.session_token, now=at_the_end) is None
    assert await viewer_of_session(stored.token_hash.hex(), now=world.clock()) is None


async def test_signing_out_ends_one_browsers_session_and_no_other(world: World) -> None:
    await world.invite(NADIA)
    here, there = [await world.sign_in(NADIA, "nadia") for _ in range(2)]

    await end_session(token=here.session_token, now=world.clock())
    await end_session(token=here.session_token, now=world.clock() + timedelta(hours=1))

    assert await viewer_of_session(here.session_token, now=world.clock()) is None
    assert await viewer_of_session(there.session_token, now=world.clock()) is not None
    assert [row.ended_at for row in await BrowserSession.all().order_by("id")] == [world.clock(), None]


async def test_an_address_of_no_organization_begins_no_sign_in(world: World) -> None:
    await world.organization()

    with pytest.raises(NotAMember):
        await world.go_to_work_issuer("nadia@nowhere.example", persona="nadia")
    for email in ("", "nadia", f"{'n' * 320}@contoso.example"):
        with pytest.raises(InvalidInput):
            await world.go_to_work_issuer(email, persona="nadia")

    assert await SignIn.all().count() == 0


async def test_a_sign_in_leads_nowhere_else(world: World) -> None:
    await world.organization()

    for return_to in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        with pytest.raises(InvalidInput):
            await start_sign_in(
                email=NADIA, return_to=return_to, now=world.clock(), settings=world.settings, issuers=world.issuers
            )

    assert await SignIn.all().count() == 0


async def _remove(viewer: MemberViewer, world: World) -> None:
    by = Operator(organization_id=viewer.organization_id)
    await remove_member(by=by, member_id=viewer.member_id, now=world.clock())
