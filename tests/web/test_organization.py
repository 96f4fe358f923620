"""The organization's page for admins."""

from datetime import timedelta

from httpx2 import AsyncClient

from domain.operations.credits import propagate_credits
from domain.operations.members import remove_member
from domain.rules.enums import MemberRole
from tests.clock import START, FrozenClock
from tests.factories import make_association, make_credit, make_member, make_organization, viewer_of
from tests.web.conftest import SignIn


async def test_a_leaver_s_credits_say_until_when_they_count_and_then_why_they_ended(
    browser: AsyncClient, sign_in: SignIn, clock: FrozenClock
) -> None:
    """R8."""
    organization = await make_organization()
    admin = await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)
    member = await make_member(organization)
    association = await make_association(member, started_at=START - timedelta(days=20))
    await make_credit(association)
    await make_credit(association, certification="AZ-305", completed_at=START)
    await propagate_credits(now=START)
    await remove_member(by=viewer_of(admin), member_id=member.id, now=START)
    await sign_in(admin)

    leaving = await browser.get("/organization")
    clock.advance(timedelta(days=60))
    left = await browser.get("/organization")

    assert "Member left" in leaving.text
    assert "Expires soon" not in leaving.text
    assert 'until <time datetime="2026-12-10T00:00:00Z">' in leaving.text
    assert "the member left the organization" in leaving.text
    assert left.text.count("the member left the organization") == 2
