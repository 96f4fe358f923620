"""A completion's credit over time, in the database (R9 to R12, R16)."""

import asyncio
from dataclasses import replace
from datetime import date, datetime

import asyncpg
import pytest

from domain.database.pool import execute, fetch_value
from domain.database.transaction import transaction
from domain.models import Association, Completion, Credit, CreditEvent
from domain.operations.associations import remove_association
from domain.operations.completions import receive_completions
from domain.operations.credits import propagate_credits
from domain.operations.steps.revise_credits import revise_credits
from domain.providers.learning import CompletionRecord
from domain.rules.enums import LearningProvider
from domain.rules.policy import Policy
from domain.settings import Settings
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.domain.instants import DAY, MICROSECOND
from tests.factories import completion_record, make_association, make_member, make_organization, viewer_of

LEARN = LearningProvider.MICROSOFT_LEARN
EXPIRES = START + 40 * DAY
RECORD = completion_record("AZ-104", completion_id="msl-1", expires_at=EXPIRES)
RENEWED = replace(RECORD, expires_at=EXPIRES + 365 * DAY)


@pytest.fixture
async def association(database: str) -> Association:
    """An association whose one completion expires forty days after it started."""
    association = await make_association(await make_member(await make_organization()), profile_id="991204737")
    assert await tell(RECORD, START)
    return association


async def test_a_renewal_in_time_extends_without_a_gap(association: Association) -> None:
    """R11."""
    await propagate_credits(now=START + 20 * DAY)

    await tell(RENEWED, START + 30 * DAY)

    assert await intervals() == [(START + 10 * DAY, EXPIRES + 365 * DAY, "EXPIRED")]
    assert await propagate_credits(now=EXPIRES) == 0


async def test_a_renewal_that_we_learn_of_after_the_end_counts_from_then(association: Association) -> None:
    """R10, R11: the gap that was reported stays, and what is recorded of it too."""
    await propagate_credits(now=EXPIRES)
    learned_at = EXPIRES + 3 * DAY

    await tell(RENEWED, learned_at)
    await propagate_credits(now=learned_at)

    assert await intervals() == [
        (START + 10 * DAY, EXPIRES, "EXPIRED"),
        (learned_at, EXPIRES + 365 * DAY, "EXPIRED"),
    ]
    events = await CreditEvent.all().order_by("at").values_list("kind", "at")
    assert events == [("COUNTED", START + 10 * DAY), ("ENDED", EXPIRES), ("COUNTED", learned_at)]


async def test_a_revocation_ends_the_credit_and_a_reinstatement_begins_another(association: Association) -> None:
    """R11."""
    await tell(replace(RECORD, revoked_at=START + 12 * DAY), START + 15 * DAY)
    await tell(RECORD, START + 18 * DAY)

    assert await intervals() == [
        (START + 10 * DAY, START + 15 * DAY, "REVOKED"),
        (START + 18 * DAY, EXPIRES, "EXPIRED"),
    ]


async def test_what_is_completed_later_counts_ten_days_after_it(association: Association) -> None:
    """R10, and from the instant on which we learn of it where that is later."""
    soon = completion_record("AZ-305", completion_id="msl-2", completed_at=START + 20 * DAY)
    late = completion_record("AZ-400", completion_id="msl-3", completed_at=START + 12 * DAY)

    await tell(soon, START + 21 * DAY)
    await tell(late, START + 30 * DAY)

    assert [begins for begins, *_ in (await intervals())[1:]] == [START + 30 * DAY, START + 30 * DAY]


async def test_what_is_no_longer_in_the_transcript_stays(association: Association) -> None:
    """R9: a transcript that lacks a completion does not revoke it."""
    before = await intervals()

    await receive([], START + 20 * DAY)

    assert await intervals() == before
    assert await Completion.all().count() == 1


async def test_what_an_account_without_an_association_earns_is_not_stored(association: Association) -> None:
    """R9: neither for one that has ended nor for one that we never knew."""
    member = await association.member
    await remove_association(
        viewer=viewer_of(member), association_id=association.id, now=START + 20 * DAY, policy=Policy()
    )

    async with leaving_no_trace():
        assert not await tell(RENEWED, START + 30 * DAY)
        assert not await receive([RECORD], START, profile_id="999999999")


async def test_what_ended_with_its_association_never_comes_back(association: Association) -> None:
    """R5, R7: not by a renewal, and not by a change of the catalog."""
    member = await association.member
    ended_at = START + 20 * DAY
    await remove_association(viewer=viewer_of(member), association_id=association.id, now=ended_at, policy=Policy())

    async with leaving_no_trace():
        await tell(RENEWED, START + 30 * DAY)
        await retire("AZ-104", date(2026, 12, 1), now=START + 30 * DAY)

    assert await intervals() == [(START + 10 * DAY, ended_at, "REMOVED")]


