"""Invalid answers of a work issuer."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.models import SignIn
from domain.rules.sign_in import (
    ClientRefused,
    ProviderUnavailable,
    SignInDeclined,
    SignInExpired,
    SignInNotAccepted,
    SignInNotKnown,
)
from domain.secrets import new_token
from tests.sign_in.environment import Returned, World, trace
from tests.sign_in.tcp_proxy import Line

NADIA = "nadia.novak@contoso.example"


@pytest.fixture
async def returned(world: World) -> Returned:
    """Nadia, invited, whom her issuer has sent back."""
    await world.invite(NADIA)
    return await world.go_to_work_issuer(NADIA, persona="nadia")


async def test_a_state_works_once(world: World, returned: Returned) -> None:
    await world.come_back(returned)
    before = await trace()

    with pytest.raises(SignInNotKnown):
        await world.come_back(returned)

    assert await trace() == before
    assert world.line.count("/token") == 1


async def test_a_foreign_browser_cannot_use_a_state_nor_use_it_up(world: World, returned: Returned) -> None:
    before = await trace()

    for foreign in (None, "", new_token()):
        with pytest.raises(SignInNotKnown):
            await world.come_back(returned, browser_token=foreign)

    assert await trace() == before
    await world.come_back(returned)


async def test_a_forged_state_is_not_known(world: World, returned: Returned) -> None:
    before = await trace()

    for forged in ("", "x", new_token(), f"{returned.answer.state}x", "\x00", "\ud800"):
        with pytest.raises(SignInNotKnown):
            await world.come_back(returned, state=forged)

    assert await trace() == before


async def test_an_answer_is_in_time_until_the_ten_minutes_are_over(world: World, returned: Returned) -> None:
    before = await trace()
    world.clock.advance(timedelta(minutes=10))

    with pytest.raises(SignInExpired):
        await world.come_back(returned)

    assert await trace() == before
    assert world.line.count("/token") == 0


async def test_an_answer_in_another_issuers_name_is_not_accepted(world: World) -> None:
    await world.invite(NADIA)
    before = await trace()
    issuers = [world.issuer("work/fabrikam"), "", world.issuer("work/contoso/")]

    for issuer in issuers:
        with pytest.raises(SignInNotAccepted):
            await world.come_back(await world.go_to_work_issuer(NADIA, persona="nadia"), issuer=issuer)

    assert await trace() == before | {"sign_in": len(issuers)}
    assert world.line.count("/token") == 0


async def test_a_code_that_the_issuer_never_gave_is_refused(world: World) -> None:
    await world.invite(NADIA)
    before = await trace()
    codes = [None, "", "forged", "c" * 4097, "\x00", "\ud800"]

    for code in codes:
        with pytest.raises(SignInNotAccepted):
            await world.come_back(await world.go_to_work_issuer(NADIA, persona="nadia"), code=code)

    assert await trace() == before | {"sign_in": len(codes)}


async def test_a_code_that_was_exchanged_before_is_refused(world: World, returned: Returned) -> None:
    await world.come_back(returned)
    again = await world.go_to_work_issuer(NADIA, persona="nadia")

    with pytest.raises(SignInNotAccepted):
        await world.come_back(again, code=returned.answer.code)


async def test_an_error_answer_ends_the_sign_in(world: World) -> None:
    await world.invite(NADIA)
    before = await trace()
    errors = {
        "server_error": ProviderUnavailable,
        "temporarily_unavailable": ProviderUnavailable,
        "unauthorized_client": ClientRefused,
        "invalid_scope": ClientRefused,
        "login_required": SignInNotAccepted,
    }

    with pytest.raises(SignInDeclined):
        await world.come_back(await world.go_to_work_issuer(NADIA, cancel="cancel"))
    for error, refusal in errors.items():
        await world.fault("work/contoso", error=error)
        with pytest.raises(refusal) as refused:
            await world.come_back(await world.go_to_work_issuer(NADIA, persona="nadia"))
        assert type(refused.value) is refusal

    assert await trace() == before | {"sign_in": 1 + len(errors)}
    assert world.line.count("/token") == 0


async def test_a_token_that_proves_nothing_is_not_accepted(world: World) -> None:
    await world.invite(NADIA)
    before = await trace()

    for knob in ("bad_signature", "wrong_nonce"):
        await world.fault("work/contoso", **{knob: True})
        with pytest.raises(SignInNotAccepted):
            await world.sign_in(NADIA, "nadia")

    assert await trace() == before | {"sign_in": 2}


BREAKDOWNS: dict[str, Callable[[Line], object]] = {
    # The first, since keys that were read once are kept.
    "the keys are away": lambda line: line.cut.add("/jwks"),
    "the line is cut": lambda line: line.cut.add("/token"),
    "an inner fault": lambda line: line.lie("/token", "{}", status=500),
    "a page instead": lambda line: line.lie("/token", "<html>"),
}


async def test_an_issuer_that_is_down_or_talks_nonsense_is_unavailable(world: World) -> None:
    await world.invite(NADIA)
    before = await trace()

    for break_down in BREAKDOWNS.values():
        returned = await world.go_to_work_issuer(NADIA, persona="nadia")
        break_down(world.line)
        with pytest.raises(ProviderUnavailable):
            await world.come_back(returned)
        world.line.cut.clear()
        world.line.lies.clear()

    assert await trace() == before | {"sign_in": len(BREAKDOWNS)}


async def test_a_sign_in_does_not_begin_while_the_issuer_is_down(world: World) -> None:
    await world.invite(NADIA)
    world.line.cut.add("/openid-configuration")

    with pytest.raises(ProviderUnavailable):
        await world.go_to_work_issuer(NADIA, persona="nadia")

    assert await SignIn.all().count() == 0
