"""The next date of a refused account (R6)."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.errors import NotFound
from domain.models import Association, AssociationAttempt, Member, Organization
from domain.operations.associations import remove_association
from domain.operations.members import remove_member
from domain.queries.associations import AccountAllowance, allowances_of_members, known_accounts_of_members
from domain.queries.attempts import get_attempt_or_raise
from domain.rules.administration import Operator
from domain.rules.association_limits import AlreadyAssociated, CoolOffActive, YearlyLimitReached
from domain.rules.attempt_refusal import attempt_refusal
from domain.rules.enums import AssociationEndReason, AttemptStatus
from domain.rules.policy import YEAR
from domain.rules.visibility import MemberViewer
from tests.factories import make_association, make_member, make_organization, viewer_of
from tests.sign_in.environment import LEARN, UNIVERSITY, World, attempt

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
MEI = "991877502"


async def known(world: World, viewer: MemberViewer) -> list[AccountAllowance]:
    """Return the accounts that a member knows, with their dates."""
    found = await known_accounts_of_members(
        viewer, [viewer.member_id], LEARN, now=world.clock(), policy=world.settings.policy
    )
    return found[viewer.member_id]


async def dates(world: World, viewer: MemberViewer) -> dict[str, datetime]:
    """Return the date of each account that a member knows."""
    return {each.account.ending: each.allowance.next_available_at for each in await known(world, viewer)}


async def message(world: World, viewer: MemberViewer, refused: AssociationAttempt) -> str:
    """Return what an attempt reads back as."""
    row = await get_attempt_or_raise(viewer, refused.id)
    assert row.refusal_code is not None
    return attempt_refusal(
        row.refusal_code,
        provider=row.provider,
        next_available_at=row.refusal_available_at,
        account=row.refusal_account,
        policy=world.settings.policy,
    ).message


async def own_date(world: World, viewer: MemberViewer) -> datetime:
    """Return the date that the member has whatever the account."""
    found = await allowances_of_members(
        viewer, [viewer.member_id], LEARN, now=world.clock(), policy=world.settings.policy
    )
    allowance = found[viewer.member_id]
    assert allowance is not None
    return allowance.next_available_at


async def take_away(world: World, viewer: MemberViewer, linked: AssociationAttempt) -> None:
    """Let a member remove the access that they gave."""
    assert linked.association_id is not None
    await remove_association(
        viewer=viewer, association_id=linked.association_id, now=world.clock(), policy=world.settings.policy
    )


async def linked_elsewhere(*days_ago: int, now: datetime, profile_id: str = MEI) -> None:
    """Write ended associations of an account, each by a member of another organization."""
    organization = await Organization.get_or_none(name="Northwind") or await make_organization("Northwind")
    for days in days_ago:
        await make_association(
            await make_member(organization),
            profile_id=profile_id,
            started_at=now - days * DAY,
            ended_at=now - days * DAY,
            end_reason=AssociationEndReason.REMOVED,
        )


async def test_the_profile_elsewhere_keeps_the_date_that_the_refusal_told(world: World) -> None:
    """R6: linked on 28 November and removed on 5 December, refused elsewhere that day until 28 December."""
    there, here = await world.member("mei-fabrikam"), await world.member("mei")
    world.clock.advance(25 * DAY)
    await world.link(there, persona="mei-learn")
    world.clock.advance(7 * DAY)
    operator = Operator(organization_id=there.organization_id)
    await remove_member(by=operator, member_id=there.member_id, now=world.clock())

    refused = await world.link(here, persona="mei-learn")

    assert (refused.status, refused.refusal_code) == (AttemptStatus.REFUSED, CoolOffActive.code)
    assert "28 December 2026, 14:30 UTC" in await message(world, here, refused)
    allowed_at = datetime(2026, 12, 28, 14, 30, tzinfo=UTC)
    assert await dates(world, here) == {"502": allowed_at}
    assert await own_date(world, here) == world.clock()
    world.clock.advance(allowed_at - world.clock() - MICROSECOND)
    assert await dates(world, here) == {"502": allowed_at}
    world.clock.advance(MICROSECOND)
    assert await dates(world, here) == {}
    assert (await world.link(here, persona="mei-learn")).status is AttemptStatus.ASSOCIATED


async def test_who_never_linked_is_told_that_the_account_was_linked_three_times(world: World) -> None:
    """R6."""
    here = await world.member("mei")
    await linked_elsewhere(200, 100, 40, now=world.clock())

    refused = await world.link(here, persona="mei-learn")

    told = await message(world, here, refused)
    assert refused.refusal_code == YearlyLimitReached.code
    assert told.startswith("This account has been associated 3 times within a year, which is the limit.")
    assert told.endswith("This date is for the account ending in 502; another account may have its own.")
    (account,) = await known(world, here)
    assert account.allowance.refusal is not None
    assert account.allowance.refusal.message == told
    assert account.allowance.next_available_at == world.clock() - 200 * DAY + YEAR


async def test_a_refused_account_keeps_nobody_from_linking_another(world: World) -> None:
    """R6: the date is the account's; the member's own history is what holds for every account."""
    here = await world.member("mei")
    await linked_elsewhere(10, now=world.clock())
    await world.link(here, persona="mei-learn")

    linked = await world.link(here, persona="tomasz-learn")

    assert linked.status is AttemptStatus.ASSOCIATED
    assert {ending: at - world.clock() for ending, at in (await dates(world, here)).items()} == {
        "502": 30 * DAY,
        "148": 30 * DAY,
    }
    assert all(isinstance(each.allowance.refusal, AlreadyAssociated) for each in await known(world, here))


async def test_an_account_that_moved_away_holds_back_only_itself(world: World) -> None:
    """R5, R6: the member whose account moved may link another one; its own date is shown beside theirs."""
    before, after = await world.member("mei-fabrikam"), await world.member("mei")
    await world.link(before, persona="mei-learn")
    world.clock.advance(40 * DAY)
    await world.link(after, persona="mei-learn")
    world.clock.advance(DAY)

    shown, own = await dates(world, before), await own_date(world, before)
    linked = await world.link(before, persona="tomasz-learn")

    assert (shown, own) == ({"502": world.clock() + 29 * DAY}, world.clock())
    assert linked.status is AttemptStatus.ASSOCIATED


async def test_an_account_of_the_member_s_own_follows_its_history_and_the_rules_of_today(world: World) -> None:
    """R6: what an attempt was told stays with the attempt; an account that was linked here needs no keeping."""
    before, after = await world.member("mei-fabrikam"), await world.member("mei")
    await world.link(before, persona="mei-learn")
    world.clock.advance(40 * DAY)
    await world.link(after, persona="mei-learn")
    refused = await world.link(before, persona="mei-learn")
    policy = replace(world.settings.policy, cool_off=20 * DAY)

    found = await known_accounts_of_members(before, [before.member_id], LEARN, now=world.clock(), policy=policy)

    assert refused.refusal_available_at == world.clock() + 30 * DAY
    (account,) = found[before.member_id]
    assert account.allowance.next_available_at == world.clock() + 20 * DAY


async def test_a_later_refusal_tells_the_newer_date(world: World) -> None:
    """R6: what was told stays until another attempt, whatever the account does meanwhile."""
    here = await world.member("mei")
    await linked_elsewhere(10, now=world.clock())
    await world.link(here, persona="mei-learn")
    first = await dates(world, here)
    world.clock.advance(25 * DAY)
    await linked_elsewhere(1, now=world.clock())

    meanwhile = await dates(world, here)
    await world.link(here, persona="mei-learn")

    assert first == {"502": world.clock() - 5 * DAY}
    assert meanwhile == {}
    assert await dates(world, here) == {"502": world.clock() + 29 * DAY}


async def test_an_account_that_was_linked_after_its_refusal_is_dated_by_its_history(world: World) -> None:
    """R6: what was told before no longer counts."""
    here = await world.member("mei")
    await linked_elsewhere(10, now=world.clock())
    await world.link(here, persona="mei-learn")
    world.clock.advance(20 * DAY)
    linked = await world.link(here, persona="mei-learn")
    started_at = world.clock()
    world.clock.advance(DAY)
    await take_away(world, here, linked)

    shown = await dates(world, here)
    world.clock.advance(40 * DAY)

    assert shown == {"502": started_at + 30 * DAY}
    (account,) = await known(world, here)
    assert account.allowance.allowed_now


async def test_nobody_else_and_no_other_provider_learns_the_date(world: World) -> None:
    """R17: a colleague, an admin and the member who comes back as another one."""
    here = await world.member("mei")
    await linked_elsewhere(10, now=world.clock())
    await world.link(here, persona="mei-learn")
    colleague = viewer_of(await make_member(await Organization.get(id=here.organization_id)))
    now, policy = world.clock(), world.settings.policy

    answers = [
        await known_accounts_of_members(viewer, [here.member_id], LEARN, now=now, policy=policy)
        for viewer in (here, colleague)
    ]
    elsewhere = await known_accounts_of_members(here, [here.member_id], UNIVERSITY, now=now, policy=policy)

    assert [len(answer[here.member_id]) for answer in answers] == [1, 0]
    assert await known(world, colleague) == []
    assert elsewhere == {here.member_id: []}


async def test_refused_attempts_at_once_keep_a_date_for_each_account(world: World) -> None:
    here, there = await world.member("mei"), await world.member("mei-fabrikam")
    await linked_elsewhere(10, now=world.clock())
    await linked_elsewhere(5, now=world.clock(), profile_id="990731148")
    begun = [
        await world.call_back(viewer, persona=persona)
        for viewer, persona in [(here, "mei-learn"), (here, "mei-learn"), (here, "tomasz-learn"), (there, "mei-learn")]
    ]

    processed = await asyncio.gather(*[world.process() for _ in begun])

    assert all(processed)
    assert {(await attempt(number)).refusal_code for number in begun} == {CoolOffActive.code}
    assert {ending: at - world.clock() for ending, at in (await dates(world, here)).items()} == {
        "502": 20 * DAY,
        "148": 25 * DAY,
    }
    assert {ending: at - world.clock() for ending, at in (await dates(world, there)).items()} == {"502": 20 * DAY}


async def test_a_callback_that_comes_twice_keeps_one_date(world: World) -> None:
    here = await world.member("mei")
    await linked_elsewhere(10, now=world.clock())
    returned = await world.go_to_provider(here, persona="mei-learn")
    received = [await world.receive(returned) for _ in range(2)]

    processed = [await world.process() for _ in range(2)]

    assert processed == [True, False]
    assert len({each.attempt_id for each in received}) == 1
    assert list(await dates(world, here)) == ["502"]


async def test_who_is_removed_at_once_is_refused_as_a_leaver_or_by_the_account(world: World) -> None:
    """R8: no attempt ends as one and keeps the date of the other."""
    here = await world.member("mei")
    await linked_elsewhere(10, now=world.clock())
    number = await world.call_back(here, persona="mei-learn")
    operator = Operator(organization_id=here.organization_id)

    await asyncio.gather(world.process(), remove_member(by=operator, member_id=here.member_id, now=world.clock()))

    refused = await attempt(number)
    dated = (refused.refusal_available_at is not None, refused.refusal_account_id is not None)
    assert (refused.refusal_code, dated) in [(NotFound.code, (False, False)), (CoolOffActive.code, (True, True))]


async def test_who_comes_back_as_a_new_member_starts_without_the_kept_date(world: World) -> None:
    """R8: the former membership's attempts stay its own."""
    here = await world.member("mei")
    await linked_elsewhere(10, now=world.clock())
    await world.link(here, persona="mei-learn")
    former = await Member.get(id=here.member_id)
    operator = Operator(organization_id=here.organization_id)
    await remove_member(by=operator, member_id=here.member_id, now=world.clock())

    again = viewer_of(await make_member(await Organization.get(id=here.organization_id), work_email=former.work_email))

    assert await known(world, again) == []
    assert await Association.filter(member_id=again.member_id).count() == 0
