"""What ends with an association (R5, R7)?"""

from dataclasses import dataclass
from datetime import datetime

from domain.database import connection, execute, fetch_rows
from domain.operations.audit import record_audit
from domain.rules.credit_interval import CreditInterval, ended_interval
from domain.rules.words import AssociationEndReason, CreditEndReason


@dataclass(frozen=True, kw_only=True)
class _OpenCredit:
    id: int
    counts_from: datetime
    counts_until: datetime | None
    end_reason: CreditEndReason | None
    counted: bool

    @property
    def interval(self) -> CreditInterval:
        return CreditInterval(counts_from=self.counts_from, counts_until=self.counts_until, end_reason=self.end_reason)


async def end_association(
    association_id: int, *, organization_id: int, ended_at: datetime, reason: AssociationEndReason, actor: str
) -> int:
    """End an association and its credits at an instant, in the current transaction; return how many credits ended.

    The caller holds the lock on the learning account.
    """
    await execute(
        "UPDATE association SET ended_at = $2, end_reason = $3 WHERE id = $1", association_id, ended_at, reason
    )
    open_credits = await fetch_rows(
        _OpenCredit,
        """SELECT c.id, c.counts_from, c.counts_until, c.end_reason,
                  EXISTS (SELECT FROM credit_event e WHERE e.credit_id = c.id AND e.kind = 'COUNTED') AS counted
           FROM credit c
           WHERE c.association_id = $1 AND c.counts_from IS NOT NULL
             AND (c.counts_until IS NULL OR c.counts_until > $2) FOR UPDATE OF c""",
        association_id,
        ended_at,
    )
    ended = [(credit, ended_interval(credit.interval, ended_at=ended_at, reason=reason)) for credit in open_credits]
    async with connection() as current:
        await current.executemany(
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
                for credit, interval in ended
            ],
        )
    await record_audit(
        organization_id,
        actor=actor,
        action="association_ended",
        subject=f"association:{association_id}",
        details={"reason": reason.value, "credits": len(ended)},
        now=ended_at,
    )
    return len(ended)
