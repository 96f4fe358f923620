"""Members after a change of issuer (R2)."""

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import count

import pytest

from domain.errors import Forbidden, InvalidInput, Refusal, TryAgain
from domain.models import (
    Association,
    AssociationAttempt,
    AuditEvent,
    BrowserSession,
    Callback,
    Credit,
    IdentityIssuer,
    Invitation,
    Member,
    Organization,
    WorkIdentity,
)
from domain.operations.api_clients import create_api_client
from domain.operations.attempts import start_association
from domain.operations.callbacks import lease_callback
from domain.operations.members import change_member_role, remove_member
from domain.operations.organizations import RemovedIssuer, replace_issuer
from domain.operations.steps.locks import lock_bound_members
from domain.queries.callers import viewer_of_identity, viewer_of_member, viewer_of_session
from domain.queries.issuers import issuers_of_token, trusted_issuer
from domain.rules.administration import LastAdmin, Operator
from domain.rules.enums import (
    AddressTrust,
    AttemptStatus,
    CallbackStatus,
    LearningProvider,
    MemberRole,
    MemberStatus,
    Scope,
)
from domain.rules.identity import AddressNotOfOrganization, AddressNotVerified
from domain.rules.sign_in import AccountReplaced, NotAMember
from domain.rules.visibility import MemberViewer
from domain.secrets import hash_token, new_token
from domain.settings import Settings
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import (
    issuer_of,
    issuer_settings,
    make_association,
    make_attempt,
    make_credit,
    make_invitation,
    make_issuer,
    make_member,
    make_organization,
    sign_in_at,
    subject_of,
    viewer_of,
)

NEW = "https://new.example"
TIMES = 8
_numbers = count(1)


@pytest.fixture
async def organization(database: str) -> Organization:
    return await make_organization()


async def change(organization: Organization, settings: Settings, issuer: str = NEW) -> RemovedIssuer | None:
    """Let the operator change the issuer."""
    return await replace_issuer(
        organization_domain=organization.domain, issuer=issuer_settings(issuer), now=START, settings=settings
    )


async def sign_in(
    member: Member, *, issuer: str = NEW, verified: bool = True, subject: str = "new-subject", email: str | None = None
) -> MemberViewer:
    """Let an issuer, which the organization trusts or has trusted, vouch for a member's address."""
    trusted = await IdentityIssuer.filter(organization_id=member.organization_id, issuer=issuer).order_by("-id").first()
    assert trusted is not None
    return await sign_in_at(
        trusted, email=email or member.work_email, subject=subject, verified=verified, name="Another Name"
    )


async def open_session(member: Member, *, expires_at_in: timedelta = timedelta(hours=1)) -> str:
    token = new_token()
    await BrowserSession.create(
        member=member,
        token_hash=hash_token(token),
        created_at=START - timedelta(hours=2),
        expires_at=START + expires_at_in,
    )
    return token


async def test_a_stranger_whom_the_new_issuer_knows_by_an_admins_old_subject_is_not_the_admin(
    organization: Organization, settings: Settings
) -> None:
    admin = await make_member(organization, role=MemberRole.GLOBAL_ADMIN)
    subject = await subject_of(admin)
    await change(organization, settings)

    assert await viewer_of_identity((await issuer_of(organization)).id, subject) is None
    with pytest.raises(AddressNotOfOrganization):
        await sign_in(admin, subject=subject, email="stranger@elsewhere.example")
    with pytest.raises(NotAMember):
        await sign_in(admin, subject=subject, email="stranger@contoso.example")
    with pytest.raises(AddressNotVerified):
        await sign_in(admin, subject=subject, verified=False)
    assert await WorkIdentity.filter(member=admin, ended_at=None).count() == 0


async def test_a_change_of_issuer_ends_every_session_and_binding_and_says_how_many(
    organization: Organization, settings: Settings
) -> None:
    members = [await make_member(organization) for _ in range(3)]
    tokens = [await open_session(member) for member in members[:2]]
    await open_session(members[0], expires_at_in=-timedelta(hours=1))
    foreign = await make_member(await make_organization("Fabrikam"))
    kept = await open_session(foreign)

    changed = await change(organization, settings)

    assert changed == RemovedIssuer(bindings_cleared=3, sessions_ended=2)
    assert [await viewer_of_session(token, now=START) for token in tokens] == [None, None]
    assert await viewer_of_session(kept, now=START) == viewer_of(foreign)
    assert await BrowserSession.filter(member__organization=organization, ended_at=None).count() == 0
    removed, changed_to = await AuditEvent.filter(action__in=["issuer_removed", "issuer_changed"]).order_by("sequence")
    assert removed.details == {"bindings_cleared": 3, "sessions_ended": 2}
    assert changed_to.details == {"preset": "GENERIC"}
    assert {removed.actor, changed_to.actor} == {"operator"}


