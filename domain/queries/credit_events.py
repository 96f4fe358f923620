"""Which credit events were recorded since somebody was told last?

Their numbers are drawn before they are committed, so a lower one can appear after a higher one. Who follows therefore
remembers the numbers that were missing, until every transaction is over that may have drawn them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.database.pool import snapshot, typed_row
from domain.rules.enums import CreditEventKind, Scope
from domain.rules.visibility import Viewer

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
class EventPosition:
    """What somebody was told: everything up to ``newest`` but what was ``missing``.

    Each missing number is with that of a transaction; once all before that one are over, it cannot appear any more.
    """

    newest: int
    missing: Mapping[int, int]


@dataclass(frozen=True, kw_only=True)
class _Horizon:
    """The highest number that is seen, and the oldest transaction that is under way."""

    newest: int
    oldest_under_way: int


_HORIZON = """SELECT (SELECT coalesce(max(id), 0) FROM credit_event) AS newest,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_under_way"""


async def current_position() -> EventPosition:
    """Return what somebody was told who wants to hear of what is recorded from now on."""
    async with snapshot() as current:
        newest = typed_row(_Horizon, await current.fetchrow(_HORIZON)).newest
        return EventPosition(newest=newest, missing=await _missing(current, max(0, newest - NUMBERS_UNDER_WAY), newest))


async def credit_events_since(
    position: EventPosition, viewer: Viewer, *, limit: int
) -> tuple[list[CreditEventRow], EventPosition]:
    """Return at most ``limit`` events that the viewer may see and was not position, in the order of their numbers."""
    async with snapshot() as current:
        horizon = typed_row(_Horizon, await current.fetchrow(_HORIZON))
        records = await current.fetch(
            """SELECT e.id, e.credit_id, e.kind, e.at, e.recorded_at
               FROM credit_event e JOIN credit c ON c.id = e.credit_id
               WHERE e.id >= $1 AND (e.id > $2 OR e.id = ANY($3::bigint[])) AND c.organization_id = $4
                 AND (c.member_id = $5 OR $6 AND c.counts_from IS NOT NULL)
               ORDER BY e.id LIMIT $7""",
            min(position.missing, default=position.newest),
            position.newest,
            list(position.missing),
            viewer.organization_id,
            viewer.member_id,
            viewer.may(Scope.CREDITS_READ),
            limit,
        )
        rows = [typed_row(CreditEventRow, record) for record in records]
        is_all = len(rows) < limit
        newest = horizon.newest if is_all else max(position.newest, rows[-1].id)
        found = {row.id for row in rows}
        missing = {
            number: transaction_id
            for number, transaction_id in position.missing.items()
            if number not in found and not (is_all and transaction_id <= horizon.oldest_under_way)
        }
        return rows, EventPosition(newest=newest, missing=missing | await _missing(current, position.newest, newest))


async def _missing(current: Any, after: int, until: int) -> dict[int, int]:
    """Return the numbers between two that are not seen, each with that of a transaction that began later."""
    records = await current.fetch(
        """SELECT number
           FROM (SELECT id, lag(id, 1, $1::bigint) OVER (ORDER BY id) AS previous
                 FROM credit_event WHERE id > $1 AND id <= $2) AS seen,
                generate_series(previous + 1, id - 1) AS number
           WHERE previous < id - 1""",
        after,
        until,
    )
    if not records:
        return {}
    # Our own, drawn after the snapshot was taken: the snapshot itself knows nothing of those transactions under way
    # that began after the last one that is over.
    transaction_id: int = await current.fetchval("SELECT pg_current_xact_id()::text::bigint")
    return dict.fromkeys((record["number"] for record in records), transaction_id)
