"""Members at their issuers: several issuers, changed names and addresses, and accounts made anew (R2)."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from itertools import count

import pytest

from domain.errors import InvalidInput, Refusal
from domain.models import (
    AuditEvent,
    BrowserSession,
    IdentityIssuer,
    IssuerCredential,
    Member,
    Organization,
    WorkIdentity,
)
from domain.operations.invitations import invite_member
from domain.operations.members import (
    activate_member,
    decide_replacement,
    follow_identity,
    remove_member,
    request_replacement,
)
from domain.operations.organizations import (
    add_mail_domain,
    remove_issuer,
    remove_mail_domain,
    set_client,
    trust_issuer,
)
from domain.operations.sign_in import issuers_of_address
from domain.providers.client_authentication import ClientSecret
from domain.queries.callers import viewer_of_identity, viewer_of_member, viewer_of_session
from domain.queries.issuers import issuer_or_raise, issuers_of_domain, trusted_issuer
from domain.rules.administration import Operator
from domain.rules.enums import MemberRole, MemberStatus
from domain.rules.identity import AddressNotOfOrganization
from domain.rules.sign_in import AccountReplaced, BoundElsewhere, NotAMember
from domain.rules.visibility import MemberViewer
from domain.secrets import hash_token, new_token
from domain.settings import Settings
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import (
    identity_at,
    issuer_of,
    issuer_settings,
    make_issuer,
    make_member,
    make_organization,
    sign_in_at,
    subject_of,
    viewer_of,
)

TIMES = 8
SECOND = "https://second.example"
_numbers = count(1)


@pytest.fixture
async def organization(database: str) -> Organization:
    return await make_organization()


@pytest.fixture
async def issuer(organization: Organization) -> IdentityIssuer:
    return await issuer_of(organization)


@pytest.fixture
async def admin(organization: Organization, issuer: IdentityIssuer) -> Member:
    return await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)


@pytest.fixture
async def member(organization: Organization, issuer: IdentityIssuer) -> Member:
    return await make_member(organization, work_email="mei.tanaka@contoso.example", name="Mei Tanaka")


async def follow(member: Member, issuer: IdentityIssuer, *, name: str | None, email: str | None) -> None:
    """Let a sign-in of a known subject tell a name and an address."""
    identity = await identity_at(issuer, subject=await subject_of(member), name=name, email=email)
    await follow_identity(viewer=viewer_of(member), identity=identity, now=START)


async def ask_anew(member: Member, issuer: IdentityIssuer, subject: str = "anew") -> None:
    """Let a new account with a member's address sign in, which waits for an admin then."""
    with pytest.raises(AccountReplaced):
        await sign_in_at(issuer, subject=subject, email=member.work_email)
    identity = await identity_at(issuer, subject=subject, email=member.work_email)
    await request_replacement(identity=identity, identity_issuer_id=issuer.id, now=START)


async def decide(by: MemberViewer | Operator, member: Member, *, is_same_person: bool = True) -> None:
    await decide_replacement(by=by, member_id=member.id, is_same_person=is_same_person, now=START)


async def open_session(member: Member, binding: WorkIdentity | None = None) -> str:
    token = new_token()
    await BrowserSession.create(
        member=member,
        work_identity=binding or await WorkIdentity.get(member=member, ended_at=None),
        token_hash=hash_token(token),
        created_at=START,
        expires_at=START + timedelta(days=1),
    )
    return token


async def test_a_new_name_and_a_new_address_follow_the_issuer(member: Member, issuer: IdentityIssuer) -> None:
    """Case of a marriage: the subject stays, the name and the mail alias change."""
    await follow(member, issuer, name="Mei Sato", email="Mei.Sato@contoso.example")

    await member.refresh_from_db()
    assert (member.name, member.work_email) == ("Mei Sato", "mei.sato@contoso.example")
    assert await sign_in_at(issuer, subject=await subject_of(member), email="mei.sato@contoso.example") == viewer_of(
        member
    )
    event = await AuditEvent.get(action="member_followed_issuer")
    assert (event.actor, event.subject) == (f"member:{member.id}", f"member:{member.id}")
    assert event.details == {"name": True, "address": True}
    assert "sato" not in str(vars(event)).lower()