async def test_the_issuer_before_is_trusted_no_more(organization: Organization, settings: Settings) -> None:
    member = await make_member(organization)
    before, subject = await issuer_of(organization), await subject_of(member)

    await change(organization, settings)

    assert await trusted_issuer(before.id) is None
    assert await issuers_of_token(before.issuer) == []
    assert await viewer_of_identity(before.id, subject) is None
    async with leaving_no_trace():
        with pytest.raises(NotAMember):
            await sign_in(member, issuer=before.issuer, subject=subject)


async def test_a_verified_address_of_the_organizations_domain_binds_a_member_again_once(
    organization: Organization, settings: Settings
) -> None:
    member = await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)
    association = await make_association(member)
    credit = await make_credit(association)
    await change(organization, settings)

    first = await sign_in(member)
    again = await sign_in(member)
    with pytest.raises(AccountReplaced):
        await sign_in(member, subject="somebody-else")

    assert (first, again) == (viewer_of(member), viewer_of(member))
    identity = await WorkIdentity.get(member=member, ended_at=None)
    assert (identity.issuer, identity.subject) == (NEW, "new-subject")
    bound = await Member.get(id=member.id)
    assert bound.name == member.name
    assert (bound.activated_at, bound.status) == (member.activated_at, MemberStatus.ACTIVE)
    event = await AuditEvent.get(action="member_bound_again")
    assert (event.actor, event.subject, event.details) == (f"member:{member.id}", f"member:{member.id}", {})
    assert (await Association.get(id=association.id)).ended_at is None
    assert (await Credit.get(id=credit.id)).counts_from == credit.counts_from


async def test_an_address_that_is_not_verified_or_of_another_domain_binds_nobody(
    organization: Organization, settings: Settings
) -> None:
    member = await make_member(organization)
    outside = await make_member(organization, work_email="partner@elsewhere.example")
    await change(organization, settings)

    async with leaving_no_trace():
        with pytest.raises(AddressNotVerified):
            await sign_in(member, verified=False)
        with pytest.raises(NotAMember):
            await sign_in(member, email=f"x{member.work_email}")
        with pytest.raises(AddressNotOfOrganization):
            await sign_in(outside)


async def test_a_removed_member_does_not_come_back_by_a_change_of_issuer(
    organization: Organization, settings: Settings
) -> None:
    before, after = await make_member(organization), await make_member(organization)
    by = Operator(organization_id=organization.id)
    await remove_member(by=by, member_id=before.id, now=START)
    await change(organization, settings)
    await remove_member(by=by, member_id=after.id, now=START)

    async with leaving_no_trace():
        for member in (before, after):
            with pytest.raises(NotAMember):
                await sign_in(member)
            assert await viewer_of_member(member.id) is None


async def test_the_issuer_that_is_trusted_already_changes_nothing(
    organization: Organization, settings: Settings
) -> None:
    member = await make_member(organization)
    token = await open_session(member)

    async with leaving_no_trace():
        assert await change(organization, settings, (await issuer_of(organization)).issuer) is None

    assert await viewer_of_session(token, now=START) == viewer_of(member)


async def test_who_was_invited_before_accepts_at_the_new_issuer(organization: Organization, settings: Settings) -> None:
    invited = await make_member(organization, status=MemberStatus.INVITED, subject=None, name=None, activated_at=None)
    await make_invitation(invited, responded_at=None)
    before = (await issuer_of(organization)).issuer
    await change(organization, settings)

    with pytest.raises(NotAMember):
        await sign_in(invited, issuer=before)
    assert await sign_in(invited) == viewer_of(invited)
    assert (await Member.get(id=invited.id)).name == "Another Name"
    assert (await Invitation.get(member=invited)).responded_at == START
    assert await AuditEvent.filter(action="member_activated").count() == 1


