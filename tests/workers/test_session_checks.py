"""Sessions that are checked at their issuer within every hour."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from api.app import build_app, new_documents
from api.runtime import Runtime
from bench.unlimited import NoRateLimit
from domain.database.pool import execute
from domain.models import BrowserSession, IdentityIssuer
from domain.notifications import NotificationListener
from domain.operations.members import remove_member
from domain.operations.sessions import CHECK_EVERY, TRY_AGAIN_AFTER, CheckedSession, check_session
from domain.operations.sign_in import CompletedSignIn, end_session
from domain.queries.callers import viewer_of_session
from domain.rules.administration import Operator
from domain.rules.sign_in import ClientRefused, ProviderUnavailable
from tests.api.caller import OWN_ORIGIN
from tests.api.serving import served, socket_to
from tests.sign_in.environment import World
from tests.sign_in.tcp_proxy import Death
from workers.tasks import TASKS, WorkerContext

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
NADIA, FELIX = "nadia.novak@contoso.example", "felix.berg@fabrikam.example"
RENEWED = '{"access_token": "x", "token_type": "Bearer"}'
ERRORS = ["invalid_grant", "interaction_required", "login_required", "consent_required"]


@pytest.fixture
async def nadia(world: World) -> CompletedSignIn:
    """Nadia, who has just signed in."""
    await world.invite(NADIA)
    return await world.sign_in(NADIA, "nadia")


@pytest.fixture
async def address(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The API with its websockets, on the same database; it learns only by being told."""
    monkeypatch.setattr("domain.notifications.POLL_INTERVAL_SECONDS", 3_600.0)
    async with NotificationListener(world.settings.database_url) as notifications:
        app = build_app(world.settings)
        app.state.runtime = Runtime(
            settings=world.settings,
            clock=world.clock,
            issuers=world.issuers,
            notifications=notifications,
            rate_limit=NoRateLimit(world.settings),
            documents=new_documents(),
        )
        async with served(app) as address:
            while not notifications.listens:
                await asyncio.sleep(0.01)
            yield address


async def check(world: World) -> CheckedSession | None:
    """Let a worker check one session."""
    return await check_session(now=world.clock(), settings=world.settings, issuers=world.issuers)


async def refresh_token(world: World) -> str | None:
    """Return the refresh token that is kept."""
    sealed = (await BrowserSession.get()).refresh_sealed
    return None if sealed is None else world.settings.master_key.open(sealed)


async def is_signed_in(world: World, completed: CompletedSignIn) -> bool:
    return await viewer_of_session(completed.session_token, now=world.clock()) is not None


async def let_the_lease_lapse() -> None:
    """Let every session be leased again once it is due."""
    await execute("UPDATE browser_session SET check_leased_until = clock_timestamp()")


def renewals(world: World) -> int:
    """Return how often the issuer was asked to renew a grant, beside the exchange of the code."""
    return world.line.count("/token") - 1


async def test_who_is_blocked_at_the_issuer_is_signed_out_within_the_hour(
    world: World, workplace: WorkerContext, nadia: CompletedSignIn
) -> None:
    await world.browser.post("/personas/nadia/withdrawals")

    world.clock.advance(CHECK_EVERY - MICROSECOND)
    await TASKS["check_sessions"](workplace)
    before = await is_signed_in(world, nadia), renewals(world)
    world.clock.advance(MICROSECOND)
    await TASKS["check_sessions"](workplace)

    assert HOUR - timedelta(minutes=5) > CHECK_EVERY
    assert before == (True, 0)
    assert not await is_signed_in(world, nadia)
    row = await BrowserSession.get()
    assert (row.ended_at, row.refresh_sealed, row.next_check_at) == (world.clock(), None, None)


@pytest.mark.parametrize("error", ERRORS)
async def test_whatever_asks_the_person_to_sign_in_again_ends_the_session(
    world: World, nadia: CompletedSignIn, error: str
) -> None:
    """Microsoft Entra ID says `interaction_required` where its rules for access have changed."""
    world.line.lie("/token", f'{{"error": "{error}"}}', status=400)
    world.clock.advance(CHECK_EVERY)

    await check(world)

    assert not await is_signed_in(world, nadia)


