"""Lease rows to one worker while it calls outside."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from domain.database.pool import fetch_value

# Longer than any call outside may take: a provider's answer, or a mail server's.
LEASE_SECONDS = 90
MAX_TRIES = 6


# A worker that waits for a provider or a mail server cannot hold a row lock, so the row says until when it is leased.
# That instant is the database's, so no worker's clock matters. It is the fence too: whoever takes the row over writes
# another instant, and the worker before changes nothing any more.
class LeaseLost(Exception):
    """Another worker has taken the row over, or its work is done."""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A row that one worker holds until an instant of the database's clock."""

    id: int
    leased_until: datetime
    tries: int

    @property
    def is_last_try(self) -> bool:
        return self.tries >= MAX_TRIES

    @property
    def is_abandoned(self) -> bool:
        # The worker of the last try died: whoever lives leaves an outcome there.
        return self.tries > MAX_TRIES

    def back_off_seconds(self, first_seconds: float) -> float:
        return first_seconds * (1 << (self.tries - 1))


@dataclass(frozen=True, kw_only=True)
class LeasedTable:
    """Which columns of a table keep its leases, and which rows are due, in which order.

    ``work`` holds for rows whose work is not done; ``due`` may have parameters from ``$3`` on.
    """

    name: str
    until: str = "claimable_at"
    tries: str = "tries"
    work: str = "true"
    due: str = "claimable_at <= clock_timestamp()"
    order: str = "claimable_at"


CALLBACKS = LeasedTable(name="callback", work="status = 'PENDING'")
INVITATIONS = LeasedTable(name="invitation")
TRANSCRIPTS = LeasedTable(
    name="association",
    until="read_leased_until",
    tries="read_tries",
    due="""provider = $3 AND next_read_at <= $4
           AND (read_leased_until IS NULL OR read_leased_until <= clock_timestamp())""",
    order="next_read_at, id",
)
SESSIONS = LeasedTable(
    name="browser_session",
    until="check_leased_until",
    tries="check_tries",
    work="ended_at IS NULL",
    due="""next_check_at <= $3 AND (check_leased_until IS NULL OR check_leased_until <= clock_timestamp())
           AND NOT EXISTS (SELECT FROM work_identity w
                           WHERE w.id = work_identity_id AND w.identity_issuer_id = ANY($4::bigint[]))""",
    order="next_check_at, id",
)

Leased = TypeVar("Leased", bound=Lease)


async def acquire(table: LeasedTable, *arguments: object, limit: int = 1) -> list[int]:
    """Lease the rows that have been due longest, in the current transaction; return their ids.

    ``arguments`` are the parameters of the table's ``due``.
    """
    ids: list[int] = await fetch_value(
        f"""WITH leased AS (
                UPDATE {table.name} SET {table.tries} = {table.tries} + 1,
                    {table.until} = clock_timestamp() + make_interval(secs => $1)
                WHERE id = ANY(ARRAY(
                    SELECT id FROM {table.name} WHERE {table.work} AND {table.due}
                    ORDER BY {table.order} LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED))
                RETURNING id)
            SELECT coalesce(array_agg(id), '{{}}') FROM leased""",
        LEASE_SECONDS,
        limit,
        *arguments,
    )
    return ids


async def check(table: LeasedTable, lease: Lease) -> None:
    """Lock a leased row for the rest of the transaction.

    Raises:
        LeaseLost: the worker does not hold the row any more.
    """
    held = await fetch_value(
        f"SELECT id FROM {table.name} WHERE id = $1 AND {table.until} = $2 AND {table.work} FOR NO KEY UPDATE",
        lease.id,
        lease.leased_until,
    )
    if held is None:
        raise LeaseLost


async def extend(table: LeasedTable, lease: Leased) -> Leased:
    """Lease a row for its whole time again, in the current transaction; return the lease that holds now.

    Raises:
        LeaseLost: the worker does not hold the row any more.
    """
    leased_until = await release(table, lease, pause_seconds=LEASE_SECONDS)
    assert leased_until is not None
    return replace(lease, leased_until=leased_until)


async def release(table: LeasedTable, lease: Lease, *, pause_seconds: float | None = None) -> datetime | None:
    """Give a leased row back, in the current transaction, which others lease again after a pause, if there is one.

    Return the end of the pause.

    Raises:
        LeaseLost: the worker does not hold the row any more.
    """
    await check(table, lease)
    # Without a pause the interval is null, and so is the instant.
    held_until: datetime | None = await fetch_value(
        f"""UPDATE {table.name} SET {table.until} = clock_timestamp() + make_interval(secs => $2)
            WHERE id = $1 RETURNING {table.until}""",
        lease.id,
        pause_seconds,
    )
    return held_until
