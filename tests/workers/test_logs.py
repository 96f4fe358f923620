"""The logs of a whole flow, searched for secrets."""

import logging
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from domain.errors import Refusal
from domain.queue import open_queue
from sandbox.personas import LEARNING_PERSONAS, WORK_PERSONAS
from tests.sign_in.environment import Returned, World, let_the_lease_lapse
from tests.workers.sweeping import sweep
from workers.main import arq_worker, close_arq_worker
from workers.tasks import WorkerContext

NADIA = "nadia.novak@contoso.example"


async def test_neither_good_nor_bad_flows_tell_secrets_or_people(
    redis: Redis, world: World, workplace: WorkerContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx2", "httpcore2", "tortoise", "asyncio"):
        # They tell requests and statements; certlink's own configuration keeps them quiet.
        caplog.set_level(logging.ERROR, logger=name)
    secrets: list[str | None] = []

    with capture_logs() as entries:
        async with open_queue(world.settings.redis_url):
            await _sign_in_well_and_badly(world, secrets)
            await _link_well(world, workplace, secrets)
            await _link_badly(world, workplace, secrets)
        async with open_queue("redis://localhost:1"):
            world.clock.advance(timedelta(days=31))
            await world.call_back(await world.member("tomasz"), persona="tomasz-learn")
            await sweep(workplace)

    said = "\n".join([repr(entries), caplog.text, repr([vars(record) for record in caplog.records])])
    assert {"callback failed", "wake-up left to the sweeper"} <= {entry["event"] for entry in entries}
    failed = [entry for entry in entries if entry["event"] == "callback failed"]
    assert all(len(entry["places"]) > 1 for entry in failed)
    assert not any(context.startswith("/") for entry in failed for context in entry["places"])
    assert len(secrets) > 20
    for secret in filter(None, secrets):
        assert secret not in said
    for person in (*WORK_PERSONAS, *LEARNING_PERSONAS):
        for personal in (person.name, person.email, person.subject, getattr(person, "profile_id", None)):
            assert personal is None or personal not in said


async def _sign_in_well_and_badly(world: World, secrets: list[str | None]) -> None:
    await world.invite(NADIA)
    secrets.append((await world.sign_in(NADIA, "nadia")).session_token)
    for knobs in ({"bad_signature": True}, {"wrong_nonce": True}, {"fail": {"token": 500}}, {"error": "server_error"}):
        await world.fault("work/contoso", **knobs)
        await _refused(world, secrets)
    await world.fault("work/contoso")
    await _refused(world, secrets, state="forged-state")
    await _refused(world, secrets, issuer="http://evil.example")
    await _refused(world, secrets, persona="jonas")


async def _refused(world: World, secrets: list[str | None], *, persona: str = "nadia", **changes: str) -> None:
    returned = await world.go_to_work_issuer(NADIA, persona=persona)
    _remember(returned, secrets)
    with pytest.raises(Refusal):
        await world.come_back(returned, **changes)


async def _link_well(world: World, workplace: WorkerContext, secrets: list[str | None]) -> None:
    returned = await world.go_to_provider(await world.member("amara"))
    _remember(returned, secrets)
    await world.receive(returned)
    worker = arq_worker(workplace)
    worker.burst = True
    await worker.async_run()
    await close_arq_worker(worker)


async def _link_badly(world: World, workplace: WorkerContext, secrets: list[str | None]) -> None:
    priya = await world.member("priya")
    lies = [
        ("/token", '{"error": "invalid_grant", "error_description": "priya.raman@mail.example"}', 400),
        ("/token", '{"id_token": "x.y.z", "access_token": "priya.raman@mail.example"}', 200),
        ("/userinfo", '{"mcid": "990418265"', 200),
        ("/transcript", '{"profileId": "990418265", "completions": "priya.raman@mail.example"}', 200),
        (
            "/transcript",
            '{"profileId": "990418265", "completions": [{"completionId": "1", "certification": "A",'
            ' "kind": "TRAINING", "completedAt": "0001-01-01T00:00:00+14:00"}]}',
            200,
        ),
    ]
    for context, body, status in lies:
        returned = await world.go_to_provider(priya, persona="priya-learn")
        _remember(returned, secrets)
        world.line.lie(context, body, status=status)
        await world.receive(returned)
        while await world.process():
            await let_the_lease_lapse()
        world.line.lies.clear()


def _remember(returned: Returned, secrets: list[str | None]) -> None:
    secrets += [returned.answer.code, returned.answer.state, returned.browser_token]
