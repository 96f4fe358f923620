"""A person clicks through the pages from linking to removal."""

import asyncio
import json
import sys

import httpx2
from playwright.async_api import Browser, Page, expect

from local.demo.service import Service

START = """mutation { associateLearningAccount(input: {provider: MICROSOFT_LEARN}) {
    ... on AssociationStarted { attempt { id } } } }"""


async def test_a_person_links_sees_credits_come_to_count_and_removes_access(page: Page, service: Service) -> None:
    await sign_in(page, "tomasz.wilk@contoso.example", "Tomasz Wilk")
    await page.get_by_role("button", name="Associate").click()
    await page.get_by_role("button", name="Tomasz Wilk").click()
    # Each step appears by itself: nothing reloads the page.
    await expect(page.get_by_role("heading", name="Microsoft Learn is linked")).to_be_visible(timeout=20_000)
    await page.get_by_role("link", name="Back to profile").click()
    pending = await page.get_by_text("On its way").count()
    assert pending > 0

    await service.advance(days=10)
    await page.reload()
    await expect(page.get_by_text("Counting", exact=True)).to_have_count(pending)

    await page.get_by_role("link", name="Remove access").click()
    await page.get_by_role("button", name="Remove access").click()
    await expect(page.get_by_role("heading", name="Microsoft Learn is no longer linked")).to_be_visible()
    await page.get_by_role("link", name="Back to my profile").click()
    await expect(page.get_by_text("Counting", exact=True)).to_have_count(0)
    await expect(page.get_by_text("You can associate again from").first).to_be_visible()


async def test_a_page_that_follows_somebodys_attempt_leaves_when_the_browser_is_another_persons(
    chromium: Browser, service: Service
) -> None:
    context = await chromium.new_context(base_url=service.url)
    page = await context.new_page()
    await sign_in(page, "jonas.lindqvist@contoso.example", "Jonas Lindqvist")
    started = await service.graphql(await service.token("jonas"), START)
    # Once it was told something it is connected, and has asked for itself again.
    async with page.expect_response(lambda answer: answer.request.resource_type == "fetch"):
        await page.goto(f"/attempts/{started['associateLearningAccount']['attempt']['id']}")

    former = {cookie["name"]: cookie["value"] for cookie in await context.cookies()}
    await context.clear_cookies()
    await sign_in(await context.new_page(), "priya.raman@contoso.example", "Priya Raman")
    async with httpx2.AsyncClient(cookies=former, trust_env=False) as browser:
        await browser.post(f"{service.url}/sign-out", headers={"Origin": service.url})

    # It was told that access has ended, and found that the attempt is not Priya's.
    await expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    await context.close()


async def test_the_demo_prints_one_object_in_which_every_step_held() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "certlink", "demo", "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    stdout, stderr = await process.communicate()

    assert process.returncode == 0, stderr.decode()
    outcome = json.loads(stdout)
    assert list(outcome) == [
        *("attempt", "pending", "counting", "movedFrom", "refusedCode", "nextAvailableAt", "endedByRemoval", "seconds"),
    ]
    assert outcome["attempt"] == "ASSOCIATED"
    assert outcome["movedFrom"] == "Fabrikam"
    assert outcome["refusedCode"] == "COOL_OFF_ACTIVE"
    assert min(outcome[name] for name in ("pending", "counting", "endedByRemoval")) > 0


async def sign_in(page: Page, work_email: str, name: str) -> None:
    await page.goto("/")
    await page.get_by_label("Work email", exact=True).fill(work_email)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name=name).click()
    await expect(page.get_by_role("heading", name="My Learn profile")).to_be_visible()