async def test_what_has_not_changed_or_is_not_told_changes_nothing(member: Member, issuer: IdentityIssuer) -> None:
    async with leaving_no_trace():
        await follow(member, issuer, name=member.name, email=member.work_email)
        await follow(member, issuer, name=None, email=None)
        await follow(member, issuer, name=" ", email="mei@gmail.example")
        await follow(member, issuer, name=None, email="MEI.Tanaka@contoso.example")


async def test_an_address_that_somebody_has_stays_theirs(
    member: Member, issuer: IdentityIssuer, organization: Organization
) -> None:
    other = await make_member(organization, work_email="mei.sato@contoso.example")
    left = await make_member(
        organization, work_email="left@contoso.example", status=MemberStatus.REMOVED, removed_at=START
    )

    await follow(member, issuer, name="Mei Sato", email=other.work_email)
    await member.refresh_from_db()
    kept = (member.name, member.work_email)
    await follow(member, issuer, name="Mei Sato", email=left.work_email)
    await member.refresh_from_db()

    assert kept == ("Mei Sato", "mei.tanaka@contoso.example")
    assert member.work_email == left.work_email


async def test_two_members_who_take_one_address_at_once_do_not_share_it(database: str) -> None:
    for _ in range(TIMES):
        organization = await make_organization(f"Organization{next(_numbers)}")
        issuer, both = await issuer_of(organization), [await make_member(organization) for _ in range(2)]

        await _at_once(*[follow(one, issuer, name=None, email=f"shared@{organization.domain}") for one in both])

        assert await Member.filter(work_email=f"shared@{organization.domain}").count() == 1


async def test_who_was_removed_meanwhile_follows_nothing(member: Member, issuer: IdentityIssuer, admin: Member) -> None:
    await remove_member(by=viewer_of(admin), member_id=member.id, now=START)

    async with leaving_no_trace():
        await follow(member, issuer, name="Another Name", email="another@contoso.example")


async def test_nothing_is_asked_for_a_stranger_or_an_address_that_is_not_confirmed(
    member: Member, issuer: IdentityIssuer
) -> None:
    async with leaving_no_trace():
        for email, verified in (
            ("stranger@contoso.example", True),
            (member.work_email, False),
            ("mei@gmail.example", True),
            (None, True),
        ):
            identity = await identity_at(issuer, subject="anew", email=email, verified=verified)
            await request_replacement(identity=identity, identity_issuer_id=issuer.id, now=START)


async def test_people_sign_in_at_any_issuer_that_their_organization_trusts(
    member: Member, issuer: IdentityIssuer, organization: Organization, settings: Settings
) -> None:
    """The address that both confirm makes them one member, whom both subjects are bound to then."""
    await trust_issuer(
        organization_domain="CONTOSO.example", issuer=issuer_settings(SECOND), now=START, settings=settings
    )
    second = await issuer_of(organization)

    assert [row.issuer for row in await issuers_of_address(member.work_email)] == [SECOND, issuer.issuer]
    assert await sign_in_at(second, subject="second", email=member.work_email) == viewer_of(member)
    assert await sign_in_at(issuer, subject=await _subject_at(member, issuer), email=None) == viewer_of(member)
    assert await sign_in_at(second, subject="second", email=None) == viewer_of(member)
    # One subject at each: another account of one of them waits for an admin.
    with pytest.raises(AccountReplaced):
        await sign_in_at(second, subject="third", email=member.work_email)


