"""Stopping and killing a worker."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from domain.providers.oidc import Issuers
from domain.rules.enums import AttemptStatus
from domain.settings import Settings
from tests.clock import FrozenClock
from tests.sign_in.environment import World, attempt, callback_of, let_the_lease_lapse
from tests.sign_in.tcp_proxy import Line
from tests.workers.hanging_redis import HangingRedis
from workers import main
from workers.main import work_until

PORT = 18500
TIMEOUT_SECONDS = 40
SLOW_SECONDS = 0.2


async def test_a_worker_stops_when_it_is_told_to(settings: Settings, clock: FrozenClock) -> None:
    stop = asyncio.Event()

    with capture_logs() as logs:
        working = asyncio.create_task(work_until(stop, settings, clock))
        await _until(lambda: _has_logged(logs, "worker started"))
        stop.set()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await working

    assert logs[-1] == {"event": "worker stopped", "log_level": "info", "broken_off": 0}


@pytest.mark.parametrize("answering", [False, True])
async def test_a_worker_stops_although_redis_hangs(
    redis: Redis, settings: Settings, clock: FrozenClock, tmp_path: Path, answering: bool
) -> None:
    """From the beginning, or after a good while."""
    stop, hanging = asyncio.Event(), HangingRedis(settings.redis_url, tmp_path / "redis.sock", answering=answering)
    settings.redis_url = hanging.url

    async with hanging.listening():
        working = asyncio.create_task(work_until(stop, settings, clock))
        await _until(hanging.is_used)
        hanging.hang()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            stop.set()
            await working


async def test_a_worker_does_not_live_on_with_half_of_its_loops(
    settings: Settings, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> None:
        raise OSError

    monkeypatch.setattr(main, "sweep_forever", fail)

    async with asyncio.timeout(TIMEOUT_SECONDS):
        with pytest.raises(OSError):  # noqa: PT011
            await work_until(asyncio.Event(), settings, clock)


async def test_a_worker_that_gets_sigterm_ends_what_is_at_hand_first(real_world: World) -> None:
    """A code that was exchanged is burnt: breaking off there would cost the person their attempt."""
    attempt_id = await real_world.call_back(await real_world.member())

    async with _worker(real_world.settings) as worker:
        await _until(lambda: _is_processing(attempt_id))
        worker.send_signal(signal.SIGTERM)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            _, words = await worker.communicate()

    assert worker.returncode == 0
    assert b"worker stopped" in words
    assert b"Traceback" not in words
    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED


async def test_a_worker_that_is_killed_in_the_middle_is_replaced_by_another(real_world: World) -> None:
    attempt_id = await real_world.call_back(await real_world.member())

    async with _worker(real_world.settings) as killed:
        await _until(lambda: _has_grant(attempt_id))
        killed.kill()
        await killed.wait()
    status = (await attempt(attempt_id)).status
    await real_world.fault("microsoft-learn")
    await let_the_lease_lapse()
    async with _worker(real_world.settings):
        await _until(lambda: _is_final(attempt_id))

    assert status is AttemptStatus.PROCESSING
    assert (await attempt(attempt_id)).status is AttemptStatus.ASSOCIATED
    assert (await callback_of(attempt_id)).tries == 2


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a sandbox in a process of its own."""
    data = tmp_path_factory.mktemp("sandbox")
    with _process("-m", "sandbox", "--port", str(PORT), "--data", str(data), CERTLINK_SANDBOX="true"):
        yield f"http://localhost:{PORT}"


@pytest.fixture
async def real_world(sandbox_url: str, database: str, settings: Settings) -> AsyncIterator[World]:
    """The sandbox and its slow Microsoft Learn there, certlink here, at the real time."""
    settings = _at(sandbox_url, settings)
    async with (
        Issuers(settings=settings) as issuers,
        httpx2.AsyncClient(base_url=sandbox_url, trust_env=False) as browser,
    ):
        await _until(lambda: _answers(browser))
        await browser.delete("/faults")
        clock = FrozenClock(datetime.now(UTC))
        nothing_between = Line(httpx2.AsyncHTTPTransport())
        world = World(settings=settings, clock=clock, line=nothing_between, issuers=issuers, browser=browser)
        await world.fault("microsoft-learn", slow_seconds=SLOW_SECONDS)
        yield world


def _at(url: str, settings: Settings) -> Settings:
    issuer = f"{url}/microsoft-learn"
    return settings.model_copy(
        update={
            "microsoft_learn_issuer": issuer,
            "microsoft_learn_transcript_url": f"{issuer}/transcript",
        }
    )


@contextmanager
def _process(*arguments: str, **environment: str) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, *arguments], env=os.environ | environment)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def _worker(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "CERTLINK_SECRET_KEY": settings.secret_key.get_secret_value(),
        "CERTLINK_SANDBOX": "true",
        "CERTLINK_SWEEP_SECONDS": "0.2",
        "CERTLINK_MICROSOFT_LEARN_ISSUER": settings.microsoft_learn_issuer or "",
        "CERTLINK_MICROSOFT_LEARN_CLIENT_SECRET": settings.microsoft_learn_client_secret.get_secret_value(),
        "CERTLINK_MICROSOFT_LEARN_TRANSCRIPT_URL": settings.microsoft_learn_transcript_url,
    }
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "certlink", "work", env=os.environ | environment, stderr=subprocess.PIPE
    )
    try:
        yield worker
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.communicate()


async def _is_processing(attempt_id: int) -> bool:
    return (await attempt(attempt_id)).status is AttemptStatus.PROCESSING


async def _has_grant(attempt_id: int) -> bool:
    return (await callback_of(attempt_id)).grant_sealed is not None


async def _is_final(attempt_id: int) -> bool:
    return (await attempt(attempt_id)).status.is_final


async def _answers(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False


async def _has_logged(logs: Sequence[Mapping[str, object]], event: str) -> bool:
    return any(entry["event"] == event for entry in logs)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while not await holds():
            await asyncio.sleep(0.02)
