"""The profile page."""

from datetime import timedelta

from httpx2 import AsyncClient

from domain.models import AssociationAttempt
from domain.rules.enums import LearningProvider, MemberRole
from tests.clock import START, FrozenClock
from tests.factories import make_association, make_credit, make_member, make_organization, make_refused
from tests.web.conftest import OWN_FORM, SignIn


async def test_a_new_member_is_offered_both_providers(browser: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(await make_member(await make_organization()))

    page = await browser.get("/profile")

    assert page.status_code == 200
    assert 'name="provider" value="MICROSOFT_LEARN">Associate' in page.text
    assert 'name="provider" value="PARTNER_UNIVERSITY">Get access' in page.text
    assert "Nothing yet." in page.text


async def test_a_linked_account_shows_its_id_and_the_next_available_date(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    await make_association(member, profile_id="991204737", started_at=START - timedelta(days=19))
    await sign_in(member)

    page = await browser.get("/profile")

    assert "991204737" in page.text
    assert "Remove access" in page.text
    assert "day 19 of 30" in page.text
    assert "<span>Associations used</span><span>1 of 3</span>" in page.text
    assert '<time datetime="2026-11-14T14:30:00Z">14 Nov 2026, 14:30 UTC</time>' in page.text


async def test_an_account_that_was_refused_shows_its_own_date_while_it_lies_ahead(
    browser: AsyncClient, sign_in: SignIn, clock: FrozenClock
) -> None:
    """R6: also where the account was never linked, and nothing holds the member back."""
    member = await make_member(await make_organization())
    await make_refused(member, profile_id="991204737", days=25)
    await make_refused(member, profile_id="990731148", days=11)
    await sign_in(member)

    ahead = await browser.get("/profile")
    clock.advance(timedelta(days=25))
    passed = await browser.get("/profile")

    first = 'ending in <strong>148</strong>: <strong><time datetime="2026-11-14T14:30:00Z">14 Nov 2026, 14:30 UTC'
    last = 'ending in <strong>737</strong>: <strong><time datetime="2026-11-28T14:30:00Z">28 Nov 2026, 14:30 UTC'
    assert ahead.text.index(first) < ahead.text.index(last)
    assert "You can associate at any time, unless the account has a later date." in ahead.text
    assert 'name="provider" value="MICROSOFT_LEARN">Associate' in ahead.text
    assert "991204737" not in ahead.text
    assert "account ending in" not in passed.text


async def test_a_date_that_is_the_member_s_own_is_shown_once(browser: AsyncClient, sign_in: SignIn) -> None:
    """R6: for their own account it is no other."""
    member = await make_member(await make_organization())
    await make_association(member)
    await sign_in(member)

    page = await browser.get("/profile")

    assert "account ending in" not in page.text


async def test_a_credit_is_shown_in_each_of_its_states(
    browser: AsyncClient, sign_in: SignIn, clock: FrozenClock
) -> None:
    member = await make_member(await make_organization())
    association = await make_association(member)
    await make_credit(association, certification="AZ-305")
    await make_credit(association, certification="PL-300", completed_at=START - timedelta(days=900))
    await make_credit(association, certification="NO-SUCH")
    await sign_in(member)

    before = await browser.get("/profile")
    clock.advance(timedelta(days=10))
    counting = await browser.get("/profile")
    clock.advance(timedelta(days=300))
    soon = await browser.get("/profile")
    clock.advance(timedelta(days=100))
    ended = await browser.get("/profile")

    assert 'Expected by <time datetime="2026-11-13T14:30:00Z">' in before.text
    assert "day 0 of 10" in before.text
    assert before.text.count("Not counted") == 2
    assert 'Counting since <time datetime="2026-11-13T14:30:00Z">' in counting.text
    assert "1 counting, 2 not counted" in counting.text
    assert "Expires soon" in soon.text
    assert "1 ended" not in soon.text
    assert "2 not counted, 1 ended" in ended.text


async def test_a_hostile_name_stays_text(browser: AsyncClient, sign_in: SignIn) -> None:
    hostile = '<script>alert("x")</script>\'"{{ 7*7 }}'
    organization = await make_organization(name="Contoso")
    organization.name = f"Org {hostile}"
    await organization.save()
    await sign_in(await make_member(organization, name=hostile))

    page = await browser.get("/profile")

    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in page.text
    assert "{{ 7*7 }}" in page.text


async def test_associating_leads_to_our_own_address_that_works_once(browser: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(await make_member(await make_organization()))

    answered = await browser.post("/associate", data={"provider": "MICROSOFT_LEARN"}, headers=OWN_FORM)

    assert answered.status_code == 303
    assert answered.headers["location"].startswith("http://localhost:8000/associate/")
    onward = await browser.get(answered.headers["location"])
    assert onward.headers["location"].startswith("http://localhost:8001/microsoft-learn/authorize?")
    again = await browser.get(answered.headers["location"])
    assert again.status_code == 400


async def test_the_cool_off_is_told_in_the_programmes_sentence_with_the_date(
    browser: AsyncClient, sign_in: SignIn
) -> None:
    member = await make_member(await make_organization())
    await make_association(member, ended_at=START, end_reason="REMOVED")
    await sign_in(member)

    refused = await browser.post("/associate", data={"provider": "MICROSOFT_LEARN"}, headers=OWN_FORM)

    assert refused.status_code == 409
    assert "attempted to associate with a partner organization" in refused.text
    assert '<time datetime="2026-12-03T14:30:00Z">3 Dec 2026, 14:30 UTC</time>' in refused.text
    assert "<title>Error:" in refused.text
    assert await AssociationAttempt.filter(status="AWAITING_SIGN_IN").count() == 0


async def test_the_time_shown_is_never_too_early(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    await make_association(member, started_at=START - timedelta(seconds=1))
    await sign_in(member)

    page = await browser.get("/profile")

    assert '<time datetime="2026-12-03T14:29:59Z">3 Dec 2026, 14:30 UTC</time>' in page.text


async def test_an_account_that_is_linked_already_is_refused(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    await make_association(member, provider=LearningProvider.PARTNER_UNIVERSITY)
    await sign_in(member)

    refused = await browser.post("/associate", data={"provider": "PARTNER_UNIVERSITY"}, headers=OWN_FORM)

    assert refused.status_code == 409
    assert "already have an account linked" in refused.text


async def test_an_unknown_provider_is_refused(browser: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(await make_member(await make_organization()))

    refused = await browser.post("/associate", data={"provider": "NOBODY"}, headers=OWN_FORM)

    assert refused.status_code == 400


async def test_a_cursor_of_nothing_is_refused(browser: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(await make_member(await make_organization()))

    refused = await browser.get("/profile", params={"after": "nonsense"})

    assert refused.status_code == 400


async def test_the_theme_is_kept_and_leads_back(browser: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(await make_member(await make_organization()))

    chosen = await browser.post("/theme", data={"theme": "dark", "return_to": "//evil.example"}, headers=OWN_FORM)

    assert chosen.headers["location"] == "/profile"
    assert '<html lang="en" data-theme="dark">' in (await browser.get("/profile")).text


async def test_an_admin_sees_the_organizations_credits_and_no_mcid(browser: AsyncClient, sign_in: SignIn) -> None:
    organization = await make_organization()
    await make_credit(await make_association(await make_member(organization, name="Mei"), profile_id="991877502"))
    await sign_in(await make_member(organization, role=MemberRole.ACCOUNT_ADMIN))

    page = await browser.get("/organization")

    assert page.status_code == 200
    assert "Mei" in page.text
    assert "991877502" not in page.text


async def test_a_member_does_not_see_the_organizations_credits(browser: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(await make_member(await make_organization()))

    page = await browser.get("/organization")

    assert page.status_code == 403
