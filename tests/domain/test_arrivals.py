"""Order and repetition of arriving completions (R9).

Each example has an account of its own, and a twin of it to which the same facts arrive otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.database.pool import connection
from domain.models import Association
from domain.operations.completions import receive_completions
from domain.operations.credits import propagate_credits
from domain.providers.learning import CompletionRecord
from domain.queries.invariants import violations
from domain.rules.enums import LearningProvider
from domain.rules.policy import Policy
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND
from tests.factories import completion_record, make_association, make_member, make_organization

EXAMPLES = 40
NEVER = datetime.max.replace(tzinfo=UTC)
COMPLETED_AT = {"one": START - 30 * DAY, "other": START + 5 * DAY}
_numbers = count(1)


@dataclass(frozen=True)
class Fact:
    """What the provider says of a completion at an instant."""

    name: str
    observed_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def rank(self) -> tuple[datetime, datetime, datetime]:
        """Return by what a fact is preferred to another of the same completion."""
        return self.observed_at, self.expires_at or NEVER, self.revoked_at or NEVER


# Few instants, so that facts often are of the same one, and ends often lie just before or after an arrival.
ends = st.sampled_from([12, 20, 30, 60]).map(lambda number: START + number * DAY)
facts = st.builds(
    Fact,
    name=st.sampled_from(sorted(COMPLETED_AT)),
    observed_at=st.sampled_from([10, 20, 30]).map(lambda number: START + number * DAY),
    expires_at=st.none() | ends,
    revoked_at=st.none() | st.none() | ends,
)
arrivals = st.lists(st.tuples(facts, st.integers(0, 15).map(timedelta), st.booleans()), max_size=4)


@settings(max_examples=EXAMPLES)
@given(arrivals, st.lists(facts, min_size=1, max_size=4), st.data())
async def test_facts_that_arrive_at_one_instant_come_to_the_same_in_any_order_and_number(
    database: str, earlier: list[tuple[Fact, timedelta, bool]], together: list[Fact], data: st.DataObject
) -> None:
    """R9: whatever arrived before, the rows are the same to the last column."""
    again = st.lists(st.sampled_from(together), max_size=3)
    orders = [data.draw(st.permutations(together + data.draw(again))) for _ in range(2)]

    rows = []
    for order in orders:
        association, now = await _linked(), START
        for fact, wait, is_propagated in earlier:
            now += wait
            await _arrive(association, [fact], now)
            if is_propagated:
                await propagate_credits(now=now)
        now += DAY
        for fact in order:
            await _arrive(association, [fact], now)
        rows.append(await _rows(association))

    assert rows[0] == rows[1]


@settings(max_examples=EXAMPLES)
@given(arrivals, st.data())
async def test_what_counted_stays_and_from_now_on_the_latest_facts_are_followed(
    database: str, history: list[tuple[Fact, timedelta, bool]], data: st.DataObject
) -> None:
    """R9 to R11, at any instants and in any order of what was observed."""
    association, now = await _linked(), START
    known: dict[str, Fact] = {}
    for fact, wait, is_propagated in history:
        now += wait
        past = [now - MICROSECOND, *data.draw(st.lists(st.integers(0, 60).map(lambda n: START + n * DAY), max_size=4))]
        before = await _counting(association)
        await _arrive(association, [fact], now)
        known[fact.name] = max(known.get(fact.name, fact), fact, key=lambda found: found.rank)
        if is_propagated:
            await propagate_credits(now=now)
        after = await _counting(association)
        for at in past:
            if at < now:
                assert _names(after, at) == _names(before, at)
        for at in (now, now + MICROSECOND, now + 9 * DAY, now + 40 * DAY):
            assert _names(after, at) == sorted(name for name, latest in known.items() if _counts(latest, at))

    assert await violations() == []


async def test_a_transcript_that_tells_of_a_completion_twice_is_read_the_same_in_any_order(database: str) -> None:
    """R9: at one instant, what is valid for longer stands."""
    longer = completion_record("AZ-104", completion_id="msl-1")
    shorter = replace(longer, expires_at=START + DAY, revoked_at=START)
    rows = []

    for order in ([longer, shorter], [shorter, longer]):
        association = await _linked()
        named = [replace(record, completion_id=f"{association.id}-{record.completion_id}") for record in order]
        await _send(association, named, START, START)
        rows.append(await _rows(association))

    assert rows[0] == rows[1]
    assert rows[0][0]["expires_at"] == longer.expires_at


async def _linked() -> Association:
    organization = await make_organization(f"Contoso{next(_numbers)}")
    return await make_association(await make_member(organization))


async def _arrive(association: Association, arrived: Sequence[Fact], now: datetime) -> None:
    for fact in arrived:
        record = completion_record(
            "AZ-104",
            completion_id=f"{association.id}-{fact.name}",
            completed_at=COMPLETED_AT[fact.name],
            revoked_at=fact.revoked_at,
        )
        await _send(association, [replace(record, expires_at=fact.expires_at)], fact.observed_at, now)


async def _send(
    association: Association, records: Sequence[CompletionRecord], observed_at: datetime, now: datetime
) -> None:
    await association.fetch_related("learning_account")
    assert await receive_completions(
        provider=LearningProvider.MICROSOFT_LEARN,
        profile_id=association.learning_account.profile_id,
        records=records,
        observed_at=observed_at,
        now=now,
        policy=Policy(),
    )


async def _rows(association: Association) -> list[dict[str, object]]:
    """Return completions, credits and events without their numbers."""
    async with connection() as current:
        found = await current.fetch(
            """SELECT split_part(p.completion_id, '-', 2) AS name, p.completed_at, p.expires_at, p.revoked_at,
                   p.observed_at, c.sequence, c.recorded_at, c.counts_from, c.counts_until, c.end_reason,
                   c.ineligible_reason, c.next_event_at,
                   ARRAY(SELECT (e.kind, e.at)::text FROM credit_event e WHERE e.credit_id = c.id ORDER BY 1) AS events
               FROM completion p LEFT JOIN credit c ON c.completion_id = p.id
               WHERE p.learning_account_id = $1 ORDER BY name, c.sequence""",
            association.learning_account_id,
        )
    return [dict(row) for row in found]


Interval = tuple[str, datetime, datetime]


async def _counting(association: Association) -> list[Interval]:
    return [
        (str(row["name"]), row["counts_from"], row["counts_until"] or NEVER)  # type: ignore[misc]
        for row in await _rows(association)
        if row["counts_from"] is not None
    ]


def _names(intervals: list[Interval], at: datetime) -> list[str]:
    return sorted(name for name, begins, ends in intervals if begins <= at < ends)


def _counts(fact: Fact, at: datetime) -> bool:
    """R10 and R11 without any history."""
    begins = max(COMPLETED_AT[fact.name], START) + 10 * DAY
    return begins <= at and all(end is None or at < end for end in (fact.expires_at, fact.revoked_at))
