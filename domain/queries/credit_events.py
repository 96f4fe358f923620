"""Which credit events were recorded since somebody was told last?

Their numbers are drawn before they are committed, so a lower one can appear after a higher one. Who follows therefore
remembers what it was told, back to a number below which every transaction is over.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.database import snapshot, typed_row
from domain.rules.visibility import Viewer
from domain.rules.words import CreditEventKind, Scope

# More numbers than are drawn by transactions that are under way at a time.
NUMBERS_UNDER_WAY = 100_000


@dataclass(frozen=True, kw_only=True)
class CreditEventRow:
    """What took effect for a credit, at an instant, and when that was written down."""

    id: int
    credit_id: int
    kind: CreditEventKind
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Told:
    """What somebody was told: everything up to ``floor``, and ``numbers`` above it.

    Once all transactions before ``transaction_id`` are over, nothing up to ``newest`` can appear any more.
    """

    floor: int
    numbers: frozenset[int]
    newest: int
    transaction_id: int


@dataclass(frozen=True, kw_only=True)
class _Horizon:
    """The highest number that is seen, and between which transactions those are that are under way."""

    newest: int
    oldest_under_way: int
    next_transaction_id: int


_HORIZON = """SELECT (SELECT coalesce(max(id), 0) FROM credit_event) AS newest,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_under_way,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next_transaction_id"""


async def told_until_now(organization_id: int) -> Told:
    """Return what somebody was told who wants to hear of an organization's events from now on."""
    async with snapshot() as current:
        horizon = typed_row(_Horizon, await current.fetchrow(_HORIZON))
        floor = max(0, horizon.newest - NUMBERS_UNDER_WAY)
        numbers = await current.fetch(
            """SELECT e.id FROM credit_event e JOIN credit c ON c.id = e.credit_id
               WHERE e.id > $1 AND c.organization_id = $2""",
            floor,
            organization_id,
        )
    return Told(
        floor=floor,
        numbers=frozenset(row["id"] for row in numbers),
        newest=horizon.newest,
        transaction_id=horizon.next_transaction_id,
    )


async def credit_events_since(told: Told, viewer: Viewer, *, limit: int) -> tuple[list[CreditEventRow], Told]:
    """Return at most ``limit`` events that the viewer may see and was not told, in the order of their numbers."""
    async with snapshot() as current:
        horizon = typed_row(_Horizon, await current.fetchrow(_HORIZON))
        records = await current.fetch(
            """SELECT e.id, e.credit_id, e.kind, e.at, e.recorded_at
               FROM credit_event e JOIN credit c ON c.id = e.credit_id
               WHERE e.id > $1 AND c.organization_id = $2 AND (c.member_id = $3 OR $4 AND c.counts_from IS NOT NULL)
                 AND NOT EXISTS (SELECT FROM unnest($5::bigint[]) AS told (id) WHERE told.id = e.id)
               ORDER BY e.id LIMIT $6""",
            told.floor,
            viewer.organization_id,
            viewer.member_id,
            viewer.may(Scope.CREDITS_READ),
            list(told.numbers),
            limit,
        )
    rows = [typed_row(CreditEventRow, record) for record in records]
    return rows, _told_more(told, rows, horizon, is_all=len(rows) < limit)


def _told_more(told: Told, rows: list[CreditEventRow], horizon: _Horizon, *, is_all: bool) -> Told:
    numbers = told.numbers | {row.id for row in rows}
    if not is_all or horizon.oldest_under_way < told.transaction_id:
        return Told(floor=told.floor, numbers=numbers, newest=told.newest, transaction_id=told.transaction_id)
    return Told(
        floor=told.newest,
        numbers=frozenset(number for number in numbers if number > told.newest),
        newest=horizon.newest,
        transaction_id=horizon.next_transaction_id,
    )
