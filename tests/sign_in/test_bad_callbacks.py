"""Invalid callbacks of a learning provider.

Each ends in a clear state; what is refused leaves no trace besides the attempt and its callback.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.models import AssociationAttempt, Callback
from domain.operations.steps.leases import MAX_TRIES
from domain.queries.attempts import get_attempt_or_raise
from domain.rules.attempt_refusal import attempt_refusal
from domain.rules.enums import AttemptStatus, CallbackStatus
from domain.rules.policy import Policy
from domain.rules.sign_in import ProviderUnavailable, SignInExpired, SignInNotAccepted, SignInNotKnown
from domain.secrets import new_token
from tests.sign_in.environment import LEARN, UNIVERSITY, World, attempt, callback_of, let_the_lease_lapse, trace
from tests.sign_in.tcp_proxy import Line
from tests.sign_in.transcripts import completion, transcript


async def test_a_forged_state_is_not_known(world: World) -> None:
    returned = await world.go_to_provider(await world.member("amara"))

    for forged in ("", "x", new_token(), f"{returned.answer.state}x", "\x00", "\ud800"):
        with pytest.raises(SignInNotKnown):
            await world.receive(returned, state=forged)

    await _still_waits()


async def test_a_state_of_another_provider_is_not_known(world: World) -> None:
    returned = await world.go_to_provider(await world.member("amara"))

    with pytest.raises(SignInNotKnown):
        await world.receive(returned, UNIVERSITY)

    await _still_waits()


async def test_a_foreign_browser_cannot_bring_a_callback(world: World) -> None:
    """R1: nobody links their account for somebody else, nor somebody else's for themselves."""
    returned = await world.go_to_provider(await world.member("amara"))
    other = await world.go_to_provider(await world.member("priya"))

    for foreign in (None, "", new_token(), other.browser_token):
        with pytest.raises(SignInNotKnown):
            await world.receive(returned, browser_token=foreign)

    assert await Callback.all().count() == 0
    assert (await world.receive(returned)).attempt_id != (await world.receive(other)).attempt_id


async def test_another_members_code_does_not_fit_an_attempts_challenge(world: World) -> None:
    """A code that was stolen or planted is bound to the sign-in that it was given for."""
    returned = await world.go_to_provider(await world.member("amara"))
    other = await world.go_to_provider(await world.member("priya"), persona="priya-learn")
    before = await trace()

    attempt_id = (await world.receive(returned, code=other.answer.code)).attempt_id
    await world.process()

    ended = await attempt(attempt_id)
    assert (ended.status, ended.refusal_code) == (AttemptStatus.FAILED, SignInNotAccepted.code)
    assert await trace() == before


async def test_a_repeated_callback_changes_nothing(world: World) -> None:
    returned = await world.go_to_provider(await world.member("amara"))
    first = await world.receive(returned)
    again = await world.receive(returned, code="another", issuer="http://evil.example")
    await world.process()
    before = await trace()

    at_last = await world.receive(returned)

    assert first == again == at_last
    assert await Callback.all().count() == 1
    assert not await world.process()
    assert (await attempt(first.attempt_id)).status is AttemptStatus.ASSOCIATED
    assert await trace() == before


async def test_a_late_callback_is_refused_and_the_attempt_has_expired(world: World) -> None:
    amara = await world.member("amara")
    returned = await world.go_to_provider(amara)
    world.clock.advance(timedelta(minutes=10))

    with pytest.raises(SignInExpired):
        await world.receive(returned)

    assert await Callback.all().count() == 0
    row = await AssociationAttempt.get()
    assert (await get_attempt_or_raise(amara, row.id)).status(at=world.clock()) is AttemptStatus.EXPIRED


async def test_another_issuers_answer_is_not_accepted_and_the_right_one_still_is(world: World) -> None:
    await world.fault("microsoft-learn", wrong_issuer=True)
    returned = await world.go_to_provider(await world.member("amara"))

    for issuer in (returned.answer.issuer, world.issuer("partner-university"), ""):
        with pytest.raises(SignInNotAccepted):
            await world.receive(returned, issuer=issuer)

    await _still_waits()
    await world.receive(returned, issuer=world.issuer("microsoft-learn"))
    assert await Callback.all().count() == 1


