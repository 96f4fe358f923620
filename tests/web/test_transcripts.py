"""The state of the transcript on the profile page (R9)."""

from httpx2 import AsyncClient

from tests.clock import START
from tests.factories import make_association, make_member, make_organization
from tests.web.conftest import OWN_FORM, SignIn


async def test_it_says_when_the_transcript_was_read_last(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    await make_association(member, grant_sealed=b"token", next_read_at=START, transcript_read_at=START)
    await sign_in(member)

    page = await browser.get("/profile")

    assert "<dt>Last read</dt>" in page.text
    assert "Sign in again" not in page.text


async def test_whoever_has_to_sign_in_again_is_asked_to_and_gets_to_the_provider(
    browser: AsyncClient, sign_in: SignIn
) -> None:
    """R6: the cool-off does not stand in the way."""
    member = await make_member(await make_organization())
    await make_association(member, transcript_read_at=START, grant_refused_at=START)
    await sign_in(member)

    page = await browser.get("/profile")
    answer = await browser.post("/associate", data={"provider": "MICROSOFT_LEARN"}, headers=OWN_FORM)

    assert "We can no longer read your transcript" in page.text
    assert 'name="provider" value="MICROSOFT_LEARN">Sign in again' in page.text
    assert answer.status_code == 303