async def test_an_issuer_that_is_removed_takes_its_own_bindings_with_it_and_no_other(
    member: Member, issuer: IdentityIssuer, organization: Organization
) -> None:
    second = await make_issuer(organization, issuer=SECOND)
    only_there = await make_member(organization, subject="only-there")
    only_here = await make_member(organization, subject=None)
    await sign_in_at(second, subject="both", email=member.work_email)
    here = await WorkIdentity.create(
        member=only_here, identity_issuer=issuer, issuer=issuer.issuer, subject="only-here", bound_at=START
    )
    kept, ended = await open_session(only_here, here), await open_session(only_there)

    removed = await remove_issuer(organization_domain=organization.domain, issuer=SECOND, now=START)

    assert (removed.bindings_cleared, removed.sessions_ended) == (2, 1)
    assert await viewer_of_session(kept, now=START) == viewer_of(only_here)
    assert await viewer_of_session(ended, now=START) is None
    assert await viewer_of_identity(issuer.id, await _subject_at(member, issuer)) == viewer_of(member)
    assert await viewer_of_identity(issuer.id, "only-here") == viewer_of(only_here)
    assert await viewer_of_member(only_there.id) == viewer_of(only_there)
    assert [row.id for row in await issuers_of_domain(organization.domain)] == [issuer.id]
    # A confirmed address of theirs binds them again at the one that is left.
    assert await sign_in_at(issuer, subject="came-over", email=only_there.work_email) == viewer_of(only_there)


async def test_who_signs_in_at_two_issuers_at_once_is_one_member(database: str) -> None:
    for _ in range(TIMES):
        organization = await make_organization(f"Organization{next(_numbers)}")
        issuers = [await issuer_of(organization), await make_issuer(organization, issuer=f"{SECOND}/{organization.id}")]
        invited = await make_member(organization, status=MemberStatus.INVITED, subject=None, activated_at=None)

        outcomes = await _at_once(*[sign_in_at(each, email=invited.work_email) for each in issuers])

        assert outcomes == [viewer_of(invited)] * 2
        assert await AuditEvent.filter(subject=f"member:{invited.id}", action="member_activated").count() == 1
        assert await WorkIdentity.filter(member=invited, ended_at=None).count() == 2


async def test_one_issuer_of_two_organizations_knows_the_people_of_each_by_their_domains(database: str) -> None:
    """Companies of one group share a tenant."""
    organizations = [await make_organization(name, issuer=SECOND) for name in ("Contoso", "Fabrikam")]
    here, there = [await issuer_of(each) for each in organizations]
    ours, theirs = [
        await make_member(each, status=MemberStatus.INVITED, subject=None, activated_at=None) for each in organizations
    ]

    with pytest.raises(AddressNotOfOrganization):
        await sign_in_at(there, subject="ours", email=ours.work_email)
    assert await sign_in_at(here, subject="ours", email=ours.work_email) == viewer_of(ours)
    assert await sign_in_at(there, subject="theirs", email=theirs.work_email) == viewer_of(theirs)
    # What binds somebody at one of them is nothing at the other, and one account is in one organization.
    assert await viewer_of_identity(there.id, "ours") is None
    third = await make_member(organizations[1], status=MemberStatus.INVITED, subject=None, activated_at=None)
    async with leaving_no_trace():
        with pytest.raises(BoundElsewhere):
            await sign_in_at(there, subject="ours", email=third.work_email)

    await remove_issuer(organization_domain="contoso.example", issuer=SECOND, now=START)
    assert await viewer_of_identity(there.id, "theirs") == viewer_of(theirs)
    assert await viewer_of_identity(here.id, "ours") is None


async def test_people_of_every_mail_domain_belong_to_the_organization(
    organization: Organization, issuer: IdentityIssuer, settings: Settings
) -> None:
    await add_mail_domain(organization_domain="contoso.example", domain="Bücher.example", now=START)
    address = "jos\u00e9@xn--bcher-kva.example"

    member_id = await invite_member(
        organization_domain="bücher.example",
        work_email="jose\u0301@bücher.example",
        role=MemberRole.MEMBER,
        now=START,
        settings=settings,
    )
    viewer = await sign_in_at(issuer, subject="jose", email="Jos\u00e9@bücher.example")
    await remove_mail_domain(organization_domain="contoso.example", domain="bücher.example", now=START)

    assert viewer.member_id == member_id
    assert (await Member.get(id=member_id)).work_email == address
    # Who is a member stays one; nobody new comes by the domain.
    assert await sign_in_at(issuer, subject="jose", email=address) == viewer
    with pytest.raises(InvalidInput):
        await invite_member(
            organization_domain="contoso.example",
            work_email="mei@bücher.example",
            role=MemberRole.MEMBER,
            now=START,
            settings=settings,
        )
    assert [row.id for row in await issuers_of_address(address)] == [issuer.id]
    with pytest.raises(NotAMember):
        await issuers_of_address("mei@bücher.example")


