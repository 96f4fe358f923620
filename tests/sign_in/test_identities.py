"""What a sign-in takes over from the issuer, why it is refused, and our own client there."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from structlog.testing import capture_logs

from domain.errors import Refusal
from domain.models import AccountReplacement, BrowserSession, IdentityIssuer, Member, WorkIdentity
from domain.operations.members import decide_replacement
from domain.operations.organizations import set_client, trust_issuer
from domain.operations.sign_in import start_sign_in
from domain.operations.steps.authorization import SignInPage
from domain.providers.client_authentication import ClientSecret
from domain.queries.callers import viewer_of_session
from domain.rules.administration import Operator
from domain.rules.enums import AddressTrust, IssuerPreset, MemberStatus
from domain.rules.identity import AddressMissing, AddressNotOfOrganization, AddressNotVerified
from domain.rules.sign_in import (
    AccountReplaced,
    ClientRefused,
    NoIssuer,
    NotAMember,
    ProviderUnavailable,
    SignInNotAccepted,
)
from tests.sign_in.environment import Returned, World

Tell = Callable[..., None]
NADIA = "nadia.novak@contoso.example"
CONTOSO = "contoso.example"


async def set_secret(world: World, secret: str, *, end_previous: bool = False) -> None:
    await set_client(
        organization_domain=CONTOSO,
        issuer=None,
        client_id=None,
        credential=ClientSecret(secret=secret),
        end_previous=end_previous,
        now=world.clock(),
        settings=world.settings,
    )


async def test_a_new_name_and_address_are_taken_over_at_the_sign_in(world: World) -> None:
    viewer = await world.member("nadia")
    await Member.filter(id=viewer.member_id).update(work_email="nadia.old@contoso.example", name="Nadia Old")

    await world.sign_in(NADIA, "nadia")

    member = await Member.get(id=viewer.member_id)
    assert (member.work_email, member.name) == (NADIA, "Nadia Novak")


async def test_an_account_made_anew_waits_for_an_admin_and_keeps_what_the_member_has(world: World) -> None:
    viewer = await world.member("nadia")
    # As if the issuer had known her by another account until now.
    await WorkIdentity.filter(member_id=viewer.member_id).update(subject="of-the-account-before")

    for _ in range(2):
        with pytest.raises(AccountReplaced):
            await world.sign_in(NADIA, "nadia")
    assert await AccountReplacement.filter(member_id=viewer.member_id, decided_at=None).count() == 1
    assert await BrowserSession.all().count() == 0
    await decide_replacement(
        by=Operator(organization_id=viewer.organization_id),
        member_id=viewer.member_id,
        is_same_person=True,
        now=world.clock(),
    )

    completed = await world.sign_in(NADIA, "nadia")
    assert await viewer_of_session(completed.session_token, now=world.clock()) == viewer


async def test_the_older_secret_is_used_while_the_issuer_does_not_know_the_newer(world: World) -> None:
    await world.invite(NADIA)
    await set_secret(world, "not known there yet")

    await world.sign_in(NADIA, "nadia")

    assert world.line.count("/token") == 2
    assert (await Member.get()).status is MemberStatus.ACTIVE


async def test_the_newer_secret_is_used_while_the_older_is_still_kept(world: World) -> None:
    await world.invite(NADIA)
    await set_secret(world, "not known there any more", end_previous=True)
    await set_secret(world, "sandbox-secret")

    await world.sign_in(NADIA, "nadia")

    assert world.line.count("/token") == 1


async def test_an_issuer_that_knows_neither_secret_refuses_us_and_nobody_else(world: World) -> None:
    await world.invite(NADIA)
    for secret in ("wrong", "wrong too"):
        await set_secret(world, secret)

    with capture_logs() as logs, pytest.raises(ClientRefused) as refused:
        await world.sign_in(NADIA, "nadia")

    assert "your organization's IT" in refused.value.message
    assert world.line.count("/token") == 2
    assert [(line["step"], line["code"], line["error"]) for line in logs] == [
        ("token", "CLIENT_REFUSED", "invalid_client")
    ]


async def test_an_issuer_that_is_down_is_not_asked_by_the_other_secret(world: World) -> None:
    await world.invite(NADIA)
    await set_secret(world, "another")
    world.line.lie("/token", '{"error": "server_error"}', status=500)

    with pytest.raises(ProviderUnavailable):
        await world.sign_in(NADIA, "nadia")

    assert world.line.count("/token") == 1


async def test_a_person_chooses_among_the_issuers_and_comes_in_by_the_one_they_chose(world: World) -> None:
    await world.invite(NADIA)
    contoso, fabrikam = world.issuer("work/contoso"), world.issuer("work/fabrikam")
    await trust_issuer(
        organization_domain=CONTOSO, issuer=world.settings_of(fabrikam), now=world.clock(), settings=world.settings
    )

    newest, chosen = await start(world, None), await start(world, contoso)
    with pytest.raises(NoIssuer):
        await start(world, "https://nobody.example")
    answer = await world.person.choose(chosen.location, persona="nadia")
    completed = await world.come_back(Returned(answer=answer, browser_token=chosen.browser_token))

    assert newest.location.startswith(fabrikam)
    assert await viewer_of_session(completed.session_token, now=world.clock()) is not None
    assert (await WorkIdentity.get()).issuer == contoso


async def start(world: World, issuer: str | None) -> SignInPage:
    return await start_sign_in(
        email=NADIA, return_to="/", issuer=issuer, now=world.clock(), settings=world.settings, issuers=world.issuers
    )


@pytest.fixture
def tell(world: World, sandbox_folder: Path) -> Tell:
    """Let Contoso say other claims in its identity tokens and at userinfo; None leaves a claim out."""
    key = RSAKey.import_key(json.loads((sandbox_folder / "keys" / "work-contoso.json").read_text()))
    key.ensure_kid()

    def changed(claims: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    def tell(*, token: Mapping[str, Any], userinfo: Mapping[str, Any] = MappingProxyType({})) -> None:
        def answer_token(answer: httpx2.Response) -> httpx2.Response:
            body = json.loads(answer.content)
            told = jwt.decode(body["id_token"], key, algorithms=["RS256"]).claims
            header = {"alg": "RS256", "typ": "JWT", "kid": key.kid}
            body["id_token"] = jwt.encode(header, changed(told, token), key, algorithms=["RS256"])
            return httpx2.Response(200, json=body)

        def answer_userinfo(answer: httpx2.Response) -> httpx2.Response:
            return httpx2.Response(200, json=changed(json.loads(answer.content), userinfo))

        world.line.lies |= {"/token": answer_token, "/userinfo": answer_userinfo}

    return tell


NOTHING = {"email": None, "email_verified": None}
UNSAID, UNVERIFIED = {"email_verified": None}, {"email_verified": False}
GMAIL = {"email": "nadia@gmail.example"}
# What the identity token says otherwise, what userinfo says otherwise, and what comes of it.
TOLD: dict[str, tuple[dict[str, Any], dict[str, Any], type[Refusal] | None]] = {
    "all in the identity token": ({}, NOTHING, None),
    "the address at userinfo only": (NOTHING, {}, None),
    "a verified address at userinfo, and one of which nothing is said": (UNSAID, {}, None),
    "an address of which nobody says that it is verified": (UNSAID, UNSAID, AddressNotVerified),
    "no address anywhere": (NOTHING, NOTHING, AddressMissing),
    "an address that is not verified": (UNVERIFIED, NOTHING, AddressNotVerified),
    "an address that is verified at userinfo and is not by the token": (UNVERIFIED, {}, AddressNotVerified),
    "an address that userinfo alone says is not verified": (NOTHING, UNVERIFIED, AddressNotVerified),
    "a token whose word is about no address": ({"email": None}, UNVERIFIED, AddressNotVerified),
    "a token whose word is about no address, and userinfo that has none": ({"email": None}, UNSAID, AddressNotVerified),
    "userinfo's word about no address": (UNSAID, {"email": None}, AddressNotVerified),
    "an address of another company": (GMAIL, NOTHING, AddressNotOfOrganization),
    "an address of another company at userinfo": (NOTHING, GMAIL, AddressNotOfOrganization),
    "an address that nobody invited": ({"email": "nobody@contoso.example"}, NOTHING, NotAMember),
    "another person at userinfo": (NOTHING, {"sub": "somebody-else"}, SignInNotAccepted),
    "nobody at userinfo": (NOTHING, {"sub": None}, SignInNotAccepted),
}


@pytest.mark.parametrize("case", TOLD)
async def test_an_address_is_confirmed_by_one_answer_and_a_refusal_s_log_line_names_nobody(
    world: World, tell: Tell, case: str
) -> None:
    token, userinfo, refusal = TOLD[case]
    await world.invite(NADIA)
    tell(token=token, userinfo=userinfo)

    if refusal is None:
        await world.sign_in(NADIA, "nadia")
        assert (await Member.get()).status is MemberStatus.ACTIVE
        return
    with capture_logs() as logs, pytest.raises(refusal) as refused:
        await world.sign_in(NADIA, "nadia")

    assert type(refused.value) is refusal
    (line,) = logs
    assert (line["code"], line["issuer"]) == (refusal.code, world.issuer("work/contoso"))
    assert set(line) == {"event", "log_level", "organization", "issuer", "step", "code", "error"}
    assert not any(word in str(line).lower() for word in ("nadia", "novak", "gmail", "nobody", "@"))
    assert (await Member.get()).status is MemberStatus.INVITED


async def test_a_userinfo_that_is_down_keeps_out_who_is_to_be_found_by_it_and_nobody_who_is_bound(
    world: World, tell: Tell
) -> None:
    await world.invite(NADIA)
    tell(token=NOTHING)
    world.line.lie("/userinfo", "{}", status=503)
    with pytest.raises(ProviderUnavailable):
        await world.sign_in(NADIA, "nadia")

    tell(token={})
    await world.sign_in(NADIA, "nadia")
    tell(token=NOTHING)
    world.line.lie("/userinfo", "{}", status=503)
    await world.sign_in(NADIA, "nadia")

    assert await BrowserSession.all().count() == 2


async def test_an_issuer_of_the_company_s_own_needs_no_word_that_the_address_is_verified(
    world: World, tell: Tell
) -> None:
    """As Microsoft Entra ID's, which has no such claim; a guest of it comes in by no address."""
    await world.invite(NADIA)
    await IdentityIssuer.all().update(
        preset=IssuerPreset.ENTRA,
        address_trust=AddressTrust.ISSUER,
        address_claims=["email", "preferred_username", "upn"],
        subject_claims=["tid", "oid"],
    )
    person = {"tid": "4f2d3c1b-0a9e-4d8c-9b7a-6f5e4d3c2b1a", "oid": "nadia-of-entra", "preferred_username": NADIA}

    tell(token=NOTHING | person | {"acct": 1}, userinfo=NOTHING)
    with pytest.raises(AddressNotOfOrganization):
        await world.sign_in(NADIA, "nadia")
    tell(token=NOTHING | person | {"idtyp": "app"}, userinfo=NOTHING)
    with pytest.raises(SignInNotAccepted):
        await world.sign_in(NADIA, "nadia")
    tell(token=NOTHING | person, userinfo=NOTHING)
    await world.sign_in(NADIA, "nadia")

    assert (await Member.get()).status is MemberStatus.ACTIVE
    assert (await WorkIdentity.get()).subject == f"{person['tid']}:{person['oid']}"
