"""Removal of a member, and credits that count on (R8)."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.database.pool import fetch_value
from domain.errors import Forbidden, NotFound
from domain.models import (
    Association,
    AssociationAttempt,
    AuditEvent,
    BrowserSession,
    Callback,
    Credit,
    CreditEvent,
    Member,
    Organization,
)
from domain.operations.associations import associate
from domain.operations.attempts import start_association
from domain.operations.credits import propagate_credits
from domain.operations.members import remove_member
from domain.operations.steps.record_completions import record_completions
from domain.providers.learning import CompletionRecord
from domain.queries.attempts import association_attempt
from domain.queries.callers import viewer_of_identity, viewer_of_member, viewer_of_session
from domain.rules.administration import LastAdmin, Operator
from domain.rules.association_limits import CoolOffActive
from domain.rules.credit_interval import refresh_at
from domain.rules.enums import AttemptStatus, LearningProvider, MemberRole, MemberStatus
from domain.rules.policy import Policy
from domain.rules.sign_in import NotAMember
from domain.secrets import hash_token
from domain.settings import Settings
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import (
    completion_record,
    issuer_of,
    make_association,
    make_attempt,
    make_credit,
    make_member,
    make_organization,
    sign_in_at,
    subject_of,
    viewer_of,
)

DAY = timedelta(days=1)
MCID = "991204737"
REFRESH = datetime(2026, 12, 10, tzinfo=UTC)


@pytest.fixture
async def organization(database: str) -> Organization:
    return await make_organization()


@pytest.fixture
async def admin(organization: Organization) -> Member:
    return await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)


@pytest.fixture
async def member(organization: Organization) -> Member:
    return await make_member(organization)


async def test_what_counts_counts_on_until_the_refresh_date_and_the_rest_is_canceled(
    admin: Member, member: Member
) -> None:
    association = await make_association(member, started_at=START - 20 * DAY)
    counting = await make_credit(association)
    expiring = await make_credit(association, expires_at=START + 5 * DAY)
    pending = await make_credit(association, completed_at=START - DAY)
    ineligible = await make_credit(association, certification="NO-SUCH-CODE")
    await propagate_credits(now=START)

    ended = await remove_member(by=viewer_of(admin), member_id=member.id, now=START)

    assert (ended.left_at, ended.associations) == (START, 1)
    assert (ended.credits.canceled, ended.credits.counting_on) == (1, 2)
    assert [await _interval(credit) for credit in (counting, expiring, pending, ineligible)] == [
        (START - 10 * DAY, REFRESH, "MEMBER_REMOVED"),
        (START - 10 * DAY, START + 5 * DAY, "EXPIRED"),
        (START, START, "MEMBER_REMOVED"),
        (None, None, None),
    ]
    await association.refresh_from_db()
    assert (association.ended_at, association.end_reason) == (START, "MEMBER_REMOVED")


async def test_the_events_of_a_leaver_s_credits_are_recorded_when_they_are_due(admin: Member, member: Member) -> None:
    association = await make_association(member, started_at=START - 20 * DAY)
    counting, pending = await make_credit(association), await make_credit(association, completed_at=START - DAY)
    await remove_member(by=viewer_of(admin), member_id=member.id, now=START)

    await propagate_credits(now=REFRESH - timedelta(microseconds=1))
    before = [(event.credit_id, event.kind, event.at) for event in await CreditEvent.all().order_by("id")]
    await propagate_credits(now=REFRESH)

    assert sorted(before) == [
        (counting.id, "COUNTED", START - 10 * DAY),
        (pending.id, "ENDED", START),
    ]
    assert await CreditEvent.filter(credit_id=counting.id, kind="ENDED", at=REFRESH).count() == 1
    assert await fetch_value("SELECT count(*) FROM credit WHERE next_event_at IS NOT NULL") == 0


async def test_access_and_sessions_end_at_once(admin: Member, member: Member, organization: Organization) -> None:
    await BrowserSession.create(
        member=member, token_hash=hash_token("token"), created_at=START, expires_at=START + 365 * DAY
    )
    attempt = await make_attempt(member)
    before = await viewer_of_session("token", now=START)

    await remove_member(by=viewer_of(admin), member_id=member.id, now=START)

    assert before == viewer_of(member)
    assert await viewer_of_session("token", now=START) is None
    assert (await BrowserSession.get(member=member)).ended_at == START
    issuer, subject = await issuer_of(organization), await subject_of(member)
    assert await viewer_of_identity(issuer.id, subject) is None
    assert await viewer_of_member(member.id) is None
    assert await association_attempt(viewer_of(member), attempt.id) is None
    # A front-end's token still names them, and an e-mail verifies: neither makes them a member again.
    with pytest.raises(NotAMember):
        await sign_in_at(issuer, subject=subject, email=member.work_email)


async def test_open_attempts_end_and_forget_what_they_carried(admin: Member, member: Member) -> None:
    waiting = await make_attempt(member, verifier_sealed=b"verifier")
    received = await make_attempt(member, status=AttemptStatus.RECEIVED, provider=LearningProvider.PARTNER_UNIVERSITY)
    callback = await Callback.create(
        provider=received.provider, callback_id="1", attempt=received, status="PENDING", code_sealed=b"code",
        received_at=START, claimable_at=START,
    )  # fmt: skip
    done = await make_attempt(
        member, status=AttemptStatus.REFUSED, refusal_code="PROFILE_INCOMPLETE", finished_at=START - DAY
    )

    await remove_member(by=viewer_of(admin), member_id=member.id, now=START)

    for attempt in (waiting, received):
        await attempt.refresh_from_db()
        assert (attempt.status, attempt.finished_at, attempt.verifier_sealed) == (AttemptStatus.REFUSED, START, None)
    await callback.refresh_from_db()
    assert (callback.status, callback.code_sealed, callback.finished_at) == ("DONE", None, START)
    await done.refresh_from_db()
    assert done.refusal_code == "PROFILE_INCOMPLETE"


async def test_a_removed_member_starts_and_concludes_nothing(admin: Member, member: Member, settings: Settings) -> None:
    attempt = await make_attempt(member)
    await remove_member(by=viewer_of(admin), member_id=member.id, now=START)

    async with leaving_no_trace():
        with pytest.raises(NotFound):
            await _associate(attempt, now=START)
        with pytest.raises(Forbidden):
            await start_association(
                viewer=viewer_of(member),
                provider=LearningProvider.MICROSOFT_LEARN,
                return_to=None,
                now=START,
                settings=settings,
            )


async def test_who_is_invited_is_removed_too(admin: Member, organization: Organization) -> None:
    invited = await make_member(organization, status=MemberStatus.INVITED, subject=None, activated_at=None)

    await remove_member(by=viewer_of(admin), member_id=invited.id, now=START)

    await invited.refresh_from_db()
    assert (invited.status, invited.removed_at) == (MemberStatus.REMOVED, START)


async def test_the_last_active_admin_cannot_leave_and_another_one_can(
    admin: Member, organization: Organization
) -> None:
    await make_member(
        organization, role=MemberRole.GLOBAL_ADMIN, status=MemberStatus.INVITED, subject=None, activated_at=None
    )
    for by in (viewer_of(admin), Operator(organization_id=organization.id)):
        async with leaving_no_trace():
            with pytest.raises(LastAdmin):
                await remove_member(by=by, member_id=admin.id, now=START)
    await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)

    await remove_member(by=viewer_of(admin), member_id=admin.id, now=START)

    await admin.refresh_from_db()
    assert admin.status is MemberStatus.REMOVED


async def test_nobody_else_removes_members(admin: Member, member: Member, organization: Organization) -> None:
    colleague = await make_member(organization)
    foreign = await make_member(await make_organization("Fabrikam"), role=MemberRole.GLOBAL_ADMIN)
    higher = await make_member(organization, role=MemberRole.GLOBAL_ADMIN)

    async with leaving_no_trace():
        with pytest.raises(Forbidden):
            await remove_member(by=viewer_of(colleague), member_id=member.id, now=START)
        with pytest.raises(Forbidden):
            await remove_member(by=viewer_of(admin), member_id=higher.id, now=START)
        for number in (member.id, 2**62):
            with pytest.raises(NotFound):
                await remove_member(by=viewer_of(foreign), member_id=number, now=START)


async def test_who_is_an_admin_no_longer_removes_nobody(
    admin: Member, member: Member, organization: Organization
) -> None:
    """Their request may have begun before they were demoted."""
    viewer = viewer_of(admin)
    await Member.filter(id=admin.id).update(role=MemberRole.MEMBER)

    async with leaving_no_trace():
        with pytest.raises(Forbidden):
            await remove_member(by=viewer, member_id=member.id, now=START)


async def test_a_member_is_removed_once(admin: Member, member: Member) -> None:
    await remove_member(by=viewer_of(admin), member_id=member.id, now=START)

    async with leaving_no_trace():
        with pytest.raises(NotFound):
            await remove_member(by=viewer_of(admin), member_id=member.id, now=START + DAY)


async def test_a_leaver_who_goes_elsewhere_takes_their_credits_along_at_that_instant(
    admin: Member, member: Member
) -> None:
    """R5 ends them earlier than R8 would."""
    association = await make_association(member, profile_id=MCID, started_at=START - 40 * DAY)
    record = completion_record(completed_at=START - 60 * DAY)
    credit = await _credit(association, record)
    await propagate_credits(now=START)
    await remove_member(by=viewer_of(admin), member_id=member.id, now=START)
    elsewhere = await make_member(await make_organization("Fabrikam"))

    after = await _associate(await make_attempt(elsewhere), record, now=START + DAY)
    await propagate_credits(now=REFRESH)

    assert await _interval(credit) == (START - 30 * DAY, START + DAY, "MOVED")
    await association.refresh_from_db()
    assert (association.ended_at, association.end_reason) == (START, "MEMBER_REMOVED")
    assert (await Credit.get(association=after)).counts_from == START + 11 * DAY
    assert await CreditEvent.filter(credit=credit, kind="ENDED", at=START + DAY).count() == 1
    actions = [event.action for event in await AuditEvent.filter(organization_id=member.organization_id)]
    assert actions[-1] == "credits_overtaken"


async def test_a_leaver_who_comes_back_loses_no_day_and_counts_once(
    admin: Member, member: Member, organization: Organization
) -> None:
    """Our decision: the former credits count on until the new ones begin, not until the refresh date."""
    association = await make_association(member, profile_id=MCID, started_at=START - 40 * DAY)
    record = completion_record(completed_at=START - 60 * DAY)
    credit = await _credit(association, record)
    await remove_member(by=viewer_of(admin), member_id=member.id, now=START)
    back = await make_member(organization, work_email=member.work_email, subject=await subject_of(member))

    after = await _associate(await make_attempt(back), record, now=START + DAY)

    again = await Credit.get(association=after)
    assert await _interval(credit) == (START - 30 * DAY, START + 11 * DAY, "MEMBER_REMOVED")
    assert again.counts_from == START + 11 * DAY


async def test_a_leaver_who_comes_back_after_the_refresh_date_changes_nothing_that_was(
    admin: Member, member: Member, organization: Organization
) -> None:
    association = await make_association(member, profile_id=MCID, started_at=START - 40 * DAY)
    record = completion_record(completed_at=START - 60 * DAY)
    credit = await _credit(association, record)
    await remove_member(by=viewer_of(admin), member_id=member.id, now=START)
    back = await make_member(organization, work_email=member.work_email, subject=await subject_of(member))

    await _associate(await make_attempt(back), record, now=REFRESH - 5 * DAY)

    assert await _interval(credit) == (START - 30 * DAY, REFRESH, "MEMBER_REMOVED")


async def test_the_cool_off_keeps_running_for_a_leaver(
    admin: Member, member: Member, organization: Organization
) -> None:
    """R6: also with the same organization."""
    await make_association(member, profile_id=MCID, started_at=START - 10 * DAY)
    await remove_member(by=viewer_of(admin), member_id=member.id, now=START)
    back = await make_member(organization, work_email=member.work_email, subject=await subject_of(member))

    with pytest.raises(CoolOffActive) as refused:
        await _associate(await make_attempt(back), now=START + DAY)

    assert refused.value.next_available_at == START + 20 * DAY


async def test_both_providers_end_at_one_instant(admin: Member, member: Member) -> None:
    for provider in LearningProvider:
        await make_credit(await make_association(member, provider=provider, started_at=START - 20 * DAY))

    ended = await remove_member(by=viewer_of(admin), member_id=member.id, now=START)

    assert (ended.associations, ended.credits.counting_on) == (2, 2)
    assert {association.ended_at for association in await Association.all()} == {START}
    assert {credit.counts_until for credit in await Credit.all()} == {refresh_at(START)}


async def _associate(attempt: AssociationAttempt, *completions: CompletionRecord, now: datetime) -> Association:
    association_id = await associate(
        attempt_id=attempt.id, profile_id=MCID, completions=list(completions), now=now, policy=Policy()
    )
    return await Association.get(id=association_id)


async def _credit(association: Association, record: CompletionRecord) -> Credit:
    await record_completions(association.id, [record], now=association.started_at, policy=Policy())
    return await Credit.get(association=association)


async def _interval(credit: Credit) -> tuple[object, object, object]:
    await credit.refresh_from_db()
    return (credit.counts_from, credit.counts_until, credit.end_reason)