async def test_two_first_sign_ins_at_once_after_the_change_bind_once(database: str, settings: Settings) -> None:
    for _ in range(TIMES):
        member = await make_member(await make_organization(f"Organization{next(_numbers)}"))
        issuer = f"{NEW}/{member.id}"
        await change(await Organization.get(id=member.organization_id), settings, issuer)

        outcomes = await _at_once(*[sign_in(member, issuer=issuer) for _ in range(4)])

        assert outcomes == [viewer_of(member)] * 4
        assert await AuditEvent.filter(action="member_bound_again", subject=f"member:{member.id}").count() == 1


async def test_of_two_people_with_one_address_at_once_one_is_bound(database: str, settings: Settings) -> None:
    for _ in range(TIMES):
        member = await make_member(await make_organization(f"Organization{next(_numbers)}"))
        issuer = f"{NEW}/{member.id}"
        await change(await Organization.get(id=member.organization_id), settings, issuer)

        outcomes = await _at_once(*[sign_in(member, issuer=issuer, subject=subject) for subject in "abc"])

        assert Counter(map(type, outcomes)) == {MemberViewer: 1, AccountReplaced: 2}


async def test_one_person_with_two_addresses_at_once_is_bound_to_one(database: str, settings: Settings) -> None:
    """An issuer may tell another address of the same subject a moment later."""
    for _ in range(TIMES):
        organization = await make_organization(f"Organization{next(_numbers)}")
        one, other = await make_member(organization), await make_member(organization)
        issuer = f"{NEW}/{organization.id}"
        await change(organization, settings, issuer)

        outcomes = await _at_once(sign_in(one, issuer=issuer), sign_in(other, issuer=issuer))

        assert outcomes in ([viewer_of(one)] * 2, [viewer_of(other)] * 2)


async def test_a_sign_in_at_the_issuer_before_during_the_change_binds_nobody(database: str, settings: Settings) -> None:
    """The ``database`` fixture checks that nobody is bound by an issuer that is not trusted."""
    for number in range(TIMES * 2):
        organization = await make_organization(f"Organization{next(_numbers)}")
        invited = await make_member(organization, status=MemberStatus.INVITED, subject=None, activated_at=None)
        member = await make_member(organization)
        await open_session(member)
        before, subject = (await issuer_of(organization)).issuer, await subject_of(member)
        deeds = [
            change(organization, settings, f"{NEW}/{organization.id}"),
            sign_in(invited, issuer=before, subject="1"),
            sign_in(member, issuer=before, subject=subject),
        ]

        await _at_once(*(deeds if number % 2 else reversed(deeds)))

        assert await WorkIdentity.filter(member__organization=organization, ended_at=None).count() == 0
        assert await BrowserSession.filter(member=member, ended_at=None).count() == 0


async def test_an_attempt_that_began_before_the_change_links_nothing_any_more(
    organization: Organization, settings: Settings
) -> None:
    member = await make_member(organization)
    waiting = await make_attempt(member)
    received = await make_attempt(member, status=AttemptStatus.RECEIVED)
    await Callback.create(
        provider=received.provider,
        callback_id="1",
        attempt=received,
        status=CallbackStatus.PENDING,
        code_sealed=b"sealed",
        received_at=START,
        claimable_at=START,
        tries=0,
    )

    await change(organization, settings)

    ended = await AssociationAttempt.filter(id__in=[waiting.id, received.id]).values_list("status", "verifier_sealed")
    assert list(ended) == [(AttemptStatus.REFUSED, None)] * 2
    callback = await Callback.get(attempt=received)
    assert (callback.status, callback.code_sealed) == (CallbackStatus.DONE, None)
    assert await lease_callback() is None


async def test_whoever_is_not_bound_yet_changes_nothing(organization: Organization, settings: Settings) -> None:
    admin = await make_member(organization, role=MemberRole.GLOBAL_ADMIN)
    other = await make_member(organization)
    viewer = viewer_of(admin)
    await change(organization, settings)

    async with leaving_no_trace():
        with pytest.raises(Forbidden):
            await create_api_client(by=viewer, name="Tool", scopes=[Scope.CREDITS_READ], now=START, settings=settings)
        with pytest.raises(Forbidden):
            await remove_member(by=viewer, member_id=other.id, now=START)
        with pytest.raises(Forbidden):
            await start_association(
                viewer=viewer,
                provider=LearningProvider.MICROSOFT_LEARN,
                return_to=None,
                now=START,
                settings=settings,
            )


