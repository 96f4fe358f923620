"""From the click to the association, through the provider's sign-in."""

from collections import Counter
from datetime import timedelta

import pytest

from domain.models import (
    Association,
    AssociationAttempt,
    Callback,
    Completion,
    Credit,
    LearningAccount,
)
from domain.operations.associations import remove_association
from domain.queries.attempts import get_attempt_or_raise
from domain.rules.association_limits import CoolOffActive
from domain.rules.attempt_refusal import attempt_refusal
from domain.rules.credit_interval import credit_status
from domain.rules.enums import (
    AssociationEndReason,
    AttemptStatus,
    AttemptStep,
    CallbackStatus,
    CompletionKind,
    CreditStatus,
)
from tests.sign_in.environment import LEARN, UNIVERSITY, Returned, World, attempt, callback_of, trace


async def test_a_click_leads_to_an_association_with_pending_credits(world: World) -> None:
    """R3, R9, R10, R12."""
    amara = await world.member("amara")

    linked = await world.link(amara)

    association = await Association.get(id=linked.association_id).select_related("learning_account")
    assert (association.member_id, association.started_at, association.ended_at) == (
        amara.member_id,
        world.clock(),
        None,
    )
    assert association.learning_account.profile_id == "991204737"
    assert await _statuses(association, world) == {CreditStatus.PENDING: 6, CreditStatus.INELIGIBLE: 1}
    due = [credit.counts_from for credit in await Credit.filter(counts_from__not_isnull=True)]
    assert due == [world.clock() + timedelta(days=10)] * 6


async def test_each_step_is_shown_and_nothing_secret_is_left(world: World) -> None:
    amara = await world.member("amara")

    ticket = await world.begin(amara)
    waiting = await AssociationAttempt.get()
    opened = await world.open(ticket, amara)
    answer = await world.person.choose(opened.location, persona="amara-learn")
    received_id = (await world.receive(Returned(answer=answer, browser_token=opened.browser_token))).attempt_id
    received = await attempt(received_id)
    await world.process()

    assert (waiting.status, received.status) == (AttemptStatus.AWAITING_SIGN_IN, AttemptStatus.RECEIVED)
    finished = await get_attempt_or_raise(amara, received_id)
    assert finished.status(at=world.clock()) is AttemptStatus.ASSOCIATED
    assert [step for step, _ in finished.steps] == [
        AttemptStep.SIGNED_IN,
        AttemptStep.PROFILE_FOUND,
        AttemptStep.LINKED,
        AttemptStep.IMPORTED,
    ]
    row, callback = await attempt(received_id), await callback_of(received_id)
    assert row.verifier_sealed is None
    assert (callback.status, callback.code_sealed, callback.grant_sealed) == (CallbackStatus.DONE, None, None)


async def test_secrets_that_wait_are_sealed_and_tokens_are_hashed(world: World) -> None:
    amara = await world.member("amara")
    ticket = await world.begin(amara)
    opened = await world.open(ticket, amara)
    answer = await world.person.choose(opened.location, persona="amara-learn")
    await world.receive(Returned(answer=answer, browser_token=opened.browser_token))

    stored = repr(await AssociationAttempt.all().values()) + repr(await Callback.all().values())

    for secret in (ticket, opened.browser_token, answer.state, answer.code):
        assert secret is not None
        assert secret not in stored


async def test_a_partner_university_account_can_be_created_on_the_way(world: World) -> None:
    """R3."""
    amara = await world.member("amara")

    linked = await world.link(amara, UNIVERSITY, create="account", display_name="Amara O.")

    association = await Association.get(id=linked.association_id).select_related("learning_account")
    assert association.provider is UNIVERSITY
    assert association.learning_account.profile_id.startswith("PU-")
    assert await Credit.all().count() == 0


async def test_a_member_links_one_account_at_each_provider(world: World) -> None:
    """R3."""
    amara = await world.member("amara")

    at_learn = await world.link(amara)
    at_university = await world.link(amara, UNIVERSITY, persona="amara-university")

    assert (at_learn.status, at_university.status) == (AttemptStatus.ASSOCIATED,) * 2
    assert await Association.filter(ended_at=None).count() == 2
    assert (await Completion.get(provider=UNIVERSITY)).kind is CompletionKind.ASSESSMENT


async def test_a_transcript_of_two_pages_is_read_to_its_end(world: World) -> None:
    """R9."""
    amara = await world.member("amara")

    await world.link(amara, persona="ingrid-learn")

    assert world.line.count("/transcript") == 2
    assert await Completion.all().count() == await Credit.all().count() == 56


