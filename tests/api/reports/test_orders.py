"""Orders of the skills report, walked in both directions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from domain.database.pool import execute
from domain.models import Association, Credit
from tests.api.caller import Caller
from tests.api.reports.walking import ORDERS, REPORT, ids, number, page, walk
from tests.clock import START, FrozenClock
from tests.factories import make_credit

KEYS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "PERSON": lambda row: (
        f"{(row['person']['name'] or row['person']['workEmail']).lower()}\t{row['person']['workEmail']}"
    ),
    "CERTIFICATION": lambda row: row["certification"]["code"],
    "COMPLETED_AT": lambda row: row["completedAt"],
    "COUNTS_FROM": lambda row: row["countsFrom"] or "latest",
    "EXPIRES_AT": lambda row: row["expiresAt"] or "latest",
    "STATUS": lambda row: ["PENDING", "COUNTING", "ENDED", "INELIGIBLE"].index(row["status"]),
}
CREDITS = """query ($first: Int, $after: String, $orderBy: CreditOrder) { viewer { organization {
  credits(first: $first, after: $after, orderBy: $orderBy) { nodes { id } pageInfo { endCursor } } } } }"""


async def test_every_order_is_walked_whole_in_both_directions_whatever_the_pages(
    caller: Caller, credits: list[Credit]
) -> None:
    for size, order in enumerate(ORDERS, start=2):
        whole = (await page(caller, first=100, orderBy=order))["nodes"]

        forward = await walk(caller, size=size, orderBy=order)
        backward = await walk(caller, size=size, backward=True, orderBy=order)

        descending, key = order["direction"] == "DESCENDING", KEYS[order["field"]]
        assert len(whole) == sum(credit.counts_from is not None for credit in credits) == 12
        assert whole == sorted(whole, key=lambda row: (key(row), number(row)), reverse=descending), order
        assert forward == backward == whole


async def test_credits_are_walked_in_the_same_orders(caller: Caller, credits: list[Credit]) -> None:
    for order in ORDERS:
        report = (await page(caller, first=100, orderBy=order))["nodes"]

        found: list[str] = []
        after = None
        for _ in range(3):
            part = (await caller.ask(CREDITS, first=6, after=after, orderBy=order))["viewer"]["organization"]["credits"]
            found += [node["id"] for node in part["nodes"]]
            after = part["pageInfo"]["endCursor"]

        assert found == ids(report), order


async def test_between_two_cursors_lies_what_is_between_them(caller: Caller, credits: list[Credit]) -> None:
    for order in ORDERS:
        whole = (await page(caller, first=100, orderBy=order))["nodes"]
        head = await page(caller, first=3, orderBy=order)
        tail = await page(caller, last=4, orderBy=order)

        between = await page(
            caller, orderBy=order, after=head["pageInfo"]["endCursor"], before=tail["pageInfo"]["startCursor"]
        )

        assert ids(between["nodes"]) == ids(whole)[3:-4], order


async def test_a_walk_is_stable_while_rows_change_and_come(caller: Caller, credits: list[Credit]) -> None:
    order = {"field": "EXPIRES_AT", "direction": "ASCENDING"}
    before = (await page(caller, first=100, orderBy=order))["nodes"]
    first = await page(caller, first=6, orderBy=order)

    # Two that were seen expire later, the very last among them, and a new one comes at the front.
    for seen in (first["nodes"][5], first["nodes"][2]):
        await execute(
            """UPDATE completion SET expires_at = expires_at + interval '1 hour'
               FROM credit c WHERE c.id = $1 AND c.completion_id = completion.id""",
            number(seen),
        )
    association = await Association.get(id=credits[0].association_id)
    await make_credit(association, completed_at=START - timedelta(days=90), expires_at=START - timedelta(days=80))
    rest = await walk(caller, size=4, orderBy=order, after=first["pageInfo"]["endCursor"])

    untouched = ids(before)[6:]
    assert [identifier for identifier in ids(rest) if identifier in untouched] == untouched


async def test_a_walk_stays_at_the_instant_at_which_it_began(
    caller: Caller, credits: list[Credit], clock: FrozenClock
) -> None:
    order = {"field": "STATUS", "direction": "ASCENDING"}
    whole = (await page(caller, first=100, orderBy=order))["nodes"]
    first = await page(caller, first=7, orderBy=order)
    clock.advance(timedelta(days=300))

    rest = await page(caller, first=100, orderBy=order, after=first["pageInfo"]["endCursor"])

    assert rest["asOf"] == first["asOf"]
    assert first["nodes"] + rest["nodes"] == whole
    assert (await page(caller))["asOf"] != first["asOf"]


async def test_a_cursor_of_another_order_or_another_instant_is_refused(
    caller: Caller, credits: list[Credit], clock: FrozenClock
) -> None:
    by_person = (await page(caller, first=2))["pageInfo"]["endCursor"]
    ascending = (await page(caller, first=2, orderBy=ORDERS[2]))["pageInfo"]["endCursor"]
    clock.advance(timedelta(seconds=1))
    later = (await page(caller, first=5))["pageInfo"]["endCursor"]

    refusals = [
        await caller.refused(REPORT, after=by_person, orderBy={"field": "STATUS"}),
        await caller.refused(REPORT, after=ascending, orderBy=ORDERS[3]),
        await caller.refused(REPORT, before=by_person, asOf="2026-01-01T00:00:00Z"),
        await caller.refused(REPORT, after=by_person, before=later),
    ]

    assert refusals == [["INVALID_INPUT"]] * 4
