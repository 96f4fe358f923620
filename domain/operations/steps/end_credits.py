"""End credits with their association (R5, R7), or supersede them (R8)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, execute_many, fetch_rows, fetch_value
from domain.operations.steps.audit import record_audit
from domain.operations.steps.locks import lock_associations
from domain.rules.credit_interval import CreditInterval, ended_interval, left_interval, superseded_interval
from domain.rules.enums import AssociationEndReason, CreditEndReason
from domain.rules.policy import Policy


@dataclass(frozen=True, kw_only=True)
class LeftAssociation:
    id: int
    organization_id: int


@dataclass(frozen=True, kw_only=True)
class _Credit:
    id: int
    counts_from: datetime
    counts_until: datetime | None
    end_reason: CreditEndReason | None
    counted: bool

    @property
    def interval(self) -> CreditInterval:
        return CreditInterval(counts_from=self.counts_from, counts_until=self.counts_until, end_reason=self.end_reason)


async def lock_ending_associations(association_ids: Collection[int], *, now: datetime) -> datetime:
    """Lock associations and their credits, in the current transaction; return the instant at which they may end."""
    await lock_associations(association_ids)
    # Another machine's clock may be ahead of ours: nothing ends before its start, or before an event recorded for it.
    latest: datetime | None = await fetch_value(
        """SELECT max(greatest(a.started_at, e.at)) FROM association a
           LEFT JOIN credit c ON c.association_id = a.id LEFT JOIN credit_event e ON e.credit_id = c.id
           WHERE a.id = ANY($1::bigint[])""",
        list(association_ids),
    )
    return now if latest is None else max(now, latest)


async def end_association(
    association_id: int, *, organization_id: int, ended_at: datetime, reason: AssociationEndReason, actor: str
) -> int:
    """End an association and its credits at an instant, in the current transaction; return how many credits ended.

    The caller has locked the learning account, the association and its credits.
    """
    await execute(
        """UPDATE association SET ended_at = $2, end_reason = $3, grant_sealed = NULL, next_read_at = NULL,
               read_leased_until = NULL, read_error = NULL
           WHERE id = $1""",
        association_id,
        ended_at,
        reason,
    )
    credits = await _counting_credits(association_id, after=ended_at)
    # A leaver's credits count on until the refresh date (R8).
    has_left = reason is AssociationEndReason.MEMBER_REMOVED
    await _write_intervals(
        (
            credit,
            left_interval(credit.interval, left_at=ended_at)
            if has_left
            else ended_interval(credit.interval, ended_at=ended_at, reason=reason),
        )
        for credit in credits
    )
    details = {"reason": reason.value, "credits": len(credits)}
    await record_audit(
        organization_id, actor, "association_ended", f"association:{association_id}", details, now=ended_at
    )
    return len(credits)


async def left_associations(account_id: int, *, now: datetime) -> list[LeftAssociation]:
    """Return the associations of an account whose leavers' credits count after an instant."""
    return await fetch_rows(
        LeftAssociation,
        """SELECT a.id, a.organization_id FROM association a
           WHERE a.learning_account_id = $1 AND a.end_reason = 'MEMBER_REMOVED'
             AND EXISTS (SELECT FROM credit c WHERE c.association_id = a.id AND c.counts_until > $2)
           ORDER BY a.id""",
        account_id,
        now,
    )


async def supersede_credits(
    left: Sequence[LeftAssociation], *, organization_id: int, started_at: datetime, actor: str, policy: Policy
) -> None:
    """End leavers' credits as an association with an organization that starts at an instant demands (R8).

    The caller has locked the learning account, the associations, their credits and the organizations.
    """
    for association in left:
        credits = await _counting_credits(association.id, after=started_at)
        is_same = association.organization_id == organization_id
        await _write_intervals(
            (
                credit,
                superseded_interval(credit.interval, started_at=started_at, same_organization=is_same, policy=policy),
            )
            for credit in credits
        )
        await record_audit(
            association.organization_id,
            actor,
            "credits_overtaken",
            f"association:{association.id}",
            {"credits": len(credits)},
            now=started_at,
        )


async def _counting_credits(association_id: int, *, after: datetime) -> list[_Credit]:
    return await fetch_rows(
        _Credit,
        """SELECT c.id, c.counts_from, c.counts_until, c.end_reason,
                  EXISTS (SELECT FROM credit_event e WHERE e.credit_id = c.id AND e.kind = 'COUNTED') AS counted
           FROM credit c
           WHERE c.association_id = $1 AND c.counts_from IS NOT NULL
             AND (c.counts_until IS NULL OR c.counts_until > $2)""",
        association_id,
        after,
    )


async def _write_intervals(intervals: Iterable[tuple[_Credit, CreditInterval]]) -> None:
    await execute_many(
        """UPDATE credit SET counts_from = $2, counts_until = $3, end_reason = $4, next_event_at = $5
           WHERE id = $1""",
        [
            (
                credit.id,
                interval.counts_from,
                interval.counts_until,
                interval.end_reason,
                interval.next_event_at(counted=credit.counted),
            )
            for credit, interval in intervals
        ],
    )
