"""Work accounts made anew: an address that comes back with another subject (R2)."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest

from domain.errors import Forbidden, InvalidInput, NotFound
from domain.models import (
    AccountReplacement,
    Association,
    AssociationAttempt,
    AuditEvent,
    BrowserSession,
    Credit,
    Member,
    Organization,
    WorkIdentity,
)
from domain.operations.attempts import start_association
from domain.operations.members import decide_replacement, follow_identity, remove_member, request_replacement
from domain.operations.organizations import replace_issuer
from domain.operations.steps.administration import Administrator
from domain.queries.callers import viewer_of_identity, viewer_of_session
from domain.rules.administration import Operator
from domain.rules.association_limits import CoolOffActive
from domain.rules.enums import AssociationEndReason, AttemptStatus, LearningProvider, MemberRole
from domain.rules.sign_in import BoundElsewhere
from domain.secrets import hash_token, new_token
from domain.settings import Settings
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import (
    identity_at,
    issuer_of,
    issuer_settings,
    make_association,
    make_attempt,
    make_credit,
    make_issuer,
    make_member,
    make_new_account,
    make_organization,
    sign_in_at,
    subject_of,
    viewer_of,
)

TIMES = 8


@pytest.fixture
async def organization(database: str) -> Organization:
    return await make_organization()


@pytest.fixture
async def member(organization: Organization) -> Member:
    return await make_member(organization)


@pytest.fixture
async def admin(organization: Organization) -> Member:
    return await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)


async def request(member: Member, subject: str) -> None:
    """Let somebody with a member's address sign in with another account."""
    issuer = await issuer_of(await Organization.get(id=member.organization_id))
    identity = await identity_at(issuer, email=member.work_email, subject=subject)
    await request_replacement(identity=identity, identity_issuer_id=issuer.id, now=START)


async def decide(
    by: Administrator, member: Member, answer: bool = True, *, requested_at: datetime | None = None
) -> None:
    await decide_replacement(by=by, member_id=member.id, is_same_person=answer, requested_at=requested_at, now=START)


async def open_session(member: Member) -> str:
    token = new_token()
    await BrowserSession.create(
        member=member, token_hash=hash_token(token), created_at=START, expires_at=START + timedelta(hours=1)
    )
    return token


@pytest.mark.parametrize("is_operator", [False, True])
async def test_who_is_confirmed_is_known_by_the_new_account_and_by_the_old_one_no_more(
    organization: Organization, member: Member, admin: Member, is_operator: bool
) -> None:
    issuer, before = await issuer_of(organization), await subject_of(member)
    await request(member, "anew")

    await decide(Operator(organization_id=organization.id) if is_operator else viewer_of(admin), member)

    assert await viewer_of_identity(issuer.id, before) is None
    assert await sign_in_at(issuer, email=member.work_email, subject="anew") == viewer_of(member)
    event = await AuditEvent.all().order_by("-sequence").first()
    assert event is not None
    assert (event.action, event.subject) == ("account_replacement_confirmed", f"member:{member.id}")
    assert event.actor == ("operator" if is_operator else f"member:{admin.id}")


async def test_sessions_and_attempts_of_the_old_account_end_and_nothing_else_does(
    member: Member, admin: Member, settings: Settings
) -> None:
    association = await make_association(member, started_at=START - timedelta(days=20))
    await make_credit(association)
    mine, theirs = await open_session(member), await open_session(admin)
    attempt = await make_attempt(member)
    kept = [await model.all().values() for model in (Association, Credit)]
    await request(member, "anew")

    await decide(viewer_of(admin), member)

    assert await viewer_of_session(mine, now=START) is None
    assert await viewer_of_session(theirs, now=START) is not None
    assert (await AssociationAttempt.get(id=attempt.id)).status is AttemptStatus.REFUSED
    assert [await model.all().values() for model in (Association, Credit)] == kept


async def test_limits_stay_whoever_signs_in_by_a_new_account(member: Member, admin: Member, settings: Settings) -> None:
    """R6."""
    await make_association(
        member,
        started_at=START - timedelta(days=2),
        ended_at=START - timedelta(days=1),
        end_reason=AssociationEndReason.REMOVED,
    )
    await request(member, "anew")

    await decide(viewer_of(admin), member)

    with pytest.raises(CoolOffActive):
        await start_association(
            viewer=viewer_of(member),
            provider=LearningProvider.MICROSOFT_LEARN,
            return_to=None,
            now=START,
            settings=settings,
        )


async def test_who_is_refused_stays_nobody_and_the_member_as_they_were(
    organization: Organization, member: Member, admin: Member
) -> None:
    before, token = await subject_of(member), await open_session(member)
    await request(member, "anew")

    await decide(viewer_of(admin), member, answer=False)

    issuer = await issuer_of(organization)
    assert await viewer_of_identity(issuer.id, "anew") is None
    assert await viewer_of_identity(issuer.id, before) == viewer_of(member)
    assert await viewer_of_session(token, now=START) == viewer_of(member)
    assert (await AuditEvent.all().order_by("-sequence").first()).action == "account_replacement_refused"  # type: ignore[union-attr]


async def test_whoever_asks_often_waits_once_and_may_ask_again_after_a_refusal(member: Member, admin: Member) -> None:
    await asyncio.gather(*(request(member, "anew") for _ in range(TIMES)))
    waiting = await AccountReplacement.filter(decided_at=None).count()
    await decide(viewer_of(admin), member, answer=False)
    await request(member, "anew")

    assert waiting == 1
    assert await AccountReplacement.filter(decided_at=None).count() == 1