async def test_an_answer_with_neither_code_nor_error_is_not_accepted(world: World) -> None:
    returned = await world.go_to_provider(await world.member("amara"))

    for code in (None, "", "c" * 4097, "\x00", "\ud800", "a\nb"):
        with pytest.raises(SignInNotAccepted):
            await world.receive(returned, code=code)

    await _still_waits()


ERRORS = {
    "access_denied": (AttemptStatus.REFUSED, "SIGN_IN_DECLINED"),
    "server_error": (AttemptStatus.FAILED, "SIGN_IN_NOT_ACCEPTED"),
    "\x00\ud800" * 9999: (AttemptStatus.FAILED, "SIGN_IN_NOT_ACCEPTED"),
}


async def test_an_error_answer_of_the_provider_ends_the_attempt(world: World) -> None:
    amara = await world.member("amara")
    before = await trace()

    for error, (status, code) in ERRORS.items():
        returned = await world.go_to_provider(amara, cancel="cancel")
        attempt_id = (await world.receive(returned, error=error)).attempt_id
        asked = len(world.line.asked)
        await world.process()

        await _ended(attempt_id, status, code)
        assert len(world.line.asked) == asked
    assert await trace() == before


REFUSED: dict[str, Callable[[Line], object]] = {
    "the code is refused": lambda line: line.lie("/token", '{"error": "invalid_grant"}', status=400),
    "no tokens": lambda line: line.lie("/token", "{}"),
    "no identity": lambda line: line.lie("/token", '{"access_token": "x", "id_token": "x"}'),
    "the access token is refused": lambda line: line.lie("/userinfo", "{}", status=401),
    "the transcript is closed": lambda line: line.lie("/transcript", "{}", status=403),
}
DOWN: dict[str, Callable[[Line], object]] = {
    # The first, since keys that were read once are kept.
    "no keys": lambda line: line.cut.add("/jwks"),
    "no answer": lambda line: line.cut.add("/token"),
    "an inner fault": lambda line: line.lie("/token", "{}", status=500),
    "no profile": lambda line: line.lie("/userinfo", "[]"),
    "no transcript": lambda line: line.lie("/transcript", "{}", status=404),
    "a transcript of nonsense": lambda line: line.lie("/transcript", transcript(completion(code="A\\u0000"))),
    "a transcript that the database cannot hold": lambda line: line.lie(
        "/transcript", transcript(completion(at="0001-01-01T00:00:00+14:00"))
    ),
}


async def test_what_the_provider_refuses_fails_at_once(world: World) -> None:
    amara = await world.member("amara")
    before = await trace()

    for way in REFUSED.values():
        way(world.line)
        ended = await world.link(amara)
        world.line.lies.clear()

        await _ended(ended.id, AttemptStatus.FAILED, SignInNotAccepted.code)
    assert await trace() == before


async def test_a_provider_that_stays_down_fails_the_attempt_after_the_last_try(world: World) -> None:
    amara = await world.member("amara")
    before = await trace()

    for stay_down in DOWN.values():
        attempt_id = await world.call_back(amara)
        stay_down(world.line)
        while await world.process():
            await let_the_lease_lapse()
        world.line.cut.clear()
        world.line.lies.clear()

        ended, callback = await attempt(attempt_id), await callback_of(attempt_id)
        assert (ended.status, callback.status) == (AttemptStatus.FAILED, CallbackStatus.DEAD)
        assert (ended.refusal_code, callback.tries) == (ProviderUnavailable.code, MAX_TRIES)
        assert (callback.code_sealed, callback.grant_sealed, ended.verifier_sealed) == (None, None, None)
        assert callback.last_error
    assert await trace() == before


async def _still_waits() -> None:
    assert await Callback.all().count() == 0
    assert (await AssociationAttempt.get()).status is AttemptStatus.AWAITING_SIGN_IN


async def _ended(attempt_id: int, status: AttemptStatus, code: str) -> None:
    ended, callback = await attempt(attempt_id), await callback_of(attempt_id)
    assert (ended.status, ended.refusal_code) == (status, code)
    assert (callback.status, callback.code_sealed, callback.grant_sealed) == (CallbackStatus.DONE, None, None)
    assert ended.verifier_sealed is None
    # What is stored can be told to the person.
    assert attempt_refusal(code, provider=LEARN, next_available_at=None, account=None, policy=Policy()).code == code