async def test_the_websocket_of_a_session_that_the_issuer_refuses_closes(
    world: World, nadia: CompletedSignIn, address: str
) -> None:
    await world.browser.post("/personas/nadia/withdrawals")
    world.clock.advance(CHECK_EVERY)

    cookie = f"certlink_session={nadia.session_token}"
    async with socket_to(address, Cookie=cookie, Origin=OWN_ORIGIN) as websocket:
        await websocket.introduce()
        await check(world)

        assert await websocket.close_code() == 4403


async def test_who_is_known_at_the_issuer_stays_and_is_asked_about_hour_after_hour(
    world: World, nadia: CompletedSignIn
) -> None:
    tokens = [await refresh_token(world)]
    for _ in range(3):
        world.clock.advance(CHECK_EVERY)
        assert (await check(world)) is not None
        assert (await check(world)) is None
        tokens.append(await refresh_token(world))

    # Each token works once here: the one that replaced it was stored.
    assert len(set(tokens)) == 4
    assert await is_signed_in(world, nadia)
    assert (await BrowserSession.get()).next_check_at == world.clock() + CHECK_EVERY


async def test_an_issuer_that_sends_no_new_token_is_asked_by_the_same_again(
    world: World, nadia: CompletedSignIn
) -> None:
    before = await refresh_token(world)
    world.line.lie("/token", RENEWED)
    world.clock.advance(CHECK_EVERY)

    await check(world)

    assert await refresh_token(world) == before
    assert await is_signed_in(world, nadia)


@pytest.mark.parametrize(
    ("status", "body", "refusal"),
    [
        (503, "{}", ProviderUnavailable),
        (200, '"nonsense"', ProviderUnavailable),
        (200, "{}", ProviderUnavailable),
        (400, '{"error": "server_error"}', ProviderUnavailable),
        (401, '{"error": "invalid_client", "error_description": "of Nadia"}', ClientRefused),
    ],
)
async def test_an_issuer_that_is_at_fault_or_refuses_our_client_ends_nobody_s_session(
    world: World, nadia: CompletedSignIn, status: int, body: str, refusal: type[ProviderUnavailable]
) -> None:
    world.line.lie("/token", body, status=status)
    world.clock.advance(CHECK_EVERY)

    with capture_logs() as logs:
        checked = await check(world)
    at_once = await check(world)
    # The sandbox has given a new token for the old one, which was lost on the way.
    world.line.lie("/token", RENEWED)
    world.clock.advance(TRY_AGAIN_AFTER)
    later = await check(world)

    assert checked is not None
    assert type(checked.refusal) is refusal
    assert at_once is None
    assert later is not None
    assert later.refusal is None
    assert await is_signed_in(world, nadia)
    issuer = await IdentityIssuer.get()
    (line,) = logs
    assert {"log_level": "warning", **line} == {
        "event": "session not checked",
        "log_level": "warning",
        "organization": issuer.organization_id,
        "issuer": issuer.issuer,
        "code": refusal.code,
        "error": {400: "server_error", 401: "invalid_client"}.get(status),
    }


async def test_an_issuer_that_is_away_is_asked_once_and_keeps_nobody_of_another_waiting(
    world: World, workplace: WorkerContext
) -> None:
    for email, persona in ((NADIA, "nadia"), (FELIX, "felix")):
        await world.invite(email)
        for _ in range(8):
            await world.sign_in(email, persona)
    asked = world.line.count("/contoso/token")
    world.line.cut.add("/contoso/token")
    world.clock.advance(CHECK_EVERY)

    await TASKS["check_sessions"](workplace)

    # As many as are checked at once may ask before the first has failed.
    assert 1 <= world.line.count("/contoso/token") - asked <= 4
    rows = await BrowserSession.all().order_by("id")
    assert {row.next_check_at for row in rows[8:]} == {world.clock() + CHECK_EVERY}
    assert {row.ended_at for row in rows} == {None}


async def test_several_workers_at_once_check_each_session_once(world: World, workplace: WorkerContext) -> None:
    await world.invite(NADIA)
    sessions = [await world.sign_in(NADIA, "nadia") for _ in range(6)]
    asked = world.line.count("/token")
    world.clock.advance(CHECK_EVERY)

    await asyncio.gather(*(TASKS["check_sessions"](workplace) for _ in range(3)))

    assert world.line.count("/token") - asked == len(sessions)
    assert all([await is_signed_in(world, session) for session in sessions])


