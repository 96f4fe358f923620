"""Refusals, which leave the database unchanged."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput, NotFound, Refusal
from domain.models import Association, Member, Organization
from domain.operations.associations import associate, remove_association
from domain.operations.attempts import start_association
from domain.operations.invitations import invite_member
from domain.operations.members import activate_member
from domain.operations.organizations import (
    add_mail_domain,
    create_organization,
    remove_issuer,
    remove_mail_domain,
    replace_issuer,
    set_client,
    trust_issuer,
)
from domain.providers.client_authentication import ClientSecret
from domain.rules.association_limits import AlreadyAssociated, CoolOffActive
from domain.rules.enums import AddressTrust, AttemptStatus, IssuerPreset, LearningProvider, MemberRole, MemberStatus
from domain.rules.identity import AddressMissing, AddressNotOfOrganization, AddressNotVerified, Identity
from domain.rules.invitations import AlreadyMember
from domain.rules.mail import confirmed_spelling
from domain.rules.policy import Policy
from domain.rules.return_address import check_return_to
from domain.rules.sign_in import NotAMember, ProviderUnavailable
from domain.settings import Settings
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import (
    completion_record,
    issuer_of,
    issuer_settings,
    make_association,
    make_attempt,
    make_issuer,
    make_member,
    make_organization,
    sign_in_at,
    viewer_of,
)

MICROSOFT_LEARN = LearningProvider.MICROSOFT_LEARN


@dataclass(frozen=True)
class World:
    """Two organizations; one member of the first has an account, another one had it until the second day."""

    settings: Settings
    here: Organization
    there: Organization
    linked: Member
    left: Member
    active: Association
    ended: Association

    async def start(self, member: Member, **named: object) -> object:
        arguments = {"provider": MICROSOFT_LEARN, "return_to": None, "now": START, "settings": self.settings} | named
        return await start_association(viewer=viewer_of(member), **arguments)  # type: ignore[arg-type]

    async def associate(self, attempt_id: int, profile_id: str = "991204739") -> object:
        return await associate(
            attempt_id=attempt_id,
            profile_id=profile_id,
            completions=[completion_record()],
            now=START,
            policy=Policy(),
        )

    async def remove(self, member: Member, association_id: int) -> object:
        return await remove_association(
            viewer=viewer_of(member), association_id=association_id, now=START, policy=Policy()
        )

    async def invite(self, work_email: str, organization_domain: str = "contoso.example") -> object:
        return await invite_member(
            organization_domain=organization_domain,
            work_email=work_email,
            role=MemberRole.MEMBER,
            now=START,
            settings=self.settings,
        )

    async def create(self, domain: str = "northwind.example", **issuer: Any) -> object:
        settings = issuer_settings(**{"issuer": "https://login.northwind.example"} | issuer)
        return await create_organization(
            name="Northwind", domain=domain, issuer=settings, now=START, settings=self.settings
        )

    async def trust(
        self, issuer: str = "https://new.example", *, domain: str = "contoso.example", **named: Any
    ) -> object:
        settings = issuer_settings(issuer, **named)
        return await trust_issuer(organization_domain=domain, issuer=settings, now=START, settings=self.settings)

    async def replace(self, issuer: str, *, domain: str = "contoso.example", **named: Any) -> object:
        settings = issuer_settings(issuer, **named)
        return await replace_issuer(organization_domain=domain, issuer=settings, now=START, settings=self.settings)

    async def set_client(self, **named: Any) -> object:
        nothing = {"organization_domain": "contoso.example", "issuer": None, "client_id": None, "credential": None}
        return await set_client(**nothing | named, now=START, settings=self.settings)


@pytest.fixture
async def world(database: str, settings: Settings) -> World:
    here, there = await make_organization("Contoso"), await make_organization("Fabrikam")
    await add_mail_domain(organization_domain=here.domain, domain="contoso-labs.example", now=START)
    linked, left = await make_member(here), await make_member(here)
    active = await make_association(linked, profile_id="991204737", started_at=START - timedelta(days=2))
    ended = await make_association(
        left,
        profile_id="991204738",
        started_at=START - timedelta(days=2),
        ended_at=START - timedelta(days=1),
        end_reason="REMOVED",
    )
    return World(settings, here, there, linked, left, active, ended)


Deed = Callable[[World], Awaitable[object]]
DEEDS: dict[str, tuple[type[Refusal], Deed]] = {
    "starting while linked": (AlreadyAssociated, lambda world: world.start(world.linked)),
    "starting in the cool-off": (CoolOffActive, lambda world: world.start(world.left)),
    "starting at a provider that is not set up": (
        ProviderUnavailable,
        lambda world: world.start(
            world.left, settings=world.settings.model_copy(update={"microsoft_learn_issuer": None})
        ),
    ),
    "coming back to another site": (
        InvalidInput,
        lambda world: world.start(world.left, return_to="https://evil.example/"),
    ),
    "concluding an attempt that nobody made": (NotFound, lambda world: world.associate(2**62)),
    "removing an association that has ended": (NotFound, lambda world: world.remove(world.left, world.ended.id)),
    "removing a colleague's association": (NotFound, lambda world: world.remove(world.left, world.active.id)),
    "removing what does not exist": (NotFound, lambda world: world.remove(world.linked, 2**62)),
    "inviting a member": (AlreadyMember, lambda world: world.invite(world.linked.work_email.upper())),
    "inviting into nowhere": (NotFound, lambda world: world.invite("new@contoso.example", "nowhere.example")),
    "inviting text that cannot be stored": (InvalidInput, lambda world: world.invite("a\x00b@contoso.example")),
    "creating an organization with a taken domain": (
        InvalidInput,
        lambda world: world.create(domain="Contoso.Example"),
    ),
    "creating an organization with no domain": (InvalidInput, lambda world: world.create(domain="north wind")),
    "creating an organization with another one's second domain": (
        InvalidInput,
        lambda world: world.create(domain="CONTOSO-labs.example"),
    ),
    "creating an organization whose issuer is anybody's": (
        InvalidInput,
        lambda world: world.create(issuer="https://accounts.google.com", address_trust=AddressTrust.ISSUER),
    ),
    "creating an organization whose identity tokens would be access tokens": (
        InvalidInput,
        lambda world: world.create(client_id="certlink-api"),
    ),
    "changing the issuer of nobody": (
        NotFound,
        lambda world: world.replace("https://new.example", domain="nowhere.example"),
    ),
    "changing the issuer to one of which anybody is taken for a colleague": (
        InvalidInput,
        lambda world: world.replace("https://login.microsoftonline.com/organizations/v2.0", preset=IssuerPreset.ENTRA),
    ),
    "trusting an issuer of nobody": (NotFound, lambda world: world.trust(domain="nowhere.example")),
    "trusting an issuer twice": (InvalidInput, lambda world: world.trust("https://login.contoso.example")),
    "trusting an issuer whose identity tokens would be access tokens": (
        InvalidInput,
        lambda world: world.trust(client_id="app", api_audiences=("api", "app")),
    ),
    "trusting an issuer whose metadata are at no address": (
        InvalidInput,
        lambda world: world.trust(discovery_url="file:///etc/passwd"),
    ),
    "trusting a claim that nothing confirms": (
        InvalidInput,
        lambda world: world.trust(address_trust=AddressTrust.VERIFIED, address_claims=("email", "upn")),
    ),
    "removing an issuer of nobody": (
        NotFound,
        lambda world: remove_issuer(organization_domain="nowhere.example", issuer="https://x.example", now=START),
    ),
    "removing an issuer that is not trusted": (
        NotFound,
        lambda world: remove_issuer(
            organization_domain=world.here.domain, issuer="https://login.fabrikam.example", now=START
        ),
    ),
    "setting nothing of a client": (InvalidInput, lambda world: world.set_client()),
    "setting the audience as a client id": (InvalidInput, lambda world: world.set_client(client_id="certlink-api")),
    "setting a secret at an issuer that is not trusted": (
        NotFound,
        lambda world: world.set_client(issuer="https://x.example", credential=ClientSecret(secret="secret")),
    ),
    "adding a domain that another organization has": (
        InvalidInput,
        lambda world: add_mail_domain(organization_domain=world.here.domain, domain="fabrikam.example", now=START),
    ),
    "adding a domain that it has": (
        InvalidInput,
        lambda world: add_mail_domain(organization_domain=world.here.domain, domain="Contoso-Labs.example", now=START),
    ),
    "adding what is no domain": (
        InvalidInput,
        lambda world: add_mail_domain(organization_domain=world.here.domain, domain="a@b.example", now=START),
    ),
    "adding a domain to nobody": (
        NotFound,
        lambda world: add_mail_domain(organization_domain="nowhere.example", domain="new.example", now=START),
    ),
    "removing the main domain": (
        InvalidInput,
        lambda world: remove_mail_domain(
            organization_domain="contoso-labs.example", domain="contoso.example", now=START
        ),
    ),
    "removing another organization's domain": (
        NotFound,
        lambda world: remove_mail_domain(organization_domain=world.here.domain, domain="fabrikam.example", now=START),
    ),
}


@pytest.mark.parametrize("mutation_call", DEEDS)
async def test_what_is_refused_leaves_no_trace(world: World, mutation_call: str) -> None:
    refusal, do = DEEDS[mutation_call]

    async with leaving_no_trace():
        with pytest.raises(refusal):
            await do(world)


async def test_an_attempt_that_has_ended_cannot_be_concluded(world: World) -> None:
    attempt = await make_attempt(
        world.left, status=AttemptStatus.REFUSED, refusal_code="PROFILE_INCOMPLETE", finished_at=START
    )

    async with leaving_no_trace():
        with pytest.raises(NotFound):
            await world.associate(attempt.id)


async def test_whoever_left_meanwhile_is_not_associated(world: World) -> None:
    """R8."""
    gone = await make_member(world.here, status=MemberStatus.REMOVED, removed_at=START)
    attempt = await make_attempt(gone)

    async with leaving_no_trace():
        with pytest.raises(NotFound):
            await world.associate(attempt.id)


async def test_whoever_tries_an_account_in_its_cool_off_leaves_no_trace(world: World) -> None:
    """R6: neither the association that would be ended nor the completions change."""
    attempt = await make_attempt(await make_member(world.there))

    async with leaving_no_trace():
        with pytest.raises(CoolOffActive):
            await world.associate(attempt.id, "991204737")


@pytest.mark.parametrize(
    ("is_here", "email", "is_verified", "refusal"),
    [
        (True, "new@contoso.example", False, AddressNotVerified),
        (True, "other@contoso.example", True, NotAMember),
        (False, "new@contoso.example", True, AddressNotOfOrganization),
        (True, None, True, AddressMissing),
    ],
)
async def test_nobody_comes_in_without_an_invitation_of_their_own(
    world: World, is_here: bool, email: str | None, is_verified: bool, refusal: type[Refusal]
) -> None:
    """R2: the address must be verified, invited, and vouched for by the organization's own issuer."""
    await world.invite("new@contoso.example")
    issuer = await issuer_of(world.here if is_here else world.there)

    async with leaving_no_trace():
        with pytest.raises(refusal):
            await sign_in_at(issuer, subject="new", email=email, verified=is_verified)


