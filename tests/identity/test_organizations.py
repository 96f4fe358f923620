"""Organizations as they are: several issuers, mail domains and secrets, and accounts made anew."""

from functools import partial

from httpx2 import Response
from playwright.async_api import Browser

from domain.models import Association, Member
from domain.operations.invitations import invite_member
from domain.operations.members import decide_replacement
from domain.operations.organizations import add_mail_domain, remove_issuer, set_client
from domain.providers.client_authentication import ClientSecret
from domain.rules.administration import Operator
from domain.rules.enums import MemberRole
from tests.factories import make_association
from tests.identity.environment import (
    NOT_INVITED,
    Certlink,
    Visitor,
    assert_amara_signs_in,
    bindings,
    heading,
    mail_domain_of,
    refused,
    signed_in,
)
from tests.identity.outside import OutsideIssuer, OutsideProvider
from tests.identity.profiles import AMARA, ENTRA, ES256_POST, ID_TOKEN

DOMAIN = mail_domain_of("Contoso")
CHOOSE = "Choose where you sign in"


async def test_whose_organization_has_two_issuers_chooses_one_and_is_the_same_member_at_both(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    old, new = await two_issuers(outside, certlink)

    asked = await visitor.sign_in()
    at_new = await visitor.sign_in(issuer=new.issuer)
    async with certlink.visitor() as elsewhere:
        at_old = await elsewhere.sign_in(issuer=old.issuer)

    assert (asked.status_code, CHOOSE in asked.text) == (200, True)
    assert all(f'name="issuer" value="{issuer.issuer}"' in asked.text for issuer in (old, new))
    assert f'name="email" value="{AMARA}"' in asked.text
    assert 'name="return_to" value="/profile"' in asked.text
    assert [(page.status_code, page.url.path) for page in (at_new, at_old)] == [(200, "/profile")] * 2
    assert await signed_in() == [AMARA, AMARA]
    assert await Member.all().count() == 1


async def test_an_issuer_of_nobodys_is_never_led_to(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await two_issuers(outside, certlink)

    page = await visitor.sign_in(issuer="https://evil.example")

    assert (page.status_code, CHOOSE in page.text) == (200, True)
    assert "evil.example" not in page.text
    assert await signed_in() == []


async def test_whoever_chose_an_issuer_that_the_organization_left_meanwhile_goes_to_the_other(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    old, _ = await two_issuers(outside, certlink)
    await remove_issuer(organization_domain=DOMAIN, issuer=old.issuer, now=certlink.clock())

    page = await visitor.sign_in(issuer=old.issuer)

    assert (page.status_code, page.url.path) == (200, "/profile"), heading(page)


async def test_chromium_lets_a_chosen_issuer_be_led_to(
    outside: OutsideProvider, certlink: Certlink, chromium: Browser
) -> None:
    old, _ = await two_issuers(outside, certlink)
    context = await chromium.new_context(base_url=certlink.settings.public_url, java_script_enabled=False)
    try:
        window = await context.new_page()
        await window.goto("/sign-in?return_to=/organization")
        await window.fill("#email", AMARA)
        await window.press("#email", "Enter")
        await window.locator(f'button[value="{old.issuer}"]').click()
        await window.wait_for_url("**/organization", timeout=10_000)
    finally:
        await context.close()

    assert await signed_in() == [AMARA]


async def test_people_of_every_mail_domain_sign_in_in_either_spelling(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ID_TOKEN)
    await certlink.add_organization(issuer, invited=())
    await add_mail_domain(organization_domain=DOMAIN, domain="contoso-bücher.example", now=certlink.clock())
    await invite_member(
        organization_domain=DOMAIN,
        work_email="jürgen@contoso-bücher.example",
        role=MemberRole.MEMBER,
        now=certlink.clock(),
        settings=certlink.settings,
    )
    decomposed = "ju\N{COMBINING DIAERESIS}rgen@xn--contoso-bcher-4ob.example"
    await issuer.change(signsIn="juergen", accounts={"juergen": {**ID_TOKEN.person, "email": decomposed}})

    page = await visitor.sign_in("JÜRGEN@contoso-bücher.example")

    assert (page.status_code, page.url.path) == (200, "/profile"), heading(page)
    assert await Member.all().count() == 1


async def test_nobody_is_kept_out_while_a_secret_is_replaced(outside: OutsideProvider, certlink: Certlink) -> None:
    issuer = await outside.issuer(ES256_POST)
    organization_id = await certlink.add_organization(issuer)
    set_here = partial(
        set_client,
        organization_domain=DOMAIN,
        issuer=None,
        client_id=None,
        now=certlink.clock(),
        settings=certlink.settings,
    )

    await set_here(credential=ClientSecret(secret="the next secret"))
    pages = [await sign_in_anew(certlink)]
    await certlink.register(issuer, organization_id, client_secret="the next secret")
    pages.append(await sign_in_anew(certlink))
    await set_here(credential=None, end_previous=True)
    pages.append(await sign_in_anew(certlink))

    assert [(page.status_code, page.url.path) for page in pages] == [(200, "/profile")] * 3
    assert [exchange["error"] for exchange in await issuer.seen()] == ["invalid_client", None, None, None]


async def test_an_account_made_anew_is_refused_confirmed_and_keeps_what_the_member_has(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ID_TOKEN)
    await assert_amara_signs_in(issuer, certlink, visitor)
    member = await Member.get()
    association = await make_association(member)
    await visitor.submit_once("/sign-out")
    await issuer.person(sub="made-anew")

    async with certlink.visitor() as again:
        page = await refused(again, but_for="account_replacement")
        assert "Your new work account has to be confirmed" in page.text
        assert "an admin confirms the new account" in page.text
        assert NOT_INVITED not in page.text
        assert await bindings() == {AMARA: ID_TOKEN.person["sub"]}

        await decide_replacement(
            by=Operator(organization_id=member.organization_id),
            member_id=member.id,
            is_same_person=True,
            now=certlink.clock(),
        )
        page = await again.sign_in()

    assert (page.status_code, page.url.path) == (200, "/profile"), heading(page)
    assert await bindings() == {AMARA: "made-anew"}
    assert (await Association.get()).id == association.id
    assert (await Association.get()).ended_at is None
    # The account that was given up is nobody's now.
    await issuer.person()
    page = await sign_in_anew(certlink)
    assert page.status_code == 409, heading(page)
    assert await bindings() == {AMARA: "made-anew"}


async def sign_in_anew(certlink: Certlink) -> Response:
    """Sign in with a browser that was never here."""
    async with certlink.visitor() as visitor:
        return await visitor.sign_in()


async def two_issuers(outside: OutsideProvider, certlink: Certlink) -> tuple[OutsideIssuer, OutsideIssuer]:
    """Write an organization that moves from one issuer to another."""
    old, new = await outside.issuer(ID_TOKEN), await outside.issuer(ENTRA)
    organization_id = await certlink.add_organization(old)
    await certlink.trust_too(organization_id, new)
    return old, new