async def test_a_mail_domain_that_is_removed_during_the_exchange_accepts_no_address(
    organization: Organization, issuer: IdentityIssuer, member: Member
) -> None:
    await add_mail_domain(organization_domain=organization.domain, domain="sold.example", now=START)
    invited = await make_member(
        organization, work_email="new@sold.example", status=MemberStatus.INVITED, subject=None, activated_at=None
    )
    newcomer = await identity_at(issuer, email=invited.work_email, subject="newcomer")
    renamed = await identity_at(issuer, email="mei@sold.example", subject=await subject_of(member), name="Mei Sato")
    await remove_mail_domain(organization_domain=organization.domain, domain="sold.example", now=START)

    async with leaving_no_trace():
        with pytest.raises(AddressNotOfOrganization):
            await activate_member(identity=newcomer, identity_issuer_id=issuer.id, now=START)
    await follow_identity(viewer=viewer_of(member), identity=renamed, now=START)

    await member.refresh_from_db()
    assert (member.name, member.work_email) == ("Mei Sato", "mei.tanaka@contoso.example")


async def test_of_three_secrets_the_two_newest_are_tried_the_newest_first(
    organization: Organization, issuer: IdentityIssuer, settings: Settings
) -> None:
    for number, secret in enumerate("abc"):
        await _set_client(settings, secret=secret, now=START + timedelta(days=number))

    assert await _secrets(issuer, settings) == ["c", "b"]
    assert await IssuerCredential.filter(ended_at=None).count() == 2
    assert not {b"a", b"b", b"c"} & {bytes(row.sealed) for row in await IssuerCredential.all()}

    await _set_client(settings, end_previous=True, secret="d")
    assert await _secrets(issuer, settings) == ["d"]


async def test_another_client_id_ends_the_secrets_of_the_one_before(
    organization: Organization, issuer: IdentityIssuer, settings: Settings
) -> None:
    await _set_client(settings, secret="a")
    await _set_client(settings, secret="b", client_id="certlink")
    kept = await _secrets(issuer, settings)
    await _set_client(settings, secret="c", client_id="another")

    assert kept == ["b", "a"]
    assert await _secrets(issuer, settings) == ["c"]
    trusted = await issuer_or_raise("Contoso.Example", None)
    assert (trusted.client_id, trusted.client(settings).client_id) == ("another", "another")


async def test_two_secrets_that_are_set_at_once_are_both_tried(
    organization: Organization, issuer: IdentityIssuer, settings: Settings
) -> None:
    await _at_once(*[_set_client(settings, secret=secret) for secret in "abcd"])

    assert len(await _secrets(issuer, settings)) == 2
    assert await IssuerCredential.filter(ended_at=None).count() == 2


async def _set_client(
    settings: Settings,
    *,
    secret: str,
    client_id: str | None = None,
    end_previous: bool = False,
    now: object = START,
) -> None:
    await set_client(
        organization_domain="Contoso.example",
        issuer=None,
        client_id=client_id,
        credential=ClientSecret(secret=secret),
        end_previous=end_previous,
        now=now,  # type: ignore[arg-type]
        settings=settings,
    )


async def _secrets(issuer: IdentityIssuer, settings: Settings) -> list[str]:
    trusted = await trusted_issuer(issuer.id)
    assert trusted is not None
    return [one.secret for one in trusted.client(settings).credentials if isinstance(one, ClientSecret)]


async def _subject_at(member: Member, issuer: IdentityIssuer) -> str:
    return (await WorkIdentity.get(member=member, identity_issuer=issuer, ended_at=None)).subject


async def _at_once(*steps: Awaitable[object]) -> list[object]:
    outcomes = await asyncio.gather(*steps, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
            raise outcome
    return list(outcomes)
