"""The sweeper without Redis."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.database.pool import execute
from domain.models import Association, CreditEvent, IdempotencyKey
from domain.rules.enums import AttemptStatus
from tests.sign_in.environment import World, attempt, callback_of
from tests.workers.sweeping import sweep
from workers.sweeper import sweep_forever
from workers.tasks import WorkerContext

PERSONAS = {"amara": "amara-learn", "priya": "priya-learn", "mei": "mei-learn", "tomasz": "tomasz-learn"}


async def test_without_redis_the_sweeper_does_all_that_is_due(world: World, workplace: WorkerContext) -> None:
    attempts = [
        await world.call_back(await world.member(member), persona=persona) for member, persona in PERSONAS.items()
    ]

    await sweep(workplace)
    statuses = {(await attempt(number)).status for number in attempts}
    world.clock.advance(timedelta(days=10))
    await sweep(workplace)
    await sweep(workplace)

    assert statuses == {AttemptStatus.ASSOCIATED}
    assert await Association.all().count() == len(PERSONAS)
    assert await CreditEvent.filter(kind="COUNTED").count() == 6 + 4 + 4 + 3


async def test_several_sweepers_and_wake_ups_at_once_double_nothing(world: World, workplace: WorkerContext) -> None:
    attempts = [
        await world.call_back(await world.member(member), persona=persona) for member, persona in PERSONAS.items()
    ]

    await asyncio.gather(*(sweep(workplace) for _ in range(4)))

    assert {(await callback_of(number)).tries for number in attempts} == {1}
    assert world.line.count("/token") == len(attempts)


async def test_a_slow_provider_does_not_keep_credits_back(world: World, workplace: WorkerContext) -> None:
    """R18."""
    await world.link(await world.member("amara"))
    world.clock.advance(timedelta(days=10))
    await world.call_back(await world.member("priya"), persona="priya-learn")
    go_on = world.line.hold("/token")
    sweeping = asyncio.create_task(sweep_forever(workplace))

    async with asyncio.timeout(20):
        await world.line.reached["/token"].wait()
        while await CreditEvent.all().count() < 6:
            await asyncio.sleep(0.01)
    sweeping.cancel()
    go_on.set()
    await asyncio.wait(workplace.running)

    assert await Association.all().count() == 2


async def test_a_kind_of_work_that_fails_does_not_keep_the_others_back(world: World, workplace: WorkerContext) -> None:
    attempt_id = await world.call_back(await world.member())
    await execute("ALTER TABLE credit RENAME TO credit_away")
    with capture_logs() as logs:
        await sweep(workplace)
    await execute("ALTER TABLE credit_away RENAME TO credit")

    assert ("job failed", "propagate_credits") in {(entry["event"], entry.get("job")) for entry in logs}
    # The callback needed the table too: it waits and is visible as under way.
    assert (await attempt(attempt_id)).status is AttemptStatus.PROCESSING
    await execute("UPDATE callback SET claimable_at = clock_timestamp()")
    await sweep(workplace)
    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED


async def test_the_sweeper_forgets_idempotency_keys_that_hold_no_more(world: World, workplace: WorkerContext) -> None:
    for number, hours in enumerate([-1, 0, 1]):
        await IdempotencyKey.create(
            member_id=1,
            key=str(number),
            fingerprint=bytes(32),
            outcome_sealed=b"outcome",
            expires_at=world.clock() + timedelta(hours=hours),
        )

    await sweep(workplace)

    assert [key.key for key in await IdempotencyKey.all()] == ["2"]


async def test_the_sweeper_leaves_a_sign_of_life(world: World, workplace: WorkerContext, tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat"
    world.settings.heartbeat_file = str(heartbeat)
    sweeping = asyncio.create_task(sweep_forever(workplace))

    async with asyncio.timeout(20):
        while not heartbeat.exists():
            await asyncio.sleep(0.01)
    sweeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sweeping
