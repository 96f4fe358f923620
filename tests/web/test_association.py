"""The page that removes an account's access."""

from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from domain.models import Association, Credit
from domain.rules.enums import MemberRole
from tests.factories import make_association, make_credit, make_member, make_organization
from tests.web.conftest import OWN_FORM, SignIn


async def test_removing_asks_first_and_says_what_it_does(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    association = await make_association(member)
    await make_credit(association)
    await sign_in(member)

    page = await browser.get(f"/associations/{global_id(Kind.ASSOCIATION, association.id)}")

    assert "1 credit ends now." in page.text
    assert "The cool-off keeps running." in page.text
    assert "3 Dec 2026, 14:30 UTC" in page.text
    assert await Association.filter(ended_at=None).count() == 1


async def test_removing_ends_it_and_shows_what_that_did(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    association = await make_association(member)
    await make_credit(association)
    await sign_in(member)
    name = global_id(Kind.ASSOCIATION, association.id)

    removed = await browser.post("/remove", data={"association": name}, headers=OWN_FORM)

    assert removed.status_code == 303
    assert removed.headers["location"] == f"/associations/{name}"
    page = await browser.get(removed.headers["location"])
    assert "1 of your credits" in page.text
    assert (await Association.get(id=association.id)).end_reason == "REMOVED"
    assert await Credit.filter(end_reason="REMOVED").count() == 1


async def test_removed_twice_is_removed(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    name = global_id(Kind.ASSOCIATION, (await make_association(member)).id)
    await sign_in(member)
    await browser.post("/remove", data={"association": name}, headers=OWN_FORM)

    again = await browser.post("/remove", data={"association": name}, headers=OWN_FORM)

    assert again.status_code == 303


async def test_nobody_else_removes_it_admins_neither(browser: AsyncClient, sign_in: SignIn) -> None:
    organization = await make_organization()
    association = await make_association(await make_member(organization))
    await sign_in(await make_member(organization, role=MemberRole.ACCOUNT_ADMIN))
    name = global_id(Kind.ASSOCIATION, association.id)

    shown = await browser.get(f"/associations/{name}")
    removed = await browser.post("/remove", data={"association": name}, headers=OWN_FORM)

    assert shown.status_code == 404
    assert removed.status_code == 404
    assert await Association.filter(ended_at=None).count() == 1


async def test_what_is_no_association_is_not_found(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    await sign_in(member)

    for name in ["nonsense", "", global_id(Kind.MEMBER, member.id), global_id(Kind.ASSOCIATION, 999)]:
        removed = await browser.post("/remove", data={"association": name}, headers=OWN_FORM)
        assert removed.status_code == 404
