"""The one-time address of an attempt (R1)."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from domain.errors import InvalidInput
from domain.models import AssociationAttempt
from domain.operations.attempts import ConfirmationNeeded, start_association
from domain.operations.steps.authorization import SignInPage
from domain.rules.enums import AttemptStatus
from domain.rules.sign_in import ProviderUnavailable, SignInExpired, SignInNotKnown
from domain.rules.visibility import MemberViewer
from domain.secrets import new_token
from tests.sign_in.environment import LEARN, UNIVERSITY, World, trace

RETURNS = ["/", "/profile?tab=learn#top", "https://front.contoso.example", "https://front.contoso.example/a?b=c"]
NO_RETURNS = [
    "",
    "profile",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "https://front.contoso.example.evil.example/",
    "https://front.contoso.example@evil.example/",
    "http://front.contoso.example/",
    "https://front.contoso.example:444/",
    "javascript:alert(1)",
    "https:evil.example",
    "/\tevil",
    "/ evil",
    "/\n//evil.example",
    "https://[",
    f"/{'x' * 500}",
    "/\x00",
]


async def test_the_address_leads_to_the_provider_with_a_challenge_and_no_secret(world: World) -> None:
    amara = await world.member("amara")

    opened = await world.open(await world.begin(amara), amara)

    query = parse_qs(urlsplit(opened.location).query)
    assert opened.location.startswith(world.issuer("microsoft-learn/authorize?"))
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["http://localhost:8000/callbacks/microsoft-learn"]
    assert len(query["state"][0]) == len(query["nonce"][0]) == len(query["code_challenge"][0]) == 43
    assert "code_verifier" not in query
    assert opened.browser_token not in opened.location


async def test_the_address_works_once(world: World) -> None:
    amara = await world.member("amara")
    ticket = await world.begin(amara)

    outcomes = await asyncio.gather(*(world.open(ticket, amara) for _ in range(4)), return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["SignInNotKnown"] * 3 + ["SignInPage"]
    with pytest.raises(SignInNotKnown):
        await world.open(ticket, amara)


async def test_an_unknown_address_is_not_known(world: World) -> None:
    await world.begin(await world.member("amara"))

    for ticket in ("", "x", new_token(), "\x00", "\ud800"):
        with pytest.raises(SignInNotKnown):
            await world.open(ticket, None, confirmed=True)


async def test_another_member_cannot_use_the_address_even_by_confirming(world: World) -> None:
    """R1: admins neither."""
    amara, nadia = await world.member("amara"), await world.member("nadia")
    ticket = await world.begin(amara)

    for confirmed in (False, True):
        with pytest.raises(SignInNotKnown):
            await world.open(ticket, nadia, confirmed=confirmed)

    assert (await AssociationAttempt.get()).state_hash is None
    assert isinstance(await world.open(ticket, amara), SignInPage)


async def test_a_browser_that_is_not_signed_in_has_to_confirm(world: World) -> None:
    """A front-end's person has no session here; a link that somebody sent them must not link their account."""
    amara = await world.member("amara")
    ticket = await world.begin(amara, UNIVERSITY)

    with pytest.raises(ConfirmationNeeded) as asked:
        await world.open(ticket, None)

    told = (asked.value.organization_name, asked.value.work_email, asked.value.provider)
    assert told == ("Contoso", "amara.osei@contoso.example", UNIVERSITY)
    assert (await AssociationAttempt.get()).state_hash is None
    assert isinstance(await world.open(ticket, None, confirmed=True), SignInPage)


async def test_the_address_is_in_time_until_the_ten_minutes_are_over(world: World) -> None:
    amara = await world.member("amara")
    early, late = await world.begin(amara), await world.begin(amara, UNIVERSITY)

    world.clock.advance(timedelta(minutes=10) - timedelta(microseconds=1))
    assert await world.open(early, amara) is not None
    world.clock.advance(timedelta(microseconds=1))
    with pytest.raises(SignInExpired):
        await world.open(late, amara)


async def test_an_address_can_be_used_again_after_the_provider_was_down(world: World) -> None:
    amara = await world.member("amara")
    ticket = await world.begin(amara)
    world.line.cut.add("/openid-configuration")

    with pytest.raises(ProviderUnavailable):
        await world.open(ticket, amara)

    assert (await AssociationAttempt.get()).status is AttemptStatus.AWAITING_SIGN_IN
    world.line.cut.clear()
    assert await world.open(ticket, amara) is not None


async def test_an_attempt_returns_to_a_path_here_or_to_a_known_front_end(world: World) -> None:
    amara = await world.member("amara")

    for return_to in [None, *RETURNS]:
        await _start(world, amara, return_to)

    assert await AssociationAttempt.all().count() == 1 + len(RETURNS)


async def test_an_attempt_returns_nowhere_else(world: World) -> None:
    amara = await world.member("amara")
    before = await trace()

    for return_to in NO_RETURNS:
        with pytest.raises(InvalidInput):
            await _start(world, amara, return_to)

    assert await trace() == before
    assert await AssociationAttempt.all().count() == 0


async def _start(world: World, viewer: MemberViewer, return_to: str | None) -> None:
    await start_association(
        viewer=viewer,
        provider=LEARN,
        return_to=return_to,
        now=world.clock(),
        settings=world.settings,
    )
