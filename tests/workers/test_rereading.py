"""Nightly transcript reads (R9)."""

import asyncio
from datetime import timedelta

import pytest

from domain.models import Association, Completion, Credit, CreditEvent
from domain.operations.transcripts import ReadPage
from domain.queries.associations import get_association_or_raise
from domain.rules.association_limits import AlreadyAssociated
from domain.rules.enums import AttemptStatus, TranscriptProblem
from domain.rules.transcript_reading import LAST_READING, next_night_reading
from tests.sign_in.environment import UNIVERSITY, World
from tests.workers.rereading import AMARA, DAY, grant, linked, read, refuse, remove, tell
from tests.workers.sweeping import sweep
from workers.tasks import WorkerContext


async def test_a_linked_account_is_read_again_in_the_next_night_and_every_night_after(world: World) -> None:
    amara = await linked(world)
    association = await Association.get()
    assert association.next_read_at == next_night_reading(association.learning_account_id, after=world.clock())

    assert await read(world) == ReadPage(taken=0, unavailable=0)
    for _ in range(2):
        world.clock.advance(DAY)
        assert await read(world) == ReadPage(taken=1, unavailable=0)

    association = await Association.get()
    assert (association.transcript_read_at, association.read_tries) == (world.clock(), 0)
    assert (await get_association_or_raise(amara, association.id)).transcript_problem is None
    assert await Completion.all().count() == await Credit.all().count() == 7


async def test_what_is_earned_renewed_and_revoked_there_is_known_after_the_night(world: World) -> None:
    """R9 to R11."""
    await linked(world)
    world.clock.advance(DAY)
    await tell(world, "completions", "SC-100")
    await tell(world, "renewals", "AZ-104")
    await tell(world, "revocations", "AZ-305")
    before = await Completion.get(certification="AZ-104")
    earned_at = world.clock()
    world.clock.advance(DAY)

    await read(world)

    renewed = await Credit.get(completion__certification="AZ-104")
    assert before.expires_at is not None
    assert renewed.counts_until == before.expires_at.replace(year=before.expires_at.year + 1)
    assert (await Credit.get(completion__certification="SC-100")).counts_from == earned_at + 10 * DAY
    revoked = await Credit.get(completion__certification="AZ-305")
    assert (revoked.counts_until, revoked.end_reason) == (world.clock(), "REVOKED")


async def test_a_renewal_on_the_last_day_leaves_no_gap(world: World) -> None:
    """R11: the transcript is read once more just before the expiry."""
    await linked(world)
    credit = await Credit.get(completion__certification="SC-300")
    assert credit.counts_until is not None
    for early in (DAY, timedelta(hours=2)):
        world.clock.now = credit.counts_until - early
        await read(world)
    world.clock.now = credit.counts_until - timedelta(hours=1)
    await tell(world, "renewals", "SC-300")
    due_at = (await Association.get()).next_read_at
    assert due_at == credit.counts_until - LAST_READING

    world.clock.now = due_at
    await read(world)

    renewed = await Credit.get(completion__certification="SC-300")
    assert renewed.counts_until is not None
    assert renewed.counts_until > credit.counts_until + 300 * DAY


async def test_the_sweeper_reads_at_every_provider_and_what_is_due_then_takes_effect(
    world: World, workplace: WorkerContext
) -> None:
    amara = await linked(world)
    await world.link(amara, UNIVERSITY, persona="amara-university")
    world.clock.advance(11 * DAY)

    await sweep(workplace)
    await sweep(workplace)

    read_at = await Association.all().values_list("transcript_read_at", flat=True)
    assert read_at == [world.clock()] * 2
    assert await CreditEvent.filter(kind="COUNTED").count() == 7


async def test_every_refresh_token_is_used_once_and_kept_sealed(world: World) -> None:
    await linked(world)
    kept = [await grant(world)]

    for _ in range(3):
        world.clock.advance(DAY)
        await read(world)
        kept.append(await grant(world))

    assert len(set(kept)) == 4
    stored = repr(await Association.all().values())
    assert not any(token in stored for token in kept)


async def test_a_refused_grant_asks_for_a_sign_in_and_no_more_of_the_provider(
    world: World, workplace: WorkerContext
) -> None:
    amara = await linked(world)
    await world.browser.post(f"{AMARA}/withdrawals")
    world.clock.advance(DAY)

    assert await read(world) == ReadPage(taken=1, unavailable=0)
    asked = world.line.count("/token")
    world.clock.advance(DAY)
    await sweep(workplace)

    association = await Association.get()
    assert (association.grant_sealed, association.next_read_at) == (None, None)
    row = await get_association_or_raise(amara, association.id)
    assert row.transcript_problem is TranscriptProblem.SIGN_IN_AGAIN
    assert world.line.count("/token") == asked
    assert await Credit.filter(counts_from__not_isnull=True).count() == 6


async def test_signing_in_again_lets_it_be_read_and_is_no_new_association(world: World) -> None:
    """R6: nothing starts, so nothing counts."""
    amara = await linked(world)
    with pytest.raises(AlreadyAssociated):
        await world.begin(amara)
    await refuse(world)
    await tell(world, "completions", "SC-100")

    resumed = await world.link(amara)

    association = await Association.get()
    assert (resumed.status, resumed.association_id) == (AttemptStatus.ASSOCIATED, association.id)
    assert (association.transcript_read_at, association.grant_refused_at) == (world.clock(), None)
    assert await Credit.filter(completion__certification="SC-100").count() == 1
    world.clock.advance(DAY)
    assert await read(world) == ReadPage(taken=1, unavailable=0)


async def test_signing_in_again_with_another_account_is_refused(world: World) -> None:
    """R3."""
    amara = await linked(world)
    await refuse(world)

    refused = await world.link(amara, persona="tomasz-learn")

    assert (refused.status, refused.refusal_code) == (AttemptStatus.REFUSED, AlreadyAssociated.code)
    assert (await Association.get()).grant_sealed is None


async def test_the_end_of_an_association_erases_its_grant(world: World) -> None:
    """R7, R17."""
    amara = await linked(world)
    association = await Association.get()

    await remove(world, amara)

    association = await Association.get()
    assert (association.grant_sealed, association.next_read_at) == (None, None)
    assert (await get_association_or_raise(amara, association.id)).transcript_problem is None


async def test_what_arrives_after_the_association_ended_is_not_stored(world: World) -> None:
    """R9: it ends while its transcript is being read."""
    amara = await linked(world)
    world.clock.advance(DAY)
    await tell(world, "completions", "SC-100")
    go_on = world.line.hold("/transcript")
    reading = asyncio.create_task(read(world))
    await world.line.reached["/transcript"].wait()

    await remove(world, amara)
    go_on.set()
    await reading

    assert not await Completion.exists(certification="SC-100")
    assert (await Association.get()).grant_sealed is None


async def test_a_long_absence_is_made_up_for_once(world: World, workplace: WorkerContext) -> None:
    """No worker ran for a month."""
    await linked(world)
    world.clock.advance(30 * DAY)
    asked = world.line.count("/token")

    await sweep(workplace)

    association = await Association.get()
    assert world.line.count("/token") == asked + 1
    assert association.next_read_at == next_night_reading(association.learning_account_id, after=world.clock())
