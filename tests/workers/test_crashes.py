"""Recovery of callbacks whose worker dies."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest
from typing_extensions import override

from domain import jobs
from domain.database.pool import fetch_value
from domain.errors import TryAgain
from domain.jobs import Job, NoQueue
from domain.models import Association, Completion, Credit, Member, Organization, WorkIdentity
from domain.operations.callbacks import (
    finish_callback,
    lease_callback,
    record_profile_found,
    retry_callback,
    store_grant,
)
from domain.operations.steps.leases import MAX_TRIES, LeaseLost
from domain.rules.enums import AttemptStatus, CallbackStatus, MemberStatus
from domain.rules.sign_in import ProviderUnavailable, SignInNotAccepted
from tests.sign_in.environment import World, attempt, callback_of, let_the_lease_lapse, trace
from tests.sign_in.tcp_proxy import Death, Line


class DeadlyQueue(NoQueue):
    """The process ends after the commit, before anybody is told."""

    @override
    async def wake(self, job: Job) -> None:
        """End here."""
        raise Death


async def test_a_lease_that_nobody_comes_back_from_lapses_and_is_taken_again(world: World) -> None:
    attempt_id = await world.call_back(await world.member())
    world.line.deaths_before.add("/token")

    with pytest.raises(Death):
        await world.process()
    world.line.deaths_before.clear()

    assert (await attempt(attempt_id)).status is AttemptStatus.PROCESSING
    assert not await world.process()
    await let_the_lease_lapse()
    await _ends_well(world, attempt_id, exchanges=2)


async def test_a_death_after_the_exchange_ends_in_a_visible_failure(world: World) -> None:
    """The code is burnt and what it gave is lost: nobody can do better than say so."""
    attempt_id = await world.call_back(await world.member())
    before = await trace()
    world.line.deaths_after.add("/token")

    with pytest.raises(Death):
        await world.process()
    world.line.deaths_after.clear()
    await let_the_lease_lapse()
    await world.process()

    ended, callback = await attempt(attempt_id), await callback_of(attempt_id)
    assert (ended.status, ended.refusal_code) == (AttemptStatus.FAILED, SignInNotAccepted.code)
    assert callback.status is CallbackStatus.DONE
    assert await trace() == before
    assert not await world.process()


@pytest.mark.parametrize("context", ["/userinfo", "/transcript"])
async def test_what_was_exchanged_is_kept_over_a_death(world: World, context: str) -> None:
    attempt_id = await world.call_back(await world.member())
    world.line.deaths_before.add(context)

    with pytest.raises(Death):
        await world.process()
    world.line.deaths_before.clear()
    kept = await callback_of(attempt_id)
    await let_the_lease_lapse()

    assert kept.code_sealed is None
    assert kept.grant_sealed is not None
    await _ends_well(world, attempt_id, exchanges=1)


async def test_a_death_inside_the_last_transaction_leaves_nothing_of_it(world: World) -> None:
    attempt_id = await world.call_back(await world.member())
    before = await trace()

    # The worker comes as far as the audit, the transaction's last part, and waits for the organization there.
    holder = await asyncpg.connect(world.settings.database_url)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("SELECT id FROM organization FOR UPDATE")
    worker = asyncio.create_task(world.process())
    await _until_it_waits(holder)
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    await transaction.rollback()
    await holder.close()

    assert await trace() == before
    await let_the_lease_lapse()
    await _ends_well(world, attempt_id, exchanges=1)


async def test_a_database_that_goes_away_inside_the_last_transaction_leaves_nothing_of_it(world: World) -> None:
    attempt_id = await world.call_back(await world.member())
    before = await trace()
    operator = await asyncpg.connect(world.settings.database_url)
    await operator.execute(
        """CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
           CREATE TRIGGER deadly BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION die()"""
    )

    with pytest.raises(TryAgain):
        await world.process()
    await operator.execute("DROP TRIGGER deadly ON audit_event")
    await operator.close()

    assert await trace() == before
    await let_the_lease_lapse()
    await _ends_well(world, attempt_id, exchanges=1)


async def test_a_death_after_the_commit_doubles_nothing(world: World) -> None:
    attempt_id = await world.call_back(await world.member())
    jobs.use_queue(DeadlyQueue())

    with pytest.raises(Death):
        await world.process()
    jobs.use_queue(NoQueue())
    before = await trace()
    await let_the_lease_lapse()

    assert not await world.process()
    assert await trace() == before
    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED


async def test_two_workers_take_one_callback_once(world: World) -> None:
    attempt_id = await world.call_back(await world.member())

    took = await asyncio.gather(*(world.process() for _ in range(5)))

    assert sorted(took) == [False] * 4 + [True]
    assert await Association.all().count() == 1
    assert (world.line.count("/token"), (await callback_of(attempt_id)).tries) == (1, 1)


async def test_a_worker_that_outlived_its_lease_changes_nothing_any_more(world: World) -> None:
    """Both read the transcript; only the one that holds the callback now writes."""
    attempt_id = await world.call_back(await world.member())
    go_on = world.line.hold("/transcript")
    late = asyncio.create_task(world.process())
    await world.line.reached["/transcript"].wait()
    world.line.held.clear()
    await let_the_lease_lapse()

    await world.process()
    before = await trace()
    go_on.set()
    await late

    assert await trace() == before
    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED
    assert await Association.all().count() == 1


async def test_a_late_holder_can_neither_store_nor_show_nor_finish_nor_release(world: World) -> None:
    attempt_id = await world.call_back(await world.member())
    late = await lease_callback()
    await let_the_lease_lapse()
    holder = await lease_callback()
    assert late is not None
    assert holder is not None
    refusal = ProviderUnavailable("Microsoft Learn")

    for act in (
        store_grant(lease=late, grant_sealed=b"x"),
        record_profile_found(lease=late, now=world.clock()),
        finish_callback(lease=late, refusal=None, now=world.clock()),
        retry_callback(lease=late, refusal=refusal, error="x", now=world.clock()),
    ):
        with pytest.raises(LeaseLost):
            await act

    await store_grant(lease=holder, grant_sealed=b"x")
    assert (await attempt(attempt_id)).status is AttemptStatus.PROCESSING


async def test_a_callback_that_ends_every_worker_is_given_up(world: World) -> None:
    attempt_id = await world.call_back(await world.member())
    before = await trace()
    world.line.deaths_before.add("/token")
    for _ in range(MAX_TRIES):
        with pytest.raises(Death):
            await world.process()
        await let_the_lease_lapse()

    assert await world.process()

    ended, callback = await attempt(attempt_id), await callback_of(attempt_id)
    assert (ended.status, callback.status, callback.code_sealed) == (AttemptStatus.FAILED, CallbackStatus.DEAD, None)
    assert world.line.count("/token") == MAX_TRIES
    assert await trace() == before


# What is away at first, as whom somebody links meanwhile, and how often the code is sent.
LATER: list[tuple[Callable[[Line], object], str, str, int]] = [
    # The first, since keys that were read once are kept.
    (lambda line: line.cut.add("/jwks"), "amara", "amara-learn", 1),
    (lambda line: line.cut.add("/token"), "priya", "priya-learn", 4),
    (lambda line: line.cut.add("/userinfo"), "mei", "mei-learn", 1),
    (lambda line: line.lie("/transcript", "{}", status=503), "tomasz", "tomasz-learn", 1),
]


async def test_a_provider_that_comes_back_ends_it_well(world: World) -> None:
    for go_away, member, persona, exchanges in LATER:
        attempt_id = await world.call_back(await world.member(member), persona=persona)
        sent_before = world.line.count("/token")
        go_away(world.line)
        waits = []
        for _ in range(3):
            assert await world.process()
            waits.append(await _seconds_to_wait(attempt_id))
            await let_the_lease_lapse()
        world.line.cut.clear()
        world.line.lies.clear()
        assert await world.process()

        # Each wait is twice the one before, less what has passed since.
        assert waits[0] < waits[1] < waits[2] <= 4
        assert (await callback_of(attempt_id)).last_error is None
        assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED
        assert world.line.count("/token") - sent_before == exchanges


async def test_an_attempt_whose_member_was_removed_meanwhile_is_refused(world: World) -> None:
    """R8: access ends at once."""
    amara = await world.member()
    attempt_id = await world.call_back(amara)
    await Member.filter(id=amara.member_id).update(status=MemberStatus.REMOVED, removed_at=world.clock())
    await WorkIdentity.filter(member_id=amara.member_id).update(ended_at=world.clock())
    before = await trace()

    await world.process()

    ended = await attempt(attempt_id)
    assert (ended.status, ended.refusal_code) == (AttemptStatus.REFUSED, "NOT_FOUND")
    assert await trace() == before


async def test_a_provider_that_was_taken_out_of_the_settings_fails_the_attempt(world: World) -> None:
    attempt_id = await world.call_back(await world.member())
    world.settings.microsoft_learn_issuer = None

    while await world.process():
        await let_the_lease_lapse()

    assert (await attempt(attempt_id)).refusal_code == ProviderUnavailable.code


async def _ends_well(world: World, attempt_id: int, *, exchanges: int) -> None:
    assert await world.process()
    assert not await world.process()
    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED
    counts = [await model.all().count() for model in (Association, Completion, Credit, Organization)]
    assert counts == [1, 7, 7, 1]
    assert world.line.count("/token") == exchanges


async def _until_it_waits(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    async with asyncio.timeout(10):
        while not await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            await asyncio.sleep(0.01)


async def _seconds_to_wait(attempt_id: int) -> float:
    seconds: float = await fetch_value(
        "SELECT extract(epoch FROM claimable_at - clock_timestamp())::float8 FROM callback WHERE attempt_id = $1",
        attempt_id,
    )
    return seconds