async def test_a_transcript_gives_the_same_in_any_order_and_however_often(world: World) -> None:
    """R9: three members, one after the other, link the account whose transcript arrives in three ways."""
    arrivals = {"amara": {}, "jonas": {"duplicate": True}, "priya": {"duplicate": True, "reordered": True}}
    results = []

    for key, knobs in arrivals.items():
        viewer = await world.member(key)
        await world.fault("microsoft-learn", **knobs)
        await world.link(viewer, persona="ingrid-learn")
        recorded = await Completion.all().order_by("completion_id").values("completion_id", "expires_at", "recorded_at")
        credited = Counter(await Credit.filter(member_id=viewer.member_id).values_list("completion_id", flat=True))
        results.append((recorded, credited))
        world.clock.advance(timedelta(days=31))

    assert len(results[0][0]) == 56
    assert set(results[0][1].values()) == {1}
    assert results[0] == results[1] == results[2]


async def test_an_account_that_is_linked_elsewhere_moves(world: World) -> None:
    """R5."""
    felix, mei = await world.member("mei-fabrikam"), await world.member("mei")
    before = await world.link(felix, persona="mei-learn")
    world.clock.advance(timedelta(days=30))

    after = await world.link(mei, persona="mei-learn")

    ended = await Association.get(id=before.association_id)
    assert (ended.ended_at, ended.end_reason) == (world.clock(), AssociationEndReason.MOVED)
    assert (after.moved_from, after.unlinked_elsewhere_at) == ("Fabrikam", world.clock())
    assert await LearningAccount.all().count() == 1


async def test_the_cool_off_refuses_at_the_worker_with_the_sentence_and_the_date(world: World) -> None:
    """R6: another member's history is known only when the account is."""
    there, here = await world.member("mei-fabrikam"), await world.member("mei")
    await world.link(there, persona="mei-learn")
    allowed_at = world.clock() + timedelta(days=30)
    world.clock.advance(timedelta(days=30) - timedelta(microseconds=1))
    before = await trace()

    refused = await world.link(here, persona="mei-learn")

    assert await trace() == before
    assert (refused.status, refused.refusal_code) == (AttemptStatus.REFUSED, CoolOffActive.code)
    assert refused.refusal_available_at == allowed_at
    shown = attempt_refusal(
        refused.refusal_code or "",
        provider=LEARN,
        next_available_at=refused.refusal_available_at,
        account=(await get_attempt_or_raise(here, refused.id)).refusal_account,
        policy=world.settings.policy,
    )
    assert shown.message == (
        "You've attempted to associate with a partner organization. However, we require a period of 30 days between "
        "associations. Your next available date for a subsequent association is 3 December 2026, 14:30 UTC. This date "
        "is for the account ending in 502; another account may have its own."
    )
    assert (await callback_of(refused.id)).status is CallbackStatus.DONE


async def test_a_member_in_the_cool_off_does_not_get_as_far_as_the_provider(world: World) -> None:
    """R6, R7."""
    amara = await world.member("amara")
    linked = await world.link(amara)
    assert linked.association_id is not None
    world.clock.advance(timedelta(days=3))
    removed = await remove_association(
        viewer=amara, association_id=linked.association_id, now=world.clock(), policy=world.settings.policy
    )
    attempts = await AssociationAttempt.all().count()

    with pytest.raises(CoolOffActive) as refused:
        await world.begin(amara)

    assert refused.value.next_available_at == removed.next_available_at
    assert await AssociationAttempt.all().count() == attempts


async def test_an_incomplete_profile_counts_for_nothing_and_can_be_completed(world: World) -> None:
    """R3."""
    amara = await world.member("amara")
    before = await trace()
    await world.fault("microsoft-learn", incomplete_profile=True)

    refused = await world.link(amara)
    after_the_refusal = await trace()
    await world.fault("microsoft-learn")
    linked = await world.link(amara)

    assert (refused.status, refused.refusal_code) == (AttemptStatus.REFUSED, "PROFILE_INCOMPLETE")
    assert after_the_refusal == before
    assert linked.status is AttemptStatus.ASSOCIATED


async def _statuses(association: Association, world: World) -> dict[CreditStatus, int]:
    credits = await Credit.filter(association_id=association.id)
    return Counter(
        credit_status(
            counts_from=credit.counts_from,
            counts_until=credit.counts_until,
            ineligible_reason=credit.ineligible_reason,
            at=world.clock(),
        )
        for credit in credits
    )
