"""Credit status in SQL, compared with the rule (R12)."""

from datetime import UTC, datetime, timedelta
from itertools import product

from domain.database.pagination import PageRequest
from domain.database.pool import connection
from domain.models import Credit
from domain.operations.credits import propagate_credits
from domain.queries.credits import STATUS, CreditFilter, credit_status_summary, credits
from domain.rules.credit_interval import credit_status
from domain.rules.enums import CreditStatus, IneligibleReason, MemberRole
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND
from tests.factories import make_association, make_credit, make_member, make_organization, viewer_of

# Only the order of instants matters, and how close they can be: every order of these is tried.
INSTANTS = [
    datetime(1970, 1, 1, tzinfo=UTC),
    START - MICROSECOND,
    START,
    START + MICROSECOND,
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
]
INTERVALS = [(None, None), *product(INSTANTS, [None, *INSTANTS])]


async def test_the_status_in_sql_is_the_rules_for_any_interval_and_instant(database: str) -> None:
    sql = f"SELECT {STATUS} AS status FROM unnest($2::timestamptz[], $3::timestamptz[]) c (counts_from, counts_until)"
    starts, ends = zip(*INTERVALS, strict=True)
    for at in INSTANTS:
        async with connection() as current:
            found = [row["status"] for row in await current.fetch(sql, at, starts, ends)]

        assert found == [
            credit_status(
                counts_from=counts_from,
                counts_until=counts_until,
                ineligible_reason=None if counts_from else IneligibleReason.NOT_IN_CATALOG,
                at=at,
            )
            for counts_from, counts_until in INTERVALS
        ]


async def test_filters_and_counts_are_of_the_statuses_that_are_shown(database: str) -> None:
    member = await make_member(await make_organization(), role=MemberRole.ACCOUNT_ADMIN)
    viewer = viewer_of(member)
    association = await make_association(member)
    for certification, days in [("AZ-104", 300), ("AZ-305", 40), ("DP-300", 5), ("NONE-1", 300)]:
        await make_credit(association, certification=certification, expires_at=START + days * DAY)

    for days in (0, 5, 10, 40, 240, 300):
        as_of = START + days * DAY
        page = await credits(viewer, matching=CreditFilter(), as_of=as_of, page=PageRequest())
        summary = await credit_status_summary(viewer, as_of=as_of, now=as_of)
        assert summary is not None
        counts = (summary.pending, summary.counting, summary.ended)
        told = (CreditStatus.PENDING, CreditStatus.COUNTING, CreditStatus.ENDED)
        for status, counted in zip(told, counts, strict=True):
            matching = CreditFilter(statuses=(status,))
            listed = await credits(viewer, matching=matching, as_of=as_of, page=PageRequest())
            shown = [row.id for row in page.rows if row.status is status]
            assert [row.id for row in listed.rows] == shown
            assert listed.total == counted == len(shown)


async def test_credits_whose_event_is_more_than_a_minute_late_are_overdue_until_it_is_recorded(database: str) -> None:
    """R18."""
    member = await make_member(await make_organization(), role=MemberRole.ACCOUNT_ADMIN)
    viewer = viewer_of(member)
    credit = await make_credit(await make_association(member))
    due = credit.counts_from
    assert due is not None

    async def overdue(now: datetime) -> int:
        summary = await credit_status_summary(viewer, as_of=now, now=now)
        assert summary is not None
        return summary.overdue

    minute = timedelta(seconds=60)
    assert [await overdue(due + late) for late in (timedelta(0), minute, minute + MICROSECOND)] == [0, 0, 1]
    await propagate_credits(now=due + minute + MICROSECOND)
    assert await overdue(due + minute + MICROSECOND) == 0
    assert (await Credit.get(id=credit.id)).next_event_at == credit.counts_until