async def test_an_issuer_s_own_word_for_another_organization_s_address_is_worth_nothing(world: World) -> None:
    """R2: neither does the organization take it for one of its domains, nor does anybody come in elsewhere by it."""
    await world.invite("new@contoso.example")
    theirs = await make_issuer(
        world.there, issuer="https://own.fabrikam.example", preset="ADFS", address_trust=AddressTrust.ISSUER
    )
    identity = Identity(issuer=theirs.issuer, subject="new", address="new@contoso.example")

    async with leaving_no_trace():
        with pytest.raises(AddressNotOfOrganization):
            await sign_in_at(theirs, subject="new", email="new@contoso.example")
        with pytest.raises(NotAMember):
            await activate_member(identity=identity, identity_issuer_id=theirs.id, now=START)


@given(st.text(max_size=400) | st.emails() | st.builds("{}@Contoso.example ".format, st.text(min_size=1, max_size=400)))
async def test_any_text_is_invited_or_refused(world: World, work_email: str) -> None:
    """R2: an address that was written is found again by whoever signs in with it."""
    try:
        await world.invite(work_email)
    except (InvalidInput, AlreadyMember):
        return
    try:
        await sign_in_at(await issuer_of(world.here), subject=work_email[:50], email=work_email.strip())
    except AddressNotVerified:
        # The one exception: a letter that would make another person's address of it.
        assert confirmed_spelling(work_email.strip()) is None
        assert any(not letter.isascii() for letter in work_email)


ORIGIN = "https://front.contoso.example"
PREFIXES = [
    "",
    "/",
    "//",
    "/\\",
    "/\t/",
    "https:",
    "https:/",
    ORIGIN,
    f"{ORIGIN}@",
    f"{ORIGIN}.evil.example/",
    "HTTPS://",
]


@given(st.builds("{}{}".format, st.sampled_from(PREFIXES), st.text(max_size=20) | st.just("evil.example/")))
def test_people_are_sent_back_only_to_our_pages_and_known_front_ends(return_to: str) -> None:
    try:
        check_return_to(return_to, [ORIGIN])
    except InvalidInput:
        return

    assert re.match(r"/($|[^/\\])|https://front\.contoso\.example($|[/?#])", return_to)
    assert not re.search(r"[\x00-\x20\\]", return_to)


@pytest.mark.parametrize("return_to", [None, "/", "/profile?tab=1#top", ORIGIN, f"{ORIGIN}/", f"{ORIGIN}/x?y#z"])
def test_our_pages_and_known_front_ends_are_places_to_come_back_to(return_to: str | None) -> None:
    check_return_to(return_to, [ORIGIN])
