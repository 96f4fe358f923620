"""Start an association with its credits (R3 to R7)."""

from datetime import datetime, timedelta

import pytest

from domain.database.pagination import PageRequest
from domain.models import Association, AssociationAttempt, Completion, Credit, LearningAccount, Member
from domain.operations.associations import associate, remove_association
from domain.operations.credits import propagate_credits
from domain.queries.credits import CreditFilter, credits
from domain.rules.association_limits import AlreadyAssociated, CoolOffActive
from domain.rules.enums import AssociationEndReason, MemberRole
from domain.rules.policy import Policy
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import completion_record, make_attempt, make_member, make_organization, viewer_of

POLICY = Policy()


async def test_associating_gives_a_credit_for_each_completion_that_counts_ten_days_later(database: str) -> None:
    """R10."""
    member = await make_member(await make_organization())
    attempt = await make_attempt(member)

    association_id = await associate(
        attempt_id=attempt.id,
        profile_id="991204737",
        completions=[completion_record("AZ-104"), completion_record("AZ-305")],
        now=START,
        policy=POLICY,
    )
    association = await Association.get(id=association_id)

    credits = await Credit.filter(association=association)
    assert [credit.counts_from for credit in credits] == [START + timedelta(days=10)] * 2
    assert (await AssociationAttempt.get(id=attempt.id)).association_id == association.id
    assert await propagate_credits(now=START + timedelta(days=10) - timedelta(microseconds=1)) == 0
    assert await propagate_credits(now=START + timedelta(days=10)) == 2
    assert await propagate_credits(now=START + timedelta(days=10)) == 0


async def test_an_account_that_is_linked_elsewhere_moves_at_the_same_instant(database: str) -> None:
    """R5."""
    here, there = await make_organization("Contoso"), await make_organization("Fabrikam")
    before = await _associate(await make_member(there), "991204737", START)
    later = START + timedelta(days=30)

    after = await _associate(await make_member(here), "991204737", later)

    ended = await Association.get(id=before.id)
    assert (ended.ended_at, ended.end_reason) == (later, AssociationEndReason.MOVED)
    assert after.started_at == later
    assert [credit.counts_until for credit in await Credit.filter(association=before)] == [later]


async def test_the_cool_off_of_an_account_refuses_another_member_and_leaves_no_trace(database: str) -> None:
    """R6."""
    here, there = await make_organization("Contoso"), await make_organization("Fabrikam")
    await _associate(await make_member(there), "991204737", START)
    attempt = await make_attempt(await make_member(here))

    async with leaving_no_trace():
        with pytest.raises(CoolOffActive) as refused:
            await associate(
                attempt_id=attempt.id,
                profile_id="991204737",
                completions=[completion_record()],
                now=START + timedelta(days=30) - timedelta(microseconds=1),
                policy=POLICY,
            )

    assert refused.value.next_available_at == START + timedelta(days=30)


async def test_a_member_has_at_most_one_active_association_at_a_provider(database: str) -> None:
    """R3."""
    member = await make_member(await make_organization())
    await _associate(member, "991204737", START)

    with pytest.raises(AlreadyAssociated):
        await _associate(member, "991204738", START + timedelta(days=31))

    assert await LearningAccount.all().count() == 1


async def test_removing_ends_the_credits_now_and_the_cool_off_keeps_running(database: str) -> None:
    """R7."""
    member = await make_member(await make_organization())
    association = await _associate(member, "991204737", START)
    now = START + timedelta(days=3)

    removed = await remove_association(viewer=viewer_of(member), association_id=association.id, now=now, policy=POLICY)

    assert removed.credits_ended == 1
    assert removed.next_available_at == START + timedelta(days=30)
    credit = await Credit.get(association=association)
    assert (credit.counts_from, credit.counts_until) == (now, now)


async def test_an_end_never_lies_before_what_another_machine_has_recorded(database: str) -> None:
    """R5, R7: the clock of whoever propagated was a little ahead."""
    here, there = await make_organization("Contoso"), await make_organization("Fabrikam")
    one, other = await make_member(there), await make_member(there)
    removed, moved = await _associate(one, "991204737", START), await _associate(other, "991204738", START)
    counted_at = START + timedelta(days=10)
    await propagate_credits(now=counted_at)

    just_before = counted_at - timedelta(seconds=1)
    await remove_association(viewer=viewer_of(one), association_id=removed.id, now=just_before, policy=POLICY)
    after = await _associate(await make_member(here), "991204738", just_before, policy=Policy(cool_off=timedelta(0)))

    for ended in (removed, moved):
        await ended.refresh_from_db()
        assert ended.ended_at == counted_at
    assert after.started_at == counted_at


async def test_a_cool_off_that_was_shortened_by_the_settings_holds_at_once(database: str) -> None:
    """R6: the check and the constraint agree."""
    here, there = await make_organization("Contoso"), await make_organization("Fabrikam")
    await _associate(await make_member(there), "991204737", START)
    shorter = Policy(cool_off=timedelta(days=5))

    after = await _associate(await make_member(here), "991204737", START + timedelta(days=5), policy=shorter)

    assert after.started_at == START + timedelta(days=5)


async def test_an_account_without_completions_is_associated_all_the_same(database: str) -> None:
    member = await make_member(await make_organization())

    association = await _associate(member, "991204737", START, certifications=())

    assert await Association.get(id=association.id) == association
    assert await Credit.all().count() == 0


async def test_what_a_transcript_tells_twice_is_recorded_once(database: str) -> None:
    """R9: what it tells last."""
    member = await make_member(await make_organization())

    await _associate(member, "991204737", START, certifications=("AZ-104", "AZ-104"))

    assert await Completion.all().count() == await Credit.all().count() == 1


async def test_another_accounts_completion_is_left_alone(database: str) -> None:
    """R9: a provider that tells a completion of two accounts is not believed the second time."""
    organization = await make_organization()
    mine = await _associate(await make_member(organization), "991204737", START, completion_id="msl-1")

    await _associate(await make_member(organization), "991204738", START, completion_id="msl-1")

    assert [credit.association_id for credit in await Credit.all()] == [mine.id]


async def _associate(
    member: Member,
    profile_id: str,
    now: datetime,
    *,
    certifications: tuple[str, ...] = ("AZ-104",),
    completion_id: str | None = None,
    policy: Policy = POLICY,
) -> Association:
    completions = [
        completion_record(code, completion_id=completion_id or f"msl-{profile_id}") for code in certifications
    ]
    association_id = await associate(
        attempt_id=(await make_attempt(member)).id,
        profile_id=profile_id,
        completions=completions,
        now=now,
        policy=policy,
    )
    return await Association.get(id=association_id)


async def test_an_organization_does_not_learn_of_a_renewal_after_the_account_moved(database: str) -> None:
    """R17."""
    here, there = await make_organization("Contoso"), await make_organization("Fabrikam")
    admin = await make_member(there, role=MemberRole.ACCOUNT_ADMIN)
    await _associate(await make_member(there), "991204737", START)
    later = START + timedelta(days=40)
    attempt = await make_attempt(await make_member(here), created_at=later)
    renewed = completion_record("AZ-104", completion_id="msl-991204737", expires_at=START + timedelta(days=700))

    await associate(attempt_id=attempt.id, profile_id="991204737", completions=[renewed], now=later, policy=POLICY)

    async def shown(as_of: datetime) -> list[datetime | None]:
        page = await credits(viewer_of(admin), matching=CreditFilter(), as_of=as_of, page=PageRequest())
        return [row.expires_at for row in page.rows]

    assert await shown(later) == [None]
