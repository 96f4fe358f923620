"""What becomes of a leaver's credits that still count when their account is associated again (R5, R8)?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import connection, fetch_rows
from domain.operations.audit import record_audit
from domain.rules.credit_interval import CreditInterval
from domain.rules.leaving import overtaken_interval
from domain.rules.policy import Policy
from domain.rules.words import CreditEndReason


@dataclass(frozen=True, kw_only=True)
class LeftAssociation:
    """An association that ended with its member's leaving, and whose credits count on."""

    id: int
    organization_id: int


@dataclass(frozen=True, kw_only=True)
class _Credit:
    id: int
    counts_from: datetime
    counts_until: datetime
    end_reason: CreditEndReason
    counted: bool

    @property
    def interval(self) -> CreditInterval:
        return CreditInterval(counts_from=self.counts_from, counts_until=self.counts_until, end_reason=self.end_reason)


async def left_associations(account_id: int, *, now: datetime) -> list[LeftAssociation]:
    """Return the associations of an account whose leavers' credits count on at an instant."""
    return await fetch_rows(
        LeftAssociation,
        """SELECT a.id, a.organization_id FROM association a
           WHERE a.learning_account_id = $1 AND a.end_reason = 'MEMBER_REMOVED'
             AND EXISTS (SELECT FROM credit c WHERE c.association_id = a.id AND c.counts_until > $2)
           ORDER BY a.id""",
        account_id,
        now,
    )


async def overtake_credits(
    left: Sequence[LeftAssociation], *, organization_id: int, started_at: datetime, actor: str, policy: Policy
) -> None:
    """End leavers' credits as an association with an organization, which starts at an instant, demands.

    The caller holds the locks on the learning account, the credits and the organizations.
    """
    for association in left:
        await _overtake(association, organization_id, started_at=started_at, actor=actor, policy=policy)


async def _overtake(
    left: LeftAssociation, organization_id: int, *, started_at: datetime, actor: str, policy: Policy
) -> None:
    credits = await fetch_rows(
        _Credit,
        """SELECT c.id, c.counts_from, c.counts_until, c.end_reason,
                  EXISTS (SELECT FROM credit_event e WHERE e.credit_id = c.id AND e.kind = 'COUNTED') AS counted
           FROM credit c WHERE c.association_id = $1 AND c.counts_until > $2 ORDER BY c.id""",
        left.id,
        started_at,
    )
    overtaken = [
        (
            credit,
            overtaken_interval(
                credit.interval,
                started_at=started_at,
                same_organization=left.organization_id == organization_id,
                policy=policy,
            ),
        )
        for credit in credits
    ]
    async with connection() as current:
        await current.executemany(
            "UPDATE credit SET counts_until = $2, end_reason = $3, next_event_at = $4 WHERE id = $1",
            [
                (
                    credit.id,
                    interval.counts_until,
                    interval.end_reason,
                    interval.next_event_at(counted=credit.counted),
                )
                for credit, interval in overtaken
            ],
        )
    await record_audit(
        left.organization_id,
        actor=actor,
        action="credits_overtaken",
        subject=f"association:{left.id}",
        details={"credits": len(overtaken)},
        now=started_at,
    )
