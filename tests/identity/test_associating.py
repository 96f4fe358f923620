"""Chromium on its way from certlink to a learning provider whose pages have an origin of their own."""

import pytest
from playwright.async_api import Browser

from domain.settings import Settings
from tests.identity.environment import Certlink
from tests.identity.outside import OutsideIssuer, OutsideProvider
from tests.identity.profiles import AMARA, ELSEWHERE, ID_TOKEN


@pytest.fixture
async def learn(outside: OutsideProvider) -> OutsideIssuer:
    """Microsoft Learn, as an issuer at which people are asked who they are."""
    return await outside.issuer(ELSEWHERE, asks=True)


@pytest.fixture
async def settings(settings: Settings, learn: OutsideIssuer) -> Settings:
    """Settings with this learning provider, at which certlink is registered."""
    await learn.register("certlink", f"{settings.public_url}/callbacks/microsoft-learn")
    secret = type(settings.secret_key)(learn.profile.secret)
    return settings.model_copy(
        update={
            "microsoft_learn_issuer": learn.issuer,
            "microsoft_learn_client_secret": secret,
            "microsoft_learn_transcript_url": f"{learn.issuer}/transcript",
        }
    )


async def test_chromium_lets_associate_lead_to_the_providers_pages(
    outside: OutsideProvider, learn: OutsideIssuer, certlink: Certlink, chromium: Browser
) -> None:
    work = await outside.issuer(ID_TOKEN)
    await certlink.add_organization(work)
    async with certlink.visitor() as visitor:
        await visitor.sign_in()
        cookies = visitor.cookies()
    context = await chromium.new_context(base_url=certlink.settings.public_url)
    try:
        await context.add_cookies([{"name": n, "value": v, "url": certlink.settings.public_url} for n, v in cookies])
        window = await context.new_page()
        await window.goto("/profile")
        await window.get_by_role("button", name="Associate").first.click()
        await window.wait_for_url(f"{learn.pages}/**", timeout=10_000)

        assert await window.get_by_role("button", name=AMARA).is_visible()
    finally:
        await context.close()