async def test_the_last_admin_who_came_back_stays_admin(organization: Organization, settings: Settings) -> None:
    back, away = [await make_member(organization, role=MemberRole.GLOBAL_ADMIN) for _ in range(2)]
    await change(organization, settings)
    viewer = await sign_in(back)

    with pytest.raises(LastAdmin):
        await change_member_role(by=viewer, member_id=back.id, role=MemberRole.MEMBER, now=START)
    await remove_member(by=viewer, member_id=away.id, now=START)

    assert await Member.filter(status=MemberStatus.ACTIVE, role=MemberRole.GLOBAL_ADMIN).count() == 1


@pytest.mark.parametrize("blank", ["\u3000", "\u00a0", "\x1f", "\n", " "])
async def test_an_address_with_a_blank_around_it_is_another_address(
    blank: str, organization: Organization, settings: Settings
) -> None:
    admin = await make_member(organization, role=MemberRole.GLOBAL_ADMIN)
    await change(organization, settings)

    for email in (f"{admin.work_email}{blank}", f"{blank}{admin.work_email}"):
        with pytest.raises(AddressNotVerified):
            await sign_in(admin, email=email)


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "  ",
        "https://new.example ",
        "not an address",
        "ftp://new.example",
        "https://",
        "https://new.example?a=b",
        "https://new.example#a",
        "https://new.example/\x00",
        f"https://new.example/{'x' * 500}",
    ],
)
async def test_what_cannot_be_an_issuer_changes_nothing(
    issuer: str, organization: Organization, settings: Settings
) -> None:
    await make_member(organization)

    async with leaving_no_trace():
        with pytest.raises(InvalidInput):
            await change(organization, settings, issuer)


async def test_two_organizations_that_take_one_issuer_at_once_both_trust_it(database: str, settings: Settings) -> None:
    """Companies of one group share a tenant: mail domains tell their people apart."""
    for _ in range(TIMES):
        organizations = [await make_organization(f"Organization{next(_numbers)}") for _ in range(2)]
        issuer = f"{NEW}/{next(_numbers)}"

        outcomes = await _at_once(*[change(each, settings, issuer) for each in organizations])

        assert [type(outcome) for outcome in outcomes] == [RemovedIssuer] * 2
        assert {row.organization_id for row in await issuers_of_token(issuer)} == {each.id for each in organizations}


async def test_an_organization_that_takes_several_issuers_at_once_trusts_one(database: str, settings: Settings) -> None:
    for _ in range(TIMES):
        organization = await make_organization(f"Organization{next(_numbers)}")
        await make_member(organization)
        issuer = f"{NEW}/{next(_numbers)}"

        await _at_once(*[change(organization, settings, name) for name in (issuer, f"{issuer}/other", issuer)])

        assert await IdentityIssuer.filter(organization=organization, removed_at=None).count() == 1


async def _at_once(*deeds: object) -> list[object]:
    outcomes = await asyncio.gather(*deeds, return_exceptions=True)  # type: ignore[call-overload]
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
            raise outcome
    return list(outcomes)


async def test_the_same_issuer_clears_bindings_only_where_it_names_people_in_another_way(
    organization: Organization, settings: Settings
) -> None:
    member, issuer = await make_member(organization), await issuer_of(organization)

    async def change_to(**values: object) -> RemovedIssuer | None:
        return await replace_issuer(
            organization_domain=organization.domain,
            issuer=issuer_settings(issuer.issuer, **values),
            now=START,
            settings=settings,
        )

    addresses = await change_to(address_trust=AddressTrust.ISSUER, address_claims=("upn",))
    kept = await viewer_of_identity(issuer.id, await subject_of(member))
    subjects = await change_to(subject_claims=("tid", "oid"))

    assert (addresses, kept) == (RemovedIssuer(bindings_cleared=0, sessions_ended=0), viewer_of(member))
    assert subjects == RemovedIssuer(bindings_cleared=1, sessions_ended=0)
    async with leaving_no_trace():
        assert await change_to() is None


async def test_an_issuer_that_is_added_at_the_moment_of_a_change_is_not_passed_over(
    organization: Organization, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lock_late(members: list[int]) -> None:
        # As another command that commits between the reading and the locking.
        await make_issuer(organization, issuer="https://second.example")
        await lock_bound_members(members)

    monkeypatch.setattr("domain.operations.organizations.lock_bound_members", lock_late)

    with pytest.raises(TryAgain):
        await change(organization, settings)

    assert await IdentityIssuer.filter(organization_id=organization.id, issuer=NEW).count() == 0
