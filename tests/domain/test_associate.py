"""How does a learning account come to count for a member's organization (R3 to R7)?"""

from datetime import timedelta

import pytest

from domain.models import Association, AssociationAttempt, AuditEvent, Completion, Credit, LearningAccount
from domain.operations.associate import associate
from domain.operations.propagate_credits import propagate_credits
from domain.operations.remove_association import remove_association
from domain.rules.association_limits import AlreadyAssociated, CoolOffActive
from domain.rules.policy import Policy
from domain.rules.words import AssociationEndReason
from tests.clock import START
from tests.factories import completion_record, make_attempt, make_member, make_organization, viewer_of

POLICY = Policy()


async def test_associating_gives_a_credit_for_each_completion_that_counts_ten_days_later(database: str) -> None:
    """R10."""
    member = await make_member(await make_organization())
    attempt = await make_attempt(member)

    association = await associate(
        attempt_id=attempt.id,
        profile_id="991204737",
        completions=[completion_record("AZ-104"), completion_record("AZ-305")],
        now=START,
        policy=POLICY,
    )

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
    trace = await _trace()

    with pytest.raises(CoolOffActive) as refused:
        await _associate(await make_member(here), "991204737", START + timedelta(days=30) - timedelta(microseconds=1))

    assert refused.value.next_available_at == START + timedelta(days=30)
    assert await _trace() == trace


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


async def _associate(member: object, profile_id: str, now: object) -> Association:
    attempt = await make_attempt(member)  # type: ignore[arg-type]
    return await associate(
        attempt_id=attempt.id,
        profile_id=profile_id,
        completions=[completion_record("AZ-104", completion_id=f"msl-{profile_id}")],
        now=now,  # type: ignore[arg-type]
        policy=POLICY,
    )


async def _trace() -> list[int]:
    return [await model.all().count() for model in (Association, AuditEvent, Completion, Credit, LearningAccount)]
