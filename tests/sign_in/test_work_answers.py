"""What becomes of an answer of a work issuer that is not as it should be?"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.errors import Refusal
from domain.models import SignIn
from domain.rules.sign_in import (
    ProviderUnavailable,
    SignInDeclined,
    SignInExpired,
    SignInNotAccepted,
    SignInNotKnown,
)
from domain.secrets import new_token
from tests.sign_in.line import Line
from tests.sign_in.world import Returned, World, trace

NADIA = "nadia.novak@contoso.example"
# Whatever happened, one sign-in was begun and nothing else was written.
ONLY_BEGUN = {"sign_in": 1}


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


@pytest.mark.parametrize("issuer", ["http://localhost:8001/work/fabrikam", "", "http://localhost:8001/work/contoso/"])
async def test_an_answer_in_another_issuers_name_is_not_accepted(
    world: World, returned: Returned, issuer: str
) -> None:
    before = await trace()

    with pytest.raises(SignInNotAccepted):
        await world.come_back(returned, issuer=issuer)

    assert await trace() == before
    assert world.line.count("/token") == 0


@pytest.mark.parametrize("code", [None, "", "forged", "c" * 4097, "\x00", "\ud800"])
async def test_a_code_that_the_issuer_never_gave_is_refused(world: World, returned: Returned, code: str) -> None:
    before = await trace()

    with pytest.raises(SignInNotAccepted):
        await world.come_back(returned, code=code)

    assert await trace() == before


async def test_a_code_that_was_exchanged_before_is_refused(world: World, returned: Returned) -> None:
    await world.come_back(returned)
    again = await world.go_to_work_issuer(NADIA, persona="nadia")

    with pytest.raises(SignInNotAccepted):
        await world.come_back(again, code=returned.answer.code)


@pytest.mark.parametrize(
    ("choice", "refusal"), [({"cancel": "cancel"}, SignInDeclined), ({"persona": "nadia"}, SignInNotAccepted)]
)
async def test_an_error_answer_ends_the_sign_in(
    world: World, choice: dict[str, str], refusal: type[Refusal]
) -> None:
    await world.invite(NADIA)
    await world.fault("work/contoso", error="server_error")
    before = await trace()

    with pytest.raises(refusal):
        await world.come_back(await world.go_to_work_issuer(NADIA, **choice))

    assert await trace() == before | ONLY_BEGUN


@pytest.mark.parametrize("knob", ["bad_signature", "wrong_nonce"])
async def test_a_token_that_proves_nothing_is_not_accepted(world: World, returned: Returned, knob: str) -> None:
    await world.fault("work/contoso", **{knob: True})
    before = await trace()

    with pytest.raises(SignInNotAccepted):
        await world.come_back(returned)

    assert await trace() == before


BREAKDOWNS: dict[str, Callable[[Line], object]] = {
    "the line is cut": lambda line: line.cut.add("/token"),
    "the keys are away": lambda line: line.cut.add("/jwks"),
    "an inner fault": lambda line: line.lie("/token", "{}", status=500),
    "our secret is wrong": lambda line: line.lie("/token", '{"error": "invalid_client"}', status=401),
    "a page instead": lambda line: line.lie("/token", "<html>"),
    "an empty answer": lambda line: line.lie("/token", ""),
    "a list": lambda line: line.lie("/token", "[]"),
    "nothing": lambda line: line.lie("/token", "null"),
    "a number": lambda line: line.lie("/token", "1"),
    "a deep nest": lambda line: line.lie("/token", "[" * 100_000),
    "bytes": lambda line: line.lie("/token", b"\xff\xfe"),
    "an endless life": lambda line: line.lie("/token", '{"expires_in": 1e999}'),
    "a life of no number": lambda line: line.lie("/token", '{"expires_in": [1]}'),
    "an end of no number": lambda line: line.lie("/token", '{"expires_at": {}}'),
    "an error of no word": lambda line: line.lie("/token", '{"error": {"a": 1}}', status=400),
}


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
async def test_an_issuer_that_is_down_or_talks_nonsense_is_unavailable(
    world: World, returned: Returned, breakdown: str
) -> None:
    before = await trace()
    BREAKDOWNS[breakdown](world.line)

    with pytest.raises(ProviderUnavailable):
        await world.come_back(returned)

    assert await trace() == before


@pytest.mark.parametrize(
    "answer", ["{}", '{"id_token": "a.b.c"}', '{"id_token": 1, "access_token": 2}', '{"id_token": "", "access_token": ""}']
)
async def test_an_answer_without_the_tokens_is_not_accepted(world: World, returned: Returned, answer: str) -> None:
    world.line.lie("/token", answer)

    with pytest.raises(SignInNotAccepted):
        await world.come_back(returned)


async def test_a_sign_in_does_not_begin_while_the_issuer_is_down(world: World) -> None:
    await world.invite(NADIA)
    world.line.cut.add("/openid-configuration")

    with pytest.raises(ProviderUnavailable):
        await world.go_to_work_issuer(NADIA, persona="nadia")

    assert await SignIn.all().count() == 0


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        "{}",
        '{"issuer": "http://localhost:8001/work/fabrikam"}',
        '{"issuer": "http://localhost:8001/work/contoso"}',
        '{"issuer": "http://localhost:8001/work/contoso", "authorization_endpoint": "javascript:alert(1)",'
        ' "token_endpoint": "file:///etc/passwd", "jwks_uri": "http:", "userinfo_endpoint": 1}',
    ],
)
async def test_a_document_that_lies_about_its_issuer_is_not_believed(world: World, document: str) -> None:
    await world.invite(NADIA)
    world.line.lie("/openid-configuration", document)

    with pytest.raises(ProviderUnavailable):
        await world.go_to_work_issuer(NADIA, persona="nadia")
