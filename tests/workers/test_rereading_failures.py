"""Nightly transcript reads under failures (R9)."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from domain.database.pool import execute
from domain.models import Association, Completion, Credit
from domain.operations.transcripts import ReadPage
from domain.queries.associations import get_association_or_raise
from domain.rules.enums import TranscriptProblem
from tests.sign_in.environment import World
from tests.sign_in.tcp_proxy import Death
from tests.workers.rereading import DAY, grant, let_the_lease_lapse, linked, read, tell
from tests.workers.sweeping import sweep
from workers.tasks import TASKS, WorkerContext


async def test_a_provider_that_is_away_is_asked_again_later_and_later(world: World) -> None:
    amara = await linked(world)
    world.clock.advance(DAY)
    world.line.cut.add("/token")
    association, waits = await Association.get(), []

    for _ in range(3):
        assert await read(world) == ReadPage(taken=1, unavailable=1)
        await association.refresh_from_db()
        assert association.next_read_at is not None
        waits.append(association.next_read_at - world.clock())
        world.clock.now = association.next_read_at
    row = await get_association_or_raise(amara, association.id)
    world.line.cut.clear()
    await read(world)

    assert waits == [timedelta(minutes=15), timedelta(minutes=30), timedelta(minutes=60)]
    assert row.transcript_problem is TranscriptProblem.PROVIDER_UNAVAILABLE
    association = await Association.get()
    assert (association.read_error, association.read_tries, association.transcript_read_at) == (None, 0, world.clock())


@pytest.mark.parametrize("context", ["/token", "/transcript"])
async def test_a_provider_that_asks_for_patience_gets_it(world: World, workplace: WorkerContext, context: str) -> None:
    await linked(world)
    world.clock.advance(DAY)
    headers = {"content-type": "application/json", "retry-after": "7200"}
    busy = httpx2.Response(503, headers=headers, content=b'{"error": "temporarily_unavailable"}')
    world.line.lies[context] = lambda _: busy

    await TASKS["reread_transcripts"](workplace)
    asked = world.line.count(context)
    await TASKS["reread_transcripts"](workplace)

    association = await Association.get()
    assert association.next_read_at is not None
    assert association.next_read_at >= world.clock() + timedelta(hours=2)
    assert world.line.count(context) == asked


async def test_an_account_that_fails_keeps_no_other_back(world: World, workplace: WorkerContext) -> None:
    people = ("amara", "priya", "mei", "tomasz")
    for key in people:
        await world.link(await world.member(key), persona=f"{key}-learn")
    await world.browser.post("/personas/priya-learn/withdrawals")
    await execute("UPDATE association SET grant_sealed = 'broken' WHERE id = (SELECT min(id) FROM association)")
    world.clock.advance(DAY)

    await sweep(workplace)

    rows = await Association.all().order_by("id")
    assert [row.transcript_read_at == world.clock() for row in rows] == [False, False, True, True]
    assert (rows[0].read_error, rows[0].grant_sealed is not None) == ("UnreadableSecret", True)
    assert rows[1].grant_refused_at == world.clock()


async def test_two_workers_at_once_read_each_transcript_once(world: World) -> None:
    for key in ("amara", "priya", "mei", "tomasz"):
        await world.link(await world.member(key), persona=f"{key}-learn")
    world.clock.advance(DAY)
    asked = world.line.count("/token")

    pages = await asyncio.gather(*(read(world) for _ in range(5)))

    assert sum(page.taken for page in pages) == 4
    assert world.line.count("/token") - asked == 4
    assert set(await Association.all().values_list("transcript_read_at", flat=True)) == {world.clock()}


async def test_no_more_than_a_few_are_read_at_once_by_all_workers_together(world: World) -> None:
    for key in ("amara", "priya", "mei"):
        await world.link(await world.member(key), persona=f"{key}-learn")
    world.settings.transcripts_at_once = 2
    world.clock.advance(DAY)
    go_on = world.line.hold("/transcript")

    first = asyncio.create_task(read(world))
    await world.line.reached["/transcript"].wait()
    meanwhile = await read(world)
    go_on.set()

    assert (meanwhile.taken, (await first).taken, (await read(world)).taken) == (0, 2, 1)


async def test_a_death_after_the_new_token_is_kept_loses_nothing(world: World) -> None:
    await linked(world)
    before = await grant(world)
    world.clock.advance(DAY)
    world.line.deaths_before.add("/transcript")
    with pytest.raises(Death):
        await read(world)
    world.line.deaths_before.clear()
    assert await grant(world) != before

    assert await read(world) == ReadPage(taken=0, unavailable=0)
    await let_the_lease_lapse()
    world.clock.advance(timedelta(minutes=15))
    assert await read(world) == ReadPage(taken=1, unavailable=0)

    assert (await Association.get()).transcript_read_at == world.clock()


async def test_a_database_that_is_away_for_a_moment_does_not_lose_the_new_token(world: World) -> None:
    """The old one is used up by then."""
    await linked(world)
    before = await grant(world)
    world.clock.advance(DAY)
    # A sequence counts on, whatever is rolled back; 57P03 is how a database says that it is starting.
    await execute(
        """CREATE SEQUENCE storing;
           CREATE FUNCTION be_away() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN
               IF nextval('storing') <= 2 THEN RAISE EXCEPTION 'starting' USING ERRCODE = '57P03'; END IF;
               RETURN NEW;
           END $$;
           CREATE TRIGGER away BEFORE UPDATE OF grant_sealed ON association
           FOR EACH ROW WHEN (NEW.read_leased_until IS NOT NULL) EXECUTE FUNCTION be_away()"""
    )

    page = await read(world)
    await execute("DROP TRIGGER away ON association; DROP FUNCTION be_away; DROP SEQUENCE storing")

    assert page == ReadPage(taken=1, unavailable=0)
    assert await grant(world) != before
    assert (await Association.get()).transcript_read_at == world.clock()


async def test_a_death_before_the_new_token_is_kept_ends_in_a_visible_state(world: World) -> None:
    """The provider takes the old token for stolen: nobody can do better than say so."""
    amara = await linked(world)
    world.clock.advance(DAY)
    world.line.deaths_after.add("/token")
    with pytest.raises(Death):
        await read(world)
    world.line.deaths_after.clear()
    await let_the_lease_lapse()
    world.clock.advance(timedelta(minutes=15))

    await read(world)

    row = await get_association_or_raise(amara, (await Association.get()).id)
    assert row.transcript_problem is TranscriptProblem.SIGN_IN_AGAIN


async def test_a_worker_that_outlived_its_lease_changes_nothing_any_more(world: World) -> None:
    await linked(world)
    world.clock.advance(DAY)
    go_on = world.line.hold("/transcript")
    late = asyncio.create_task(read(world))
    await world.line.reached["/transcript"].wait()
    world.line.held.clear()
    await let_the_lease_lapse()
    world.clock.advance(timedelta(minutes=15))
    await tell(world, "completions", "SC-100")
    await read(world)
    before = await rows()

    go_on.set()
    await late

    assert await rows() == before


async def rows() -> list[list[dict[str, Any]]]:
    return [await model.all().order_by("id").values() for model in (Association, Completion, Credit)]
