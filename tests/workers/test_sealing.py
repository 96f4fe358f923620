"""Secrets under several keys, and sealed anew by the newest."""

import asyncio
from dataclasses import dataclass
from functools import partial

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from domain.database import pool
from domain.database.pool import execute, fetch_rows
from domain.database.transaction import Transaction, operation
from domain.models import Association, BrowserSession
from domain.operations import sealing
from domain.operations.idempotency import IdempotentRequest, run_idempotent
from domain.operations.sealing import SEALED, Resealed, reseal
from domain.operations.sessions import CHECK_EVERY, check_session
from domain.operations.sign_in import end_session
from domain.queries.callers import viewer_of_session
from domain.queries.issuers import issuers_of_domain
from domain.rules.enums import AttemptStatus
from domain.rules.idempotency import IdempotencyKeyReused
from domain.rules.visibility import MemberViewer
from domain.secrets import UnreadableSecret
from sandbox.state import CLIENT_SECRET
from tests.sign_in.environment import LEARN, UNIVERSITY, Returned, World, attempt
from tests.workers.rereading import DAY, grant, let_the_lease_lapse, read

NADIA = "nadia.novak@contoso.example"
OLD, NEW, OTHER = [Fernet.generate_key().decode() for _ in range(3)]


@dataclass(frozen=True, kw_only=True)
class _Column:
    table: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Story:
    """What was begun under the old key: one secret in each sealed column, at least."""

    amara: MemberViewer
    session: str
    sign_in: Returned
    callback: int
    opened: Returned


def use_keys(world: World, *keys: str) -> None:
    world.settings.secret_key = SecretStr(",".join(keys))


def counts(outcomes: list[Resealed]) -> dict[str, int]:
    return {f"{one.table}.{one.column}": one.resealed for one in outcomes}


@pytest.fixture
async def story(world: World) -> Story:
    """Everything that is sealed, by the old key."""
    use_keys(world, OLD)
    amara = await world.member()
    await world.link(amara)
    await ask_once(world, amara)
    await world.invite(NADIA)
    session = (await world.sign_in(NADIA, "nadia")).session_token
    nadia = await viewer_of_session(session, now=world.clock())
    assert nadia is not None
    mei = await world.member("mei")
    callback = await world.call_back(mei, persona="mei-learn")
    # A worker has exchanged this one's code and died.
    dead = await world.call_back(nadia, UNIVERSITY, create="account", display_name="Nadia Novak")
    await execute(
        "UPDATE callback SET grant_sealed = $2, code_sealed = NULL WHERE attempt_id = $1",
        dead,
        world.settings.master_key.seal('{"access": "x", "refresh": null}'),
    )
    return Story(
        amara=amara,
        session=session,
        sign_in=await world.go_to_work_issuer(NADIA, persona="nadia"),
        callback=callback,
        opened=await world.go_to_provider(amara, UNIVERSITY, persona="amara-university"),
    )


@operation
async def count_up(transaction: Transaction) -> int:
    """Write something, and return how often that was done."""
    await execute("UPDATE organization SET audit_length = audit_length")
    return 7


async def ask_once(world: World, viewer: MemberViewer) -> int:
    request = IdempotentRequest(viewer=viewer, key="key", mutation="countUp", input="{}")
    return await run_idempotent(request, partial(count_up), now=world.clock(), settings=world.settings)


async def goes_on(world: World, story: Story) -> None:
    """Assert that all which was begun under the old key comes to its end."""
    # The client secret, the verifier of a sign-in under way, and a session's identity token.
    assert (await world.come_back(story.sign_in)).session_token
    (trusted,) = await issuers_of_domain("contoso.example")
    assert [credential.secret for credential in trusted.client(world.settings).credentials] == [CLIENT_SECRET]  # type: ignore[union-attr]
    # A code that came back, and a grant that a dead worker left: the sandbox refuses its token, which was made up.
    assert await world.process()
    assert await world.process()
    assert (await attempt(story.callback)).status is AttemptStatus.ASSOCIATED
    # The verifier of an attempt under way.
    opened = await world.receive(story.opened, UNIVERSITY)
    assert await world.process()
    assert (await attempt(opened.attempt_id)).status is AttemptStatus.ASSOCIATED
    world.clock.advance(CHECK_EVERY)
    checked = await check_session(now=world.clock(), settings=world.settings, issuers=world.issuers)
    assert checked is not None
    assert checked.refusal is None
    assert await viewer_of_session(story.session, now=world.clock()) is not None
    world.clock.advance(DAY)
    assert (await read(world)).unavailable == 0
    association = await Association.get(member_id=story.amara.member_id, provider=LEARN)
    assert (association.transcript_read_at, association.read_error) == (world.clock(), None)
    ended = await end_session(token=story.session, now=world.clock())
    assert ended is not None
    assert ended.id_token_sealed is not None
    assert world.settings.master_key.open(ended.id_token_sealed).count(".") == 2


