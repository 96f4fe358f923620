"""Sign-out: here and at the issuer, and at the issuer and here."""

import asyncio

import pytest
from cryptography.fernet import Fernet
from playwright.async_api import Browser

from domain.providers.oidc import METADATA_SECONDS
from domain.rules.sign_in import back_channel_logout_uri
from tests.identity.environment import Certlink, Stopwatch, Visitor, assert_amara_signs_in, signed_in
from tests.identity.outside import OutsideIssuer, OutsideProvider
from tests.identity.profiles import AMARA, ENTRA, ID_TOKEN, Profile

SIGNED_OUT = "You are signed out"


async def test_sign_out_ends_the_session_at_the_issuer_too(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ID_TOKEN)
    await assert_amara_signs_in(issuer, certlink, visitor)

    asked = await visitor.submit("/sign-out")
    back = await visitor.press(asked, logout="yes")
    await issuer.change(asks=True)
    again = await visitor.sign_in()

    assert str(asked.url).startswith(f"{issuer.issuer}/session/end")
    assert str(back.url) == f"{certlink.settings.public_url}/sign-in"
    assert "/interaction/" in again.url.path
    assert await signed_in() == []


async def test_the_issuer_learns_at_sign_out_whose_session_it_is_and_our_addresses_do_not(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(ID_TOKEN), certlink, visitor)

    page = await visitor.submit_once("/sign-out")

    assert (page.status_code, SIGNED_OUT in page.text) == (200, True)
    assert not page.is_redirect
    address = page.headers["refresh"].removeprefix("0; url=")
    query = dict(page.url.join(address).params)
    assert set(query) == {"id_token_hint", "client_id", "post_logout_redirect_uri"}
    assert query["post_logout_redirect_uri"] == f"{certlink.settings.public_url}/sign-in"
    assert address.replace("&", "&amp;") in page.text


async def test_sign_out_ends_the_session_here_where_the_issuer_has_no_page_for_it(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(ID_TOKEN, endSession=False), certlink, visitor)

    await assert_signs_out_here(certlink, visitor)


async def test_sign_out_ends_the_session_here_where_the_issuer_is_down(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor, stopwatch: Stopwatch
) -> None:
    issuer = await outside.issuer(ID_TOKEN)
    await assert_amara_signs_in(issuer, certlink, visitor)
    await issuer.change(down=["/"])
    stopwatch.seconds += METADATA_SECONDS + 1

    await assert_signs_out_here(certlink, visitor)


async def test_sign_out_ends_the_session_here_where_no_key_opens_what_the_issuer_gave(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(ID_TOKEN), certlink, visitor)
    another = type(certlink.settings.secret_key)(Fernet.generate_key().decode())
    certlink.run_with(certlink.settings.model_copy(update={"secret_key": another}))

    await assert_signs_out_here(certlink, visitor)


async def test_chromium_goes_on_to_the_issuer_and_comes_back(
    outside: OutsideProvider, certlink: Certlink, chromium: Browser
) -> None:
    await certlink.add_organization(await outside.issuer(ENTRA))
    context = await chromium.new_context(base_url=certlink.settings.public_url, java_script_enabled=False)
    try:
        window = await context.new_page()
        await window.goto("/sign-in")
        await window.fill("#email", AMARA)
        await window.press("#email", "Enter")
        await window.wait_for_url("**/profile", timeout=10_000)
        await window.locator("summary").click()
        await window.get_by_role("button", name="Sign out").click()
        await window.wait_for_url("**/session/end**", timeout=10_000)
        await window.get_by_role("button", name="Sign out").click()
        await window.wait_for_url(f"{certlink.settings.public_url}/sign-in**", timeout=10_000)
    finally:
        await context.close()

    assert await signed_in() == []


async def test_a_notice_of_the_issuer_ends_the_session_of_that_browser_alone(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ID_TOKEN)
    await told_of_logout(certlink, issuer, names_session=True)
    await visitor.sign_in()
    async with certlink.visitor() as elsewhere:
        await elsewhere.sign_in()
        assert await signed_in() == [AMARA, AMARA]

        await sign_out_at(issuer, visitor)

        assert await signed_in() == [AMARA]
        assert (await visitor.visit("/profile")).url.path == "/sign-in"
        assert (await elsewhere.visit("/profile")).url.path == "/profile"


@pytest.mark.parametrize("profile", [ID_TOKEN, ENTRA], ids=["sub", "tid and oid"])
async def test_a_notice_that_names_the_person_ends_all_their_sessions(
    profile: Profile, outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(profile, backchannelLogout=True)
    await told_of_logout(certlink, issuer, names_session=False)
    await visitor.sign_in()
    async with certlink.visitor() as elsewhere:
        await elsewhere.sign_in()
        assert await signed_in() == [AMARA, AMARA]

        await sign_out_at(issuer, visitor)

    assert await signed_in() == []


async def test_sign_out_here_and_the_issuers_notice_of_it_at_once_do_not_disturb_each_other(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ID_TOKEN)
    await told_of_logout(certlink, issuer, names_session=True)
    await visitor.sign_in()

    pages = await asyncio.gather(visitor.submit_once("/sign-out"), sign_out_at(issuer, visitor))

    assert pages[0].status_code in {200, 303}
    assert await signed_in() == []


async def assert_signs_out_here(certlink: Certlink, visitor: Visitor) -> None:
    """Sign out, and see that this ends at once and at our own page."""
    page = await visitor.submit("/sign-out")

    assert str(page.url) == f"{certlink.settings.public_url}/sign-in"
    assert "certlink_session" not in dict(visitor.cookies())
    assert await signed_in() == []


async def told_of_logout(certlink: Certlink, issuer: OutsideIssuer, *, names_session: bool) -> None:
    """Write the issuer's organization, whose client there is told of the end of sessions."""
    organization_id = await certlink.add_organization(issuer)
    await certlink.register(
        issuer,
        organization_id,
        backchannel_logout_uri=back_channel_logout_uri(
            certlink.settings.public_url, organization_id=organization_id, issuer=issuer.issuer
        ),
        backchannel_logout_session_required=names_session,
    )


async def sign_out_at(issuer: OutsideIssuer, visitor: Visitor) -> None:
    """Sign a person out at their issuer, without certlink."""
    asked = await visitor.open((await issuer.metadata())["end_session_endpoint"])
    await visitor.press(asked, logout="yes")
