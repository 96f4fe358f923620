"""Sign-in with issuers as companies have them, played by a provider that others made."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Browser
from structlog.testing import capture_logs

from domain.models import Member
from domain.rules.enums import MemberRole
from tests.identity.environment import (
    CLIENT_ID,
    NOT_INVITED,
    Certlink,
    Stopwatch,
    Visitor,
    assert_amara_signs_in,
    bindings,
    heading,
    refused,
    signed_in,
)
from tests.identity.outside import OutsideProvider, client_key
from tests.identity.profiles import (
    AHEAD,
    AMARA,
    B2C,
    ED25519,
    EDDSA,
    ELSEWHERE,
    ENTRA,
    ES256_POST,
    ID_TOKEN,
    PRIVATE_KEY_JWT,
    PS256_PUBLIC,
    SECRET_TO_ENCODE,
    SIGNED_USERINFO,
    USERINFO_ONLY,
    Profile,
)

STRANGER = "stranger@contoso.example"

wherever_the_claims_are = pytest.mark.parametrize(
    "profile", [ID_TOKEN, USERINFO_ONLY, SIGNED_USERINFO], ids=["ID token", "userinfo", "signed userinfo"]
)


async def test_a_person_signs_in_whose_claims_are_in_the_id_token(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(ID_TOKEN), certlink, visitor)


async def test_a_person_signs_in_whose_claims_are_at_userinfo_alone(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(USERINFO_ONLY), certlink, visitor)


async def test_a_person_signs_in_whose_claims_are_at_a_signed_userinfo_alone(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(SIGNED_USERINFO), certlink, visitor)


async def test_a_person_signs_in_with_entra_id_which_verifies_no_address(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(ENTRA), certlink, visitor)


async def test_a_member_of_entra_id_is_bound_by_tenant_and_object(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await certlink.add_organization(await outside.issuer(ENTRA))

    await visitor.sign_in()

    assert await bindings() == {AMARA: f"{ENTRA.person['tid']}:{ENTRA.person['oid']}"}


async def test_a_person_signs_in_where_es256_signs_and_the_secret_is_posted(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(ES256_POST), certlink, visitor)


@pytest.mark.parametrize("profile", [EDDSA, ED25519], ids=["EdDSA", "Ed25519"])
async def test_a_person_signs_in_where_an_edwards_curve_signs(
    profile: Profile, outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(profile), certlink, visitor)


async def test_a_secret_is_encoded_before_it_is_sent(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(SECRET_TO_ENCODE), certlink, visitor)


async def test_a_client_authenticates_by_a_key_and_names_its_certificate(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(PRIVATE_KEY_JWT)

    await assert_amara_signs_in(issuer, certlink, visitor)

    (exchange,) = await issuer.seen()
    assert exchange["method"] == "private_key_jwt"
    assert exchange["assertionHeader"]["x5t#S256"] == client_key().thumbprint


async def test_a_public_client_signs_people_in_where_ps256_signs(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(PS256_PUBLIC), certlink, visitor)


async def test_a_person_signs_in_at_an_issuer_whose_clock_is_ahead(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(AHEAD), certlink, visitor)


async def test_a_person_signs_in_whose_pages_have_another_origin_than_the_issuer(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(ELSEWHERE), certlink, visitor)


async def test_a_person_signs_in_whose_issuer_is_discovered_at_another_address(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await assert_amara_signs_in(await outside.issuer(B2C), certlink, visitor)


async def test_a_person_signs_in_after_the_issuer_changed_its_keys(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor, stopwatch: Stopwatch
) -> None:
    issuer = await outside.issuer(ID_TOKEN)
    await assert_amara_signs_in(issuer, certlink, visitor)
    await issuer.rotate()
    stopwatch.seconds += 11

    async with certlink.visitor() as again:
        page = await again.sign_in()

    assert (page.status_code, page.url.path) == (200, "/profile"), heading(page)


@pytest.mark.parametrize("profile", [ID_TOKEN, ELSEWHERE], ids=["at the issuer", "at another origin"])
async def test_chromium_lets_the_sign_in_form_lead_to_the_issuer_and_back(
    profile: Profile, outside: OutsideProvider, certlink: Certlink, chromium: Browser
) -> None:
    await certlink.add_organization(await outside.issuer(profile))
    context = await chromium.new_context(base_url=certlink.settings.public_url)
    try:
        window = await context.new_page()
        await window.goto("/sign-in")
        await window.fill("#email", AMARA)
        await window.press("#email", "Enter")
        await window.wait_for_url("**/profile", timeout=10_000)
    finally:
        await context.close()

    assert await signed_in() == [AMARA]


@wherever_the_claims_are
@pytest.mark.parametrize("verified", [False, "false"])
async def test_an_address_that_the_issuer_calls_unverified_is_refused_for_this_reason(
    verified: bool | str, profile: Profile, outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(profile)
    await issuer.person(email_verified=verified)
    await certlink.add_organization(issuer)

    page = await refused(visitor)

    assert NOT_INVITED not in page.text


async def test_an_unverified_address_is_refused_also_where_the_issuer_vouches_for_addresses(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ENTRA)
    await issuer.person(email=AMARA, email_verified=False)
    await certlink.add_organization(issuer)

    page = await refused(visitor)

    assert NOT_INVITED not in page.text


async def test_an_address_that_is_verified_by_a_text_is_verified(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ID_TOKEN)
    await issuer.person(email_verified="true")

    await assert_amara_signs_in(issuer, certlink, visitor)


async def test_each_reason_has_a_page_of_its_own(outside: OutsideProvider, certlink: Certlink) -> None:
    async def page(name: str, **changes: Any) -> str:
        issuer = await outside.issuer(ID_TOKEN)
        email = f"amara.osei@{name}.example"
        await issuer.person(email, **{"sub": f"amara-{name}", "email": email} | changes.pop("claims", {}))
        await issuer.change(**changes)
        invited = () if name == "stranger" else (email,)
        await certlink.add_organization(
            issuer, name=name.title(), invited=invited, secret="another" if name == "client" else None
        )
        async with certlink.visitor() as visitor:
            answer = await refused(visitor, email=email)
        main = re.search(r"<main.*</main>", answer.text, re.DOTALL)
        assert main, answer.text
        return main[0].replace(name.title(), "").replace(name, "").replace(issuer.issuer, "")

    pages = {
        "no address": await page("missing", claims={"email": None, "email_verified": None}),
        "not verified": await page("unverified", claims={"email_verified": False}),
        "not of the organization": await page("domain", claims={"email": "amara.osei@gmail.example"}),
        "not invited": await page("stranger"),
        "client refused": await page("client"),
        "issuer down": await page("down", down=["/token"]),
    }

    assert [reason for reason, text in pages.items() if NOT_INVITED in text] == ["not invited"]
    assert len(set(pages.values())) == len(pages), pages


async def test_a_refused_exchange_is_logged_once_and_without_personal_data(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ID_TOKEN)
    await certlink.add_organization(issuer, secret="another-secret")

    with capture_logs() as lines:
        await refused(visitor)

    told = [line for line in lines if issuer.issuer in line.values()]
    assert [line for line in told if "invalid_client" in line.values()] == told
    assert len(told) == 1
    assert all(text not in str(lines) for text in (AMARA, "Amara", "another-secret", "code="))


@pytest.mark.parametrize("profile", [USERINFO_ONLY, SIGNED_USERINFO], ids=["plain", "signed"])
async def test_userinfo_of_somebody_else_is_refused(
    profile: Profile, outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(profile, userinfoForgery={"claims": {"sub": "somebody-else"}})
    await certlink.add_organization(issuer)

    page = await refused(visitor)

    assert NOT_INVITED not in page.text


FORGERIES: dict[str, dict[str, Any]] = {
    "no signature": {"key": "none"},
    "the client's secret as key": {"key": "secret"},
    "another key by the same name": {"key": "stranger"},
    "another audience": {"claims": {"aud": "somebody-else"}},
    "another issuer": {"claims": {"iss": "https://login.fabrikam.example"}},
    "no issuer": {"claims": {"iss": None}},
    "expired": {"claims": {"exp": 1_500_000_000}},
    "without an end": {"claims": {"exp": None}},
    "another sign-in's nonce": {"claims": {"nonce": "another"}},
    "no nonce": {"claims": {"nonce": None}},
    "issued to another party": {"claims": {"aud": [CLIENT_ID, "front-end"], "azp": "front-end"}},
    "no subject": {"claims": {"sub": None}},
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
async def test_a_bad_id_token_is_refused(
    forgery: dict[str, Any], outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    await certlink.add_organization(await outside.issuer(ID_TOKEN, forgery=forgery))

    page = await refused(visitor)

    assert NOT_INVITED not in page.text


ENTRA_STRANGERS: dict[str, dict[str, Any]] = {
    "of another tenant": {"tid": "11111111-2222-4333-8444-555555555555"},
    "a guest by acct": {"acct": 1},
    "a guest by idp": {"idp": "https://sts.windows.net/11111111-2222-4333-8444-555555555555/"},
    "a guest by name": {"email": AMARA, "preferred_username": "amara.osei_fabrikam.example#EXT#@contoso.example"},
    "without an object": {"oid": None},
}


@pytest.mark.parametrize("claims", ENTRA_STRANGERS.values(), ids=ENTRA_STRANGERS)
async def test_who_is_no_member_of_the_organizations_tenant_is_refused(
    claims: dict[str, Any], outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ENTRA)
    await issuer.person(**claims)
    await certlink.add_organization(issuer)

    page = await refused(visitor)

    assert NOT_INVITED not in page.text


async def test_two_first_sign_ins_at_once_make_one_member_with_two_sessions(
    outside: OutsideProvider, certlink: Certlink
) -> None:
    await certlink.add_organization(await outside.issuer(ID_TOKEN))

    async with certlink.visitor() as one, certlink.visitor() as other:
        pages = await asyncio.gather(one.sign_in(), other.sign_in())

    assert [(page.status_code, page.url.path) for page in pages] == [(200, "/profile")] * 2
    assert await signed_in() == [AMARA, AMARA]
    assert await bindings() == {AMARA: ID_TOKEN.person["sub"]}


async def test_a_stranger_at_the_new_issuer_with_an_admins_old_subject_is_a_stranger(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    before, after = await outside.issuer(ID_TOKEN), await outside.issuer(ID_TOKEN)
    organization_id = await certlink.add_organization(before, role=MemberRole.GLOBAL_ADMIN)
    await visitor.sign_in()
    await certlink.move(organization_id, after)
    await after.change(accounts={STRANGER: {**ID_TOKEN.person, "email": STRANGER, "name": "A Stranger"}})

    async with certlink.visitor() as stranger:
        page = await refused(stranger, email=STRANGER)

    assert NOT_INVITED in page.text
    assert await bindings() == {AMARA: None}


async def test_after_a_change_of_issuer_the_verified_address_binds_again(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    before, after = await outside.issuer(ID_TOKEN), await outside.issuer(ID_TOKEN)
    await after.person(sub="amara-at-the-new-issuer")
    organization_id = await certlink.add_organization(before)
    await visitor.sign_in()
    await certlink.move(organization_id, after)

    page = await visitor.sign_in()

    assert (page.status_code, page.url.path) == (200, "/profile"), heading(page)
    assert await bindings() == {AMARA: "amara-at-the-new-issuer"}


async def test_name_and_address_follow_the_identity_at_each_sign_in(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ID_TOKEN)
    await certlink.add_organization(issuer)
    await visitor.sign_in()
    await issuer.person(name="Amara Osei-Bonsu", email="amara.osei-bonsu@contoso.example")

    async with certlink.visitor() as again:
        await again.sign_in()

    (member,) = await Member.all()
    assert (member.name, member.work_email) == ("Amara Osei-Bonsu", "amara.osei-bonsu@contoso.example")


async def test_an_address_of_another_organization_does_not_follow(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ID_TOKEN)
    await certlink.add_organization(issuer)
    await visitor.sign_in()
    await issuer.person(email="amara.osei@fabrikam.example")

    async with certlink.visitor() as again:
        await again.sign_in()

    assert (await Member.get()).work_email == AMARA
