"""Idempotent operations under repetition, races and crashes."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from domain.database.pool import SERVER_SETTINGS, execute, fetch_value, open_database, pool
from domain.database.transaction import RETRIES, Transaction, operation
from domain.errors import Forbidden, InvalidInput, Refusal, TryAgain
from domain.models import IdempotencyKey, LearningAccount, Member
from domain.operations import idempotency as forgetting
from domain.operations.idempotency import IdempotentRequest, forget_idempotency_keys, run_idempotent
from domain.queries.invariants import violations
from domain.rules.enums import MemberRole
from domain.rules.idempotency import KEY_LIFETIME, IdempotencyKeyReused
from domain.settings import Settings
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import make_member, make_organization, viewer_of

MICROSECOND = timedelta(microseconds=1)
SECRET = "https://certlink.example/associate/only-once"
REQUESTS, AT_ONCE = 200, 10
_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Written:
    """What the mutation_call of these tests has for outcome."""

    number: int
    at: datetime
    address: str = SECRET


async def nothing() -> None:
    """Do nothing more."""


@operation
async def write(transaction: Transaction, *, then: Callable[[], Awaitable[object]] = nothing) -> Written:
    """Write an account, and do something else."""
    number = await fetch_value(
        """INSERT INTO learning_account (provider, profile_id, created_at) VALUES ('MICROSOFT_LEARN', $1, $2)
           RETURNING id""",
        f"account-{next(_numbers)}",
        START,
    )
    await then()
    return Written(number=number, at=START)


@dataclass(frozen=True)
class Desk:
    """A member who asks under keys."""

    request: IdempotentRequest
    settings: Settings

    async def ask(
        self, *, now: datetime = START, then: Callable[[], Awaitable[object]] = nothing, **changes: Any
    ) -> Written:
        """Ask for an account to be written once."""
        request = replace(self.request, **changes)
        return await run_idempotent(request, partial(write, then=then), now=now, settings=self.settings)


@pytest.fixture
async def member(database: str) -> Member:
    return await make_member(await make_organization())


@pytest.fixture
def desk(member: Member, settings: Settings) -> Desk:
    return Desk(IdempotentRequest(viewer=viewer_of(member), key="key", mutation="write", input="{}"), settings)


async def refuse() -> None:
    raise Forbidden


async def lose_the_connection() -> None:
    await execute("SELECT pg_terminate_backend(pg_backend_pid())")


async def a_twin_waits() -> None:
    """Return as soon as another connection waits for this one's transaction."""
    while not await fetch_value("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
        await asyncio.sleep(0.001)


async def accounts() -> int:
    return await LearningAccount.all().count()


async def test_the_same_request_is_done_once_and_has_the_same_outcome(desk: Desk) -> None:
    first = await desk.ask()

    async with leaving_no_trace():
        again = await desk.ask(now=START + KEY_LIFETIME - MICROSECOND)

    assert again == first


@pytest.mark.parametrize("changes", [{"input": '{"more": 1}'}, {"mutation": "other"}])
async def test_a_key_names_one_request(desk: Desk, changes: dict[str, Any]) -> None:
    await desk.ask()

    async with leaving_no_trace():
        with pytest.raises(IdempotencyKeyReused):
            await desk.ask(**changes)


async def test_another_key_or_another_member_s_same_key_is_another_request(desk: Desk, member: Member) -> None:
    colleague = await make_member(await member.organization)

    outcomes = [await desk.ask(), await desk.ask(key="KEY"), await desk.ask(viewer=viewer_of(colleague))]

    assert len({outcome.number for outcome in outcomes}) == await accounts() == 3


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ", "a\n", "\x00", "\x7f"])
async def test_what_cannot_be_a_key_is_refused(desk: Desk, key: str) -> None:
    async with leaving_no_trace():
        with pytest.raises(InvalidInput):
            await desk.ask(key=key)


async def test_every_printable_key_holds(desk: Desk) -> None:
    keys = ["".join(chr(number) for number in range(32, 127)), "~" * 255, " ", "'"]

    first, again = [[await desk.ask(key=key) for key in keys] for _ in range(2)]

    assert first == again
    assert await accounts() == len(keys)


async def test_a_refusal_stores_nothing_so_that_the_key_may_be_tried_again(desk: Desk) -> None:
    async with leaving_no_trace():
        with pytest.raises(Forbidden):
            await desk.ask(then=refuse)

    await desk.ask(input='{"better": 1}')
    assert await accounts() == 1


async def test_a_key_is_free_again_after_exactly_24_hours(desk: Desk) -> None:
    first = await desk.ask()

    later = await desk.ask(now=START + timedelta(hours=24), input='{"other": 1}')

    assert later != first
    assert (await IdempotencyKey.get()).expires_at == START + timedelta(hours=48)
    with pytest.raises(IdempotencyKeyReused):
        await desk.ask(now=START + timedelta(hours=24))


async def test_a_refusal_under_an_expired_key_leaves_it_expired(desk: Desk) -> None:
    await desk.ask()

    async with leaving_no_trace():
        with pytest.raises(Forbidden):
            await desk.ask(now=START + KEY_LIFETIME, then=refuse)


async def test_twins_wait_for_the_first_and_have_its_outcome(desk: Desk) -> None:
    twins = await asyncio.gather(desk.ask(then=a_twin_waits), *(desk.ask(then=a_twin_waits) for _ in range(4)))

    assert len(set(twins)) == await accounts() == 1


async def test_a_twin_with_other_input_waits_and_is_refused(desk: Desk) -> None:
    outcomes = await asyncio.gather(
        desk.ask(then=a_twin_waits), desk.ask(input='{"other": 1}', then=a_twin_waits), return_exceptions=True
    )

    assert {type(outcome) for outcome in outcomes} == {Written, IdempotencyKeyReused}
    assert await accounts() == 1


@pytest.mark.parametrize("end", [refuse, lose_the_connection])
async def test_where_the_first_is_rolled_back_its_twin_goes_on(desk: Desk, end: Callable[[], Awaitable[None]]) -> None:
    claimed = asyncio.Event()

    async def wait_and_end() -> None:
        claimed.set()
        await a_twin_waits()
        await end()

    first = asyncio.create_task(desk.ask(then=wait_and_end))
    await claimed.wait()
    twin = await desk.ask()

    with pytest.raises(Refusal):
        await first
    assert await desk.ask() == twin
    assert await accounts() == 1


async def test_twins_of_an_expired_key_do_it_once_more(desk: Desk) -> None:
    await desk.ask()

    twins = await asyncio.gather(*(desk.ask(now=START + KEY_LIFETIME, then=a_twin_waits) for _ in range(2)))

    assert len(set(twins)) == 1
    assert await accounts() == 2


async def test_a_twin_that_waits_too_long_is_told_to_try_again(
    database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SERVER_SETTINGS, "lock_timeout", "20ms")
    async with open_database(database_url, pool_size=3):
        viewer = viewer_of(await make_member(await make_organization()))
        desk = Desk(IdempotentRequest(viewer=viewer, key="key", mutation="write", input="{}"), settings)
        claimed, go_on = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            claimed.set()
            await go_on.wait()

        first = asyncio.create_task(desk.ask(then=wait))
        await claimed.wait()
        with pytest.raises(TryAgain):
            await desk.ask()
        go_on.set()
        outcome = await first

        assert await desk.ask() == outcome


@pytest.mark.parametrize("conflict", ["serialization_failure", "deadlock_detected"])
async def test_a_conflict_is_tried_again_with_its_key(desk: Desk, conflict: str) -> None:
    tries = 0

    async def meet() -> None:
        nonlocal tries
        tries += 1
        if tries < RETRIES:
            await execute(f"DO $$ BEGIN RAISE 'conflict' USING ERRCODE = '{conflict}'; END $$")

    outcome = await desk.ask(then=meet)

    assert tries == RETRIES
    assert await desk.ask() == outcome
    assert await accounts() == 1


async def test_a_crash_before_the_outcome_is_stored_leaves_nothing_done(desk: Desk, settings: Settings) -> None:
    @operation
    async def write_and_crash(transaction: Transaction) -> Written:
        written = await write()
        await lose_the_connection()
        return written

    async with leaving_no_trace():
        with pytest.raises(TryAgain):
            await run_idempotent(desk.request, partial(write_and_crash), now=START, settings=settings)


async def test_a_claimed_key_locks_nobody_else_out_of_its_member(desk: Desk, member: Member) -> None:
    """A reference to the member would, and two admins who act upon each other would wait for one another."""

    async def lock_the_member() -> None:
        async with pool().acquire() as other:
            await other.execute("SELECT FROM member WHERE id = $1 FOR UPDATE NOWAIT", member.id)

    await desk.ask(then=lock_the_member)


async def test_who_is_not_any_more_who_they_were_gets_no_stored_outcome(desk: Desk, member: Member) -> None:
    """As when a twin waits for the request by which its admin demotes themself."""
    await desk.ask()
    await Member.filter(id=member.id).update(role=MemberRole.ACCOUNT_ADMIN)

    with pytest.raises(TryAgain):
        await desk.ask()


async def test_what_is_stored_can_be_read_and_guessed_with_the_secret_key_alone(desk: Desk, member: Member) -> None:
    colleague = await make_member(await member.organization)
    await desk.ask(input="amara.osei@contoso.example")
    await desk.ask(input="amara.osei@contoso.example", viewer=viewer_of(colleague))

    stored = await IdempotencyKey.all()
    assert SECRET not in str([bytes(key.outcome_sealed or b"") for key in stored])
    assert len({bytes(key.fingerprint) for key in stored}) == 1
    elsewhere = desk.settings.model_copy(update={"secret_key": SecretStr(Fernet.generate_key().decode())})
    with pytest.raises(IdempotencyKeyReused):
        await Desk(desk.request, elsewhere).ask(input="amara.osei@contoso.example")


async def test_keys_that_hold_no_more_are_forgotten_batch_by_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "BATCH", 2)
    for number in range(4):
        await desk.ask(key=str(number), now=START + number * MICROSECOND)

    more = [await forget_idempotency_keys(now=START + KEY_LIFETIME + 2 * MICROSECOND) for _ in range(2)]

    assert more == [True, False]
    assert [key.key for key in await IdempotencyKey.all()] == ["3"]


async def test_a_request_that_is_canceled_at_any_moment_is_done_and_stored_or_neither(
    database_url: str, settings: Settings
) -> None:
    moments = random.Random(20261124)  # noqa: S311
    canceled = 0
    async with open_database(database_url, pool_size=8):
        viewer = viewer_of(await make_member(await make_organization()))
        desk = Desk(IdempotentRequest(viewer=viewer, key="key", mutation="write", input="{}"), settings)

        async def ask_until_answered(number: int) -> None:
            nonlocal canceled
            while True:
                request = asyncio.create_task(desk.ask(key=f"key {number}"))
                asyncio.get_running_loop().call_later(moments.expovariate(100), request.cancel)
                try:
                    await request
                    return
                except asyncio.CancelledError:
                    canceled += 1

        for first in range(0, REQUESTS, AT_ONCE):
            await asyncio.gather(*(ask_until_answered(number) for number in range(first, first + AT_ONCE)))

        assert canceled > 0
        assert await accounts() == await IdempotencyKey.all().count() == REQUESTS
        assert await violations() == []