async def test_a_worker_that_dies_before_it_asks_leaves_the_session_to_the_next(
    world: World, nadia: CompletedSignIn
) -> None:
    world.clock.advance(CHECK_EVERY)
    world.line.deaths_before.add("/token")
    with pytest.raises(Death):
        await check(world)
    world.line.deaths_before.clear()

    assert await check(world) is None
    await let_the_lease_lapse()
    assert await check(world) is not None
    assert await is_signed_in(world, nadia)


async def test_a_worker_that_dies_after_the_renewal_costs_one_more_sign_in_and_nothing_else(
    world: World, nadia: CompletedSignIn
) -> None:
    """The issuer takes the old token for stolen: the session ends, and never outlives what the issuer said."""
    world.clock.advance(CHECK_EVERY)
    world.line.deaths_after.add("/token")
    with pytest.raises(Death):
        await check(world)
    world.line.deaths_after.clear()
    meanwhile = await is_signed_in(world, nadia)
    await let_the_lease_lapse()

    await check(world)

    assert meanwhile
    assert not await is_signed_in(world, nadia)
    assert await is_signed_in(world, await world.sign_in(NADIA, "nadia"))


async def test_a_database_that_is_away_for_a_moment_does_not_lose_the_new_token(
    world: World, nadia: CompletedSignIn
) -> None:
    before = await refresh_token(world)
    world.clock.advance(CHECK_EVERY)
    # A sequence counts on, whatever is rolled back; 57P03 is how a database says that it is starting.
    await execute(
        """CREATE SEQUENCE storing;
           CREATE FUNCTION be_away() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN
               IF nextval('storing') <= 2 THEN RAISE EXCEPTION 'starting' USING ERRCODE = '57P03'; END IF;
               RETURN NEW;
           END $$;
           CREATE TRIGGER away BEFORE UPDATE OF refresh_sealed ON browser_session
           FOR EACH ROW WHEN (NEW.refresh_sealed <> OLD.refresh_sealed) EXECUTE FUNCTION be_away()"""
    )

    await check(world)
    await execute("DROP TRIGGER away ON browser_session; DROP FUNCTION be_away; DROP SEQUENCE storing")

    assert await refresh_token(world) not in {before, None}
    assert await is_signed_in(world, nadia)


@pytest.mark.parametrize("ending", ["sign-out", "removal"])
async def test_who_signs_out_or_leaves_during_the_check_stays_out(
    world: World, nadia: CompletedSignIn, ending: str
) -> None:
    world.clock.advance(CHECK_EVERY)
    go_on = world.line.hold("/token")
    checking = asyncio.create_task(check(world))
    await world.line.reached["/token"].wait()

    if ending == "sign-out":
        await end_session(token=nadia.session_token, now=world.clock())
    else:
        member = await viewer_of_session(nadia.session_token, now=world.clock())
        assert member is not None
        by = Operator(organization_id=member.organization_id)
        await remove_member(by=by, member_id=member.member_id, now=world.clock())
    go_on.set()
    await checking

    row = await BrowserSession.get()
    assert (row.ended_at, row.refresh_sealed, row.next_check_at) == (world.clock(), None, None)


async def test_a_worker_that_outlived_its_lease_changes_nothing_any_more(world: World, nadia: CompletedSignIn) -> None:
    world.clock.advance(CHECK_EVERY)
    go_on = world.line.hold("/token")
    late = asyncio.create_task(check(world))
    await world.line.reached["/token"].wait()
    await execute("UPDATE browser_session SET check_leased_until = clock_timestamp() + interval '1 hour'")
    before = await BrowserSession.all().values()

    go_on.set()
    await late

    assert await BrowserSession.all().values() == before


async def test_the_grant_of_a_session_that_has_expired_is_forgotten_and_asked_nothing(
    world: World, nadia: CompletedSignIn
) -> None:
    world.clock.now = nadia.expires_at

    assert await check(world) is None

    row = await BrowserSession.get()
    assert (row.refresh_sealed, row.next_check_at, row.ended_at) == (None, None, None)
    assert renewals(world) == 0


async def test_a_grant_that_no_key_opens_ends_nobody_s_session(world: World, nadia: CompletedSignIn) -> None:
    await execute("UPDATE browser_session SET refresh_sealed = 'broken'")
    world.clock.advance(CHECK_EVERY)

    with capture_logs() as logs:
        await check(world)

    assert [line["event"] for line in logs] == ["session check failed"]
    assert await is_signed_in(world, nadia)
    assert (await BrowserSession.get()).next_check_at == world.clock() + TRY_AGAIN_AFTER