async def test_another_account_cannot_change_a_completion(association: Association) -> None:
    """R9."""
    await make_association(await make_member(await make_organization("Fabrikam")), profile_id="991204738")

    async with leaving_no_trace():
        await receive([RENEWED], START + 20 * DAY, profile_id="991204738")


async def test_a_retirement_in_the_catalog_is_followed_from_now_on(association: Association) -> None:
    """R16: what counted before stays; a date that has passed ends it now."""
    now = START + 20 * DAY
    assert await retire("AZ-104", (START + 30 * DAY).date(), now=now) == 1
    in_time = await intervals()
    await retire("AZ-104", (START + 5 * DAY).date(), now=now)
    too_late = await intervals()
    await retire("AZ-104", None, now=now + DAY)

    midnight = (START + 30 * DAY).replace(hour=0, minute=0)
    assert in_time == [(START + 10 * DAY, midnight, "RETIRED")]
    assert too_late == [(START + 10 * DAY, now, "RETIRED")]
    assert (await intervals())[1] == (now + DAY, EXPIRES, "EXPIRED")


async def test_a_certification_that_the_catalog_learns_of_counts_from_then_on(association: Association) -> None:
    """R12, R16."""
    unknown = completion_record("XY-999", completion_id="msl-9")
    await tell(unknown, START)
    before = await Credit.get(completion__completion_id="msl-9")
    await execute(
        """INSERT INTO certification (code, title, level, provider)
           VALUES ('XY-999', 'New', 'ASSOCIATE', 'MICROSOFT_LEARN')"""
    )

    await revised(["XY-999"], START + 20 * DAY)

    after = await Credit.get(completion__completion_id="msl-9")
    assert (before.ineligible_reason, before.counts_from) == ("NOT_IN_CATALOG", None)
    assert (after.id, after.ineligible_reason, after.counts_from) == (before.id, None, START + 20 * DAY)


async def test_many_arrivals_at_once_give_one_credit(association: Association) -> None:
    """R9: the account's lock lets one in after the other."""
    await propagate_credits(now=EXPIRES)
    now = EXPIRES + DAY

    await asyncio.gather(*(tell(RENEWED, now) for _ in range(6)), propagate_credits(now=now))
    await propagate_credits(now=now)

    assert len(await intervals()) == 2
    assert await CreditEvent.all().count() == 3


async def test_a_propagation_that_is_under_way_is_waited_for(association: Association, settings: Settings) -> None:
    """R10: what has just been recorded as counting is not canceled as if it were pending, by a clock that is behind."""
    counts_from = START + 10 * DAY
    worker = await asyncpg.connect(settings.database_url)
    propagating = worker.transaction()
    await propagating.start()
    await worker.execute(
        """WITH due AS (UPDATE credit SET next_event_at = counts_until RETURNING id, counts_from)
           INSERT INTO credit_event (credit_id, kind, at, recorded_at)
           SELECT id, 'COUNTED', counts_from, counts_from FROM due"""
    )

    telling = asyncio.create_task(tell(replace(RECORD, revoked_at=START + DAY), counts_from - MICROSECOND))
    async with asyncio.timeout(10):
        while not await fetch_value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
    await propagating.commit()
    await worker.close()
    await telling

    assert await intervals() == [(counts_from, counts_from, "REVOKED")]
    assert (await Credit.get()).next_event_at == counts_from


async def tell(record: CompletionRecord, now: datetime) -> bool:
    """Let the provider tell of one completion."""
    return await receive([record], now)


async def receive(records: list[CompletionRecord], now: datetime, *, profile_id: str = "991204737") -> bool:
    return await receive_completions(
        provider=LEARN, profile_id=profile_id, records=records, observed_at=now, now=now, policy=Policy()
    )


async def retire(code: str, day: date | None, *, now: datetime) -> int:
    """Let the catalog say until when a certification is eligible, and credits follow it."""
    await execute(
        "UPDATE certification SET eligible_until = $2, retirement_rule = $3 WHERE code = $1",
        code,
        day,
        None if day is None else "ELIGIBLE_UNTIL",
    )
    return await revised([code], now)


async def revised(codes: list[str], now: datetime) -> int:
    async with transaction():
        return await revise_credits(codes, now=now, policy=Policy())


async def intervals() -> list[tuple[datetime | None, datetime | None, str | None]]:
    credits = await Credit.all().order_by("completion_id", "sequence")
    return [(credit.counts_from, credit.counts_until, credit.end_reason) for credit in credits]
