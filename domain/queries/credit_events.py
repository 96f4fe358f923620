"""Credit events recorded since a position in their stream."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.database.pool import snapshot, typed_row
from domain.queries.visible import seen_by
from domain.rules.enums import CreditEventKind, Scope
from domain.rules.visibility import Viewer

# More ids than the transactions under way have taken at any time.
IDS_UNDER_WAY = 100_000


@dataclass(frozen=True, kw_only=True)
class CreditEventRow:
    """A credit's beginning or end at an instant, and when it was recorded."""

    id: int
    credit_id: int
    kind: CreditEventKind
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class EventPosition:
    """A position in the event stream: every event up to ``newest`` was sent but those with a ``missing`` id."""

    newest: int
    # An event gets its id before it is committed, so a lower id can appear after a higher one. Each missing id has a
    # transaction id: when all earlier transactions are over, the event cannot appear any more.
    missing: Mapping[int, int]


@dataclass(frozen=True, kw_only=True)
class _Horizon:
    """The highest visible event id, and the oldest transaction that is under way."""

    newest: int
    oldest_under_way: int


_HORIZON = """SELECT (SELECT coalesce(max(id), 0) FROM credit_event) AS newest,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_under_way"""


async def current_position() -> EventPosition:
    """Return the current position in the event stream."""
    async with snapshot() as current:
        newest = typed_row(_Horizon, await current.fetchrow(_HORIZON)).newest
        return EventPosition(newest=newest, missing=await _missing(current, max(0, newest - IDS_UNDER_WAY), newest))


async def credit_events_since(
    position: EventPosition, viewer: Viewer, *, limit: int
) -> tuple[list[CreditEventRow], EventPosition]:
    """Return at most ``limit`` events after a position that the viewer may see, by id, and the position after them."""
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
            *seen_by(viewer, Scope.CREDITS_READ),
            limit,
        )
        rows = [typed_row(CreditEventRow, record) for record in records]
        is_all = len(rows) < limit
        newest = horizon.newest if is_all else max(position.newest, rows[-1].id)
        sent = {row.id for row in rows}
        missing = {
            event_id: transaction_id
            for event_id, transaction_id in position.missing.items()
            if event_id not in sent and not (is_all and transaction_id <= horizon.oldest_under_way)
        }
        return rows, EventPosition(newest=newest, missing=missing | await _missing(current, position.newest, newest))


async def _missing(current: Any, after: int, until: int) -> dict[int, int]:
    """Return the ids between two that are not visible, each with the id of a transaction that began later."""
    records = await current.fetch(
        """SELECT event_id
           FROM (SELECT id, lag(id, 1, $1::bigint) OVER (ORDER BY id) AS previous
                 FROM credit_event WHERE id > $1 AND id <= $2) AS visible,
                generate_series(previous + 1, id - 1) AS event_id
           WHERE previous < id - 1""",
        after,
        until,
    )
    if not records:
        return {}
    # Our own transaction's id, taken after the snapshot: the snapshot knows nothing of transactions under way that
    # began after the last one that is over.
    transaction_id: int = await current.fetchval("SELECT pg_current_xact_id()::text::bigint")
    return dict.fromkeys((record["event_id"] for record in records), transaction_id)