async def test_of_several_new_accounts_the_named_one_is_confirmed_and_the_others_are_refused(
    organization: Organization, member: Member, admin: Member
) -> None:
    for number, subject in enumerate(("genuine", "foreign", "late")):
        await make_new_account(member, subject, requested_at=START + timedelta(minutes=number))

    async with leaving_no_trace():
        with pytest.raises(InvalidInput):
            await decide(viewer_of(admin), member)
        with pytest.raises(NotFound):
            await decide(viewer_of(admin), member, requested_at=START - timedelta(minutes=1))
    await decide(viewer_of(admin), member, requested_at=START)

    assert [row.is_confirmed for row in await AccountReplacement.all().order_by("id")] == [True, False, False]
    assert await viewer_of_identity((await issuer_of(organization)).id, "genuine") == viewer_of(member)


async def test_several_new_accounts_can_be_refused_together(member: Member, admin: Member) -> None:
    for subject in ("first", "second"):
        await request(member, subject)

    await decide(viewer_of(admin), member, answer=False)

    assert await AccountReplacement.filter(is_confirmed=False).count() == 2


async def test_what_waits_by_an_address_is_refused_when_the_member_gets_another(
    organization: Organization, member: Member, admin: Member
) -> None:
    """The address may be a new colleague's by now."""
    await request(member, "of-the-address-before")
    identity = await identity_at(
        await issuer_of(organization), email="renamed@contoso.example", subject=await subject_of(member)
    )

    await follow_identity(viewer=viewer_of(member), identity=identity, now=START)

    with pytest.raises(NotFound):
        await decide(viewer_of(admin), member)
    assert await AccountReplacement.filter(is_confirmed=False).count() == 1


async def test_what_may_not_be_decided_leaves_no_trace(member: Member, admin: Member) -> None:
    colleague = await make_member(await member.organization)
    highest = await make_member(await member.organization, role=MemberRole.GLOBAL_ADMIN)
    foreign = await make_member(await make_organization("Fabrikam"), role=MemberRole.GLOBAL_ADMIN)
    for person in (member, admin, highest):
        await make_new_account(person, f"anew-{person.id}")

    refused = {
        Forbidden: [(colleague, member), (member, member), (admin, admin), (highest, highest), (admin, highest)],
        NotFound: [(foreign, member), (admin, colleague)],
    }
    for refusal, pairs in refused.items():
        for by, person in pairs:
            for answer in (True, False):
                async with leaving_no_trace():
                    with pytest.raises(refusal):
                        await decide(viewer_of(by), person, answer)


async def test_an_account_of_another_organization_s_member_is_bound_to_nobody_else(
    organization: Organization, member: Member, admin: Member
) -> None:
    """One tenant serves two organizations: its people are members of one of them."""
    fabrikam = await make_organization("Fabrikam")
    await make_issuer(fabrikam, issuer=(await issuer_of(organization)).issuer)
    await make_member(fabrikam, subject="anew")
    await request(member, "anew")

    async with leaving_no_trace():
        with pytest.raises(BoundElsewhere):
            await decide(viewer_of(admin), member)
    await decide(viewer_of(admin), member, answer=False)

    assert await WorkIdentity.filter(subject="anew", ended_at=None).count() == 1


async def test_nothing_waits_for_whoever_left_or_whose_issuer_is_trusted_no_more(
    organization: Organization, member: Member, admin: Member, settings: Settings
) -> None:
    leaver = await make_member(organization)
    await request(leaver, "leaver-anew")
    await remove_member(by=viewer_of(admin), member_id=leaver.id, now=START)
    await request(leaver, "leaver-anew")
    await request(member, "anew")
    await replace_issuer(
        organization_domain=organization.domain,
        issuer=issuer_settings("https://new.example"),
        now=START,
        settings=settings,
    )

    assert await AccountReplacement.filter(decided_at=None).count() == 0
    with pytest.raises(NotFound):
        await decide(Operator(organization_id=organization.id), member)


async def test_two_admins_who_decide_at_once_decide_once(organization: Organization) -> None:
    for number in range(TIMES):
        admins = [await make_member(organization, role=MemberRole.ACCOUNT_ADMIN) for _ in range(2)]
        member = await make_member(organization)
        await request(member, f"anew-{member.id}")

        outcomes = await asyncio.gather(
            *(decide(viewer_of(admin), member, answer=bool((number + at) % 2)) for at, admin in enumerate(admins)),
            return_exceptions=True,
        )

        assert Counter(map(type, outcomes)) == {type(None): 1, NotFound: 1}
        assert await AuditEvent.filter(subject=f"member:{member.id}").count() == 1
        assert await WorkIdentity.filter(member=member, ended_at=None).count() == 1


async def test_a_confirmation_a_removal_and_a_sign_in_at_once_leave_one_account_or_none(
    organization: Organization, admin: Member
) -> None:
    """The ``database`` fixture checks that nobody who was removed stays bound."""
    issuer = await issuer_of(organization)
    for _ in range(TIMES):
        member = await make_member(organization)
        subject = f"anew-{member.id}"
        await request(member, subject)

        await asyncio.gather(
            decide(viewer_of(admin), member),
            remove_member(by=Operator(organization_id=organization.id), member_id=member.id, now=START),
            sign_in_at(issuer, email=member.work_email, subject=subject),
            return_exceptions=True,
        )

        assert await WorkIdentity.filter(member=member, ended_at=None).count() == 0
        assert await viewer_of_identity(issuer.id, subject) is None