async def test_every_sealed_column_of_the_database_is_known(database: str) -> None:
    columns = await fetch_rows(
        _Column,
        """SELECT table_name::text AS "table", column_name::text AS "column" FROM information_schema.columns
           WHERE table_schema = 'public' AND column_name LIKE '%sealed%' ORDER BY 1, 2""",
    )

    assert [(one.table, one.column) for one in columns] == sorted(SEALED)


async def test_what_was_begun_under_the_old_key_goes_on_beside_a_new_one(world: World, story: Story) -> None:
    use_keys(world, NEW, OLD)

    assert await ask_once(world, story.amara) == 7
    await goes_on(world, story)


async def test_once_all_is_sealed_anew_the_old_key_can_be_left_out(world: World, story: Story) -> None:
    use_keys(world, NEW, OLD)
    first, second = await reseal(world.settings), await reseal(world.settings)
    answered = await ask_once(world, story.amara)
    use_keys(world, NEW)

    # The story has something in every column, so that each is tried.
    assert min(counts(first).values()) >= 1
    assert list(counts(first)) == [f"{table}.{column}" for table, column in SEALED]
    assert set(counts(second).values()) == {0}
    assert {one.unreadable for one in [*first, *second]} == {0}
    assert answered == 7
    await goes_on(world, story)


async def test_without_sealing_anew_the_new_key_alone_reads_nothing(world: World, story: Story) -> None:
    """Else the tests above would prove nothing."""
    use_keys(world, NEW)

    with pytest.raises(UnreadableSecret):
        await grant(world)
    with pytest.raises(UnreadableSecret):
        await world.come_back(story.sign_in)
    with pytest.raises(IdempotencyKeyReused):
        await ask_once(world, story.amara)


async def test_what_no_key_reads_is_told_and_stays_as_it_is(world: World, story: Story) -> None:
    use_keys(world, NEW, OTHER)
    before = await Association.all().values("id", "grant_sealed")

    outcomes = await reseal(world.settings)

    assert {one.resealed for one in outcomes} == {0}
    assert min(one.unreadable for one in outcomes) >= 1
    assert await Association.all().values("id", "grant_sealed") == before


async def test_it_goes_on_batch_by_batch_to_the_last_row(
    world: World, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BATCH", 2)
    for _ in range(4):
        await world.sign_in(NADIA, "nadia")
    use_keys(world, NEW, OLD)

    outcomes = counts(await reseal(world.settings))

    assert outcomes["browser_session.id_token_sealed"] == 5
    assert outcomes["browser_session.refresh_sealed"] == 5


async def test_what_workers_replace_meanwhile_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each token works once: whoever wrote an old one back would have lost the person's grant."""
    monkeypatch.setattr(sealing, "BATCH", 1)
    use_keys(world, OLD)
    await world.invite(NADIA)
    sessions = [await world.sign_in(NADIA, "nadia") for _ in range(12)]
    use_keys(world, NEW, OLD)

    for keys in ([NEW, OLD], [OTHER, NEW, OLD], [OLD, OTHER, NEW]):
        use_keys(world, *keys)
        world.clock.advance(CHECK_EVERY)
        await asyncio.gather(reseal(world.settings), *(_check_all(world) for _ in range(3)), reseal(world.settings))
        await reseal(world.settings)
        use_keys(world, keys[0])
        world.clock.advance(CHECK_EVERY)
        await _check_all(world)

    assert await BrowserSession.filter(ended_at=None).count() == len(sessions)
    assert {row.next_check_at for row in await BrowserSession.all()} == {world.clock() + CHECK_EVERY}


async def test_a_worker_that_stores_a_new_token_between_reading_and_writing_is_not_undone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_keys(world, OLD)
    await world.link(await world.member())
    use_keys(world, NEW, OLD)
    world.clock.advance(DAY)
    stored: list[str] = []

    async def after_a_worker(*arguments: object) -> int:
        # The worker commits on a connection of its own, after this transaction has read the row.
        if "association " in str(arguments[0]) and not stored:
            stored.append("")
            await asyncio.create_task(read(world))
            stored[0] = await grant(world)
        return await pool.execute(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("domain.operations.sealing.execute", after_a_worker)
    outcomes = counts(await reseal(world.settings))

    assert outcomes["association.grant_sealed"] == 0
    assert await grant(world) == stored[0] != ""
    await let_the_lease_lapse()
    world.clock.advance(DAY)
    assert (await read(world)).unavailable == 0


async def _check_all(world: World) -> None:
    while await check_session(now=world.clock(), settings=world.settings, issuers=world.issuers) is not None:
        continue
