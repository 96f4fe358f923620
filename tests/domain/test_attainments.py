"""Attainments from the database at any instant."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bench.rows import fill
from domain.database.pool import connection
from domain.errors import InvalidInput, NotFound
from domain.models import AuditEvent, Credit, Member, Organization
from domain.operations.associations import remove_association
from domain.operations.credits import propagate_credits
from domain.operations.members import remove_member
from domain.operations.organizations import change_track
from domain.operations.steps.record_completions import record_completions
from domain.queries.attainments import (
    AttainmentsAt,
    ForecastUntil,
    OrganizationFacts,
    count_facts,
    count_forecast_days,
    may_be_scored_for,
    organization_facts,
)
from domain.queries.contributions import contributions_of_credits
from domain.queries.credits import credit_of_operator
from domain.rules.attainment import Attainment
from domain.rules.enums import ForecastCauseKind, MemberRole, Track
from domain.rules.explanation import explanation
from domain.rules.forecast import end_of_day
from domain.rules.policy import Policy
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.domain.instants import DAY, MICROSECOND
from tests.domain.pieces import do_whole
from tests.factories import completion_record, make_association, make_credit, make_member, make_organization, viewer_of

COUNTS = START + 10 * DAY


@pytest.fixture
async def organization(database: str) -> Organization:
    return await make_organization(track=Track.SMB)


@pytest.fixture
async def admin(organization: Organization) -> Member:
    return await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)


def one(facts: OrganizationFacts, at: datetime, key: str = "business-applications") -> Attainment:
    return next(each for each in do_whole(AttainmentsAt(at=at).pieces(facts)) if each.program.key == key)


async def test_one_load_answers_for_any_instant(organization: Organization, admin: Member) -> None:
    """SMB, intermediate: five people for 20 points."""
    for certification in ("MB-310", "MB-500", "MB-310"):
        await make_credit(await make_association(await make_member(organization)), certification=certification)
    later = await make_association(await make_member(organization), started_at=START + 30 * DAY)
    await make_credit(later, certification="MB-230")

    facts = await organization_facts(organization.id)

    found = {
        wait: (float(each.points), float(each.pending_points))
        for wait in (-10, 0, 10, 30, 40, 365, 395)
        for each in [one(facts, START + wait * DAY)]
    }
    # Nothing was known of anybody before they came, and each ends a year after its completion.
    assert found == {-10: (0, 0), 0: (0, 12), 10: (12, 0), 30: (12, 4), 40: (16, 0), 365: (4, 0), 395: (0, 0)}
    assert one(facts, COUNTS).program.edition == "2026-08"
    past = one(facts, datetime(2025, 6, 1, tzinfo=UTC), "security")
    assert (past.program.edition, float(past.points)) == ("2023-10", 0)


async def test_only_an_admin_of_the_organization_is_answered(organization: Organization, admin: Member) -> None:
    member, foreign = (
        await make_member(organization),
        await make_member(await make_organization("Fabrikam"), role=MemberRole.GLOBAL_ADMIN),
    )

    for person, expected in ((admin, True), (member, False), (foreign, False)):
        assert may_be_scored_for(viewer_of(person), organization.id) is expected


async def test_nobody_has_facts_of_an_organization_that_is_none(database: str) -> None:
    with pytest.raises(NotFound):
        await organization_facts(4711)


async def test_a_leaver_is_forecast_to_count_until_the_refresh_date(organization: Organization, admin: Member) -> None:
    leaver = await make_member(organization)
    await make_credit(await make_association(leaver), certification="MB-310")
    await propagate_credits(now=COUNTS)
    await remove_member(by=viewer_of(admin), member_id=leaver.id, now=COUNTS)

    forecast = ForecastUntil(after=COUNTS, until=date(2027, 1, 1))
    found = do_whole(forecast.pieces(await organization_facts(organization.id)))

    (step,) = found.steps
    assert (step.date, [cause.kind for cause in step.causes]) == (date(2026, 12, 10), [ForecastCauseKind.REFRESH_DATE])
    before, after = (
        {each.program.key: float(each.points) for each in attained}
        for attained in (found.attainments, step.attainments)
    )
    assert (before["business-applications"], after["business-applications"]) == (4, 0)


async def test_a_forecast_of_many_credits_is_what_is_asked_at_the_end_of_each_day(
    organization: Organization, admin: Member
) -> None:
    async with connection() as current:
        await fill(current, organization_id=organization.id, members=50, credits_each=10, at=START)
    asked = ForecastUntil(after=START, until=START.date() + 200 * DAY)
    facts = await organization_facts(organization.id)

    found = do_whole(asked.pieces(facts))

    assert await count_facts(organization.id) == len(facts.credits) == 500
    assert await count_forecast_days(organization.id, asked) == 2
    assert len(found.steps) == 2
    for step in found.steps:
        assert step.at == end_of_day(step.date)
        assert step.attainments == do_whole(AttainmentsAt(at=step.at).pieces(facts))


async def test_a_program_that_no_edition_has_cannot_be_forecast(organization: Organization) -> None:
    facts = await organization_facts(organization.id)

    with pytest.raises(NotFound):
        do_whole(ForecastUntil(after=START, until=START.date(), program="nothing").pieces(facts))


async def test_the_track_is_the_organization_s_setting(organization: Organization) -> None:
    await make_credit(await make_association(await make_member(organization)), certification="MB-310")
    tracks: list[list[tuple[Track, float]]] = []

    for track in (Track.ENTERPRISE, Track.SMB, None):
        await change_track(organization_domain="CONTOSO.example", track=track, now=START)
        facts = await organization_facts(organization.id)
        found = do_whole(AttainmentsAt(at=COUNTS).pieces(facts))
        tracks.append(
            [(each.track, float(each.points)) for each in found if each.program.key == "business-applications"]
        )

    assert tracks == [[(Track.ENTERPRISE, 1)], [(Track.SMB, 4)], [(Track.ENTERPRISE, 1), (Track.SMB, 4)]]
    events = await AuditEvent.filter(action="track_changed").order_by("sequence")
    assert [event.details for event in events] == [{"track": "ENTERPRISE"}, {"track": "SMB"}, {"track": None}]


async def test_no_organization_is_on_the_track_of_everybody(organization: Organization) -> None:
    async with leaving_no_trace():
        with pytest.raises(InvalidInput):
            await change_track(organization_domain="contoso.example", track=Track.ALL, now=START)
        with pytest.raises(NotFound):
            await change_track(organization_domain="nothing.example", track=Track.SMB, now=START)


async def test_contributions_are_on_the_organization_s_track(organization: Organization) -> None:
    member = await make_member(organization)
    credit = await make_credit(await make_association(member), certification="MB-310")

    found = await contributions_of_credits(organization.id, {member.id}, as_of=COUNTS)

    assert [(each.program.key, each.track, float(each.points)) for each in found[credit.id]] == [
        ("business-applications", Track.SMB, 4)
    ]


async def predicted(credit: Credit, at: datetime) -> datetime | None:
    row = await credit_of_operator(credit.id, as_of=at)
    assert row is not None
    return explanation(row.facts, at=at).counts_from_earliest


async def test_what_is_predicted_takes_effect_then_and_what_is_not_never(
    organization: Organization, admin: Member
) -> None:
    """The law of explanations, on real rows: the worker records that a credit counts at the predicted instant."""
    association = await make_association(await make_member(organization))
    records = [
        completion_record("AZ-104", completed_at=START - 5 * DAY),
        completion_record("AZ-305", completed_at=START - 5 * DAY, expires_at=START + 9 * DAY),
        completion_record("AZ-140", completed_at=START - 5 * DAY, expires_at=START + COUNTS.resolution),
        completion_record("AZ-700", completed_at=START - 400 * DAY),
        completion_record("DP-300", completed_at=START - 5 * DAY, revoked_at=START - DAY),
        completion_record("NONE-1"),
        completion_record("MS-500"),
    ]
    await record_completions(association.id, records, now=START, policy=Policy())
    late = completion_record("SC-300", completed_at=START - 5 * DAY)
    await record_completions(association.id, [late], now=START + 12 * DAY, policy=Policy())
    removed = await make_association(await make_member(organization))
    canceled = await make_credit(removed, certification="AZ-500")
    await remove_association(
        viewer=viewer_of(await removed.member), association_id=removed.id, now=START + DAY, policy=Policy()
    )

    credits = await Credit.all().order_by("id")
    told = {credit.id: await predicted(credit, START + 2 * DAY) for credit in credits}

    assert set(told.values()) == {COUNTS, START + 12 * DAY, None}
    assert told[canceled.id] is None
    for at in sorted({at for at in told.values() if at is not None}):
        await propagate_credits(now=at - MICROSECOND)
        assert await counted() == {number for number, due in told.items() if due is not None and due < at}
        await propagate_credits(now=at)
        assert await counted() == {number for number, due in told.items() if due is not None and due <= at}
    await propagate_credits(now=START + timedelta(days=3000))
    assert await counted() == {number for number, due in told.items() if due is not None}
    assert [await predicted(credit, START + 3000 * DAY) for credit in credits] == [None] * len(credits)


async def counted() -> set[int]:
    """Return the credits of which it is recorded that they counted."""
    return set(await Credit.filter(events__kind="COUNTED").values_list("id", flat=True))  # type: ignore[arg-type]
