"""The rate limit in Redis, shared by every process."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from redis.asyncio import Redis
from structlog.testing import capture_logs

from api.auth.callers import Caller
from api.limits.rate_limit import OverLimit, RateLimit
from domain.rules.enums import MemberRole
from domain.rules.visibility import ApiClientViewer, MemberViewer
from domain.settings import Settings
from local.engines import Engines
from tests.clock import START
from tests.workers.hanging_redis import HangingRedis

NOW = START.replace(second=30)


def member(number: int, *, organization: int = 1) -> Caller:
    viewer = MemberViewer(member_id=number, organization_id=organization, role=MemberRole.MEMBER)
    return Caller(viewer=viewer, is_trusted_to_explore=False)


def api_client(number: int) -> Caller:
    viewer = ApiClientViewer(api_client_id=number, organization_id=1, scopes=frozenset())
    return Caller(viewer=viewer, is_trusted_to_explore=True)


def nobody(address: str) -> Caller:
    return Caller(viewer=None, is_trusted_to_explore=False, address=address)


@asynccontextmanager
async def limit(redis_url: str, *, own: int = 10, shared: int = 1_000) -> AsyncIterator[RateLimit]:
    settings = Settings(
        database_url="postgres://localhost:1/nowhere",
        redis_url=redis_url,
        secret_key=Fernet.generate_key().decode(),
        max_cost=1,
        rate_limit=own,
        organization_rate_limit=shared,
    )
    rate_limit = RateLimit(settings)
    try:
        yield rate_limit
    finally:
        await rate_limit.close()


@pytest.fixture
async def ten(redis: Redis, engines: Engines) -> AsyncIterator[RateLimit]:
    """Ten points a minute for each caller."""
    async with limit(engines.redis_url) as rate_limit:
        yield rate_limit


async def is_admitted(rate_limit: RateLimit, caller: Caller, points: int = 1) -> bool:
    try:
        await rate_limit.take(points, caller.budget_names, now=NOW)
    except OverLimit:
        return False
    return True


async def test_of_many_requests_at_once_exactly_as_many_are_admitted_as_are_allowed(ten: RateLimit) -> None:
    admitted = await asyncio.gather(*(is_admitted(ten, member(1)) for _ in range(40)))

    assert sum(admitted) == 10
    assert not await is_admitted(ten, member(1))


async def test_a_budget_holds_for_all_processes_together(ten: RateLimit, engines: Engines) -> None:
    async with limit(engines.redis_url) as other:
        admitted = await asyncio.gather(*(is_admitted(each, member(1)) for _ in range(10) for each in (ten, other)))

    assert sum(admitted) == 10


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (member(1), member(2)),
        (member(1), api_client(1)),
        (member(1), nobody("192.0.2.1")),
        (nobody("192.0.2.1"), nobody("192.0.2.2")),
        (nobody("2001:db8:0:1::1"), nobody("2001:db8:0:2::1")),
    ],
)
async def test_callers_do_not_share_budgets(ten: RateLimit, one: Caller, other: Caller) -> None:
    assert await is_admitted(ten, one, 10)

    assert not await is_admitted(ten, one)
    assert await is_admitted(ten, other, 10)


async def test_whoever_has_many_addresses_of_one_network_has_one_budget(ten: RateLimit) -> None:
    assert await is_admitted(ten, nobody("2001:db8::1"), 10)

    assert not await is_admitted(ten, nobody("2001:db8::2"))
    assert await is_admitted(ten, nobody("::ffff:192.0.2.1"), 10)
    assert not await is_admitted(ten, nobody("192.0.2.1"))


async def test_the_members_and_api_clients_of_an_organization_share_its_budget(redis: Redis, engines: Engines) -> None:
    async with limit(engines.redis_url, shared=25) as rate_limit:
        assert await is_admitted(rate_limit, member(1), 10)
        assert await is_admitted(rate_limit, api_client(1), 10)
        with pytest.raises(OverLimit) as over:
            await rate_limit.take(6, member(2).budget_names, now=NOW)

        assert over.value.budgets.own.remaining == 10
        assert over.value.budgets.organization is not None
        assert over.value.budgets.organization.remaining == 5
        assert await is_admitted(rate_limit, member(2), 5)
        assert await is_admitted(rate_limit, member(3, organization=2), 10)


async def test_what_is_refused_uses_nothing_up(ten: RateLimit) -> None:
    assert await is_admitted(ten, member(1), 8)
    for _ in range(5):
        assert not await is_admitted(ten, member(1), 3)

    assert await is_admitted(ten, member(1), 2)


@pytest.mark.parametrize(("points", "before"), [(1, 0), (5, 0), (10, 0), (99, 0), (1, 4)])
async def test_who_comes_back_after_the_seconds_told_is_admitted_and_no_second_earlier(
    ten: RateLimit, points: int, before: int
) -> None:
    await ten.take(7, member(1).budget_names, now=NOW - timedelta(minutes=1))
    await ten.take(6, member(1).budget_names, now=NOW)

    with pytest.raises(OverLimit) as over:
        await ten.take(points, member(1).budget_names, now=NOW, before=before)

    told = over.value.retry_after_seconds
    with pytest.raises(OverLimit):
        await ten.take(points + before, member(1).budget_names, now=NOW + timedelta(seconds=told - 1))
    left = await ten.take(points + before, member(1).budget_names, now=NOW + timedelta(seconds=told))
    assert left is not None


async def test_redis_holds_no_address_and_keeps_nothing_for_long(ten: RateLimit, redis: Redis) -> None:
    await ten.take(1, nobody("192.0.2.1").budget_names, now=NOW)
    await ten.take(1, member(1).budget_names, now=NOW)

    keys = [key.decode() for key in await redis.keys()]
    assert len(keys) == 3
    assert not any("192.0" in key for key in keys)
    assert max([await redis.ttl(key) for key in keys]) <= 300
    assert min([await redis.ttl(key) for key in keys]) > 0


async def test_while_redis_is_away_everything_is_admitted_and_told_once(tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with limit(f"unix://{tmp_path}/nowhere") as rate_limit:
            left = [await rate_limit.take(10, member(1).budget_names, now=NOW) for _ in range(3)]

    assert left == [None, None, None]
    assert [line["event"] for line in logs] == ["rate_limit_suspended"]


async def test_a_silent_redis_is_waited_for_once_and_counts_again_when_it_talks(
    redis: Redis, engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.limits.redis_counters.TIMEOUT_SECONDS", 0.02)
    hanging = HangingRedis(engines.redis_url, tmp_path / "redis", answering=False)
    talking = HangingRedis(engines.redis_url, tmp_path / "redis", answering=True)
    with capture_logs() as logs:
        async with limit(hanging.url) as rate_limit:
            async with hanging.listening():
                taken = [await rate_limit.take(1, member(1).budget_names, now=NOW)]
                assert await hanging.is_used()
            async with talking.listening():
                # It is not asked again for some seconds.
                taken.append(await rate_limit.take(1, member(1).budget_names, now=NOW))
                monkeypatch.setattr(rate_limit._counters, "_ask_again_at", 0.0)
                monkeypatch.setattr("api.limits.redis_counters.TIMEOUT_SECONDS", 5)
                back = await rate_limit.take(1, member(1).budget_names, now=NOW)

    assert taken == [None, None]
    assert back is not None
    assert back.own.remaining == 9
    assert [line["event"] for line in logs] == ["rate_limit_suspended", "rate_limit_resumed"]


async def test_a_process_that_was_too_busy_to_look_does_not_take_redis_for_silent(
    ten: RateLimit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.limits.redis_counters.TIMEOUT_SECONDS", 0.2)
    taking = asyncio.create_task(ten.take(1, member(1).budget_names, now=NOW))
    # One turn to begin the work, one to begin asking; then the whole process stands still.
    for _ in range(3):
        await asyncio.sleep(0)
    time.sleep(0.35)  # noqa: ASYNC251

    assert await taking is not None


async def test_a_process_with_much_to_do_does_not_take_redis_for_silent(
    ten: RateLimit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.limits.redis_counters.TIMEOUT_SECONDS", 0.05)
    taking = asyncio.create_task(ten.take(1, member(1).budget_names, now=NOW))
    # Each turn is shorter than the patience, and all that it takes to connect and to ask are much longer.
    while not taking.done():
        time.sleep(0.01)  # noqa: ASYNC251
        await asyncio.sleep(0)

    assert await taking is not None
