"""What ends with an association (R5, R7, R8)?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import connection, execute, fetch_rows, fetch_value
from domain.operations.steps.audit import record_audit
from domain.rules.credit_interval import CreditInterval, ended_interval, left_interval, superseded_interval
from domain.rules.enums import AssociationEndReason, CreditEndReason
from domain.rules.policy import Policy


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


async def lock_credits(association_id: int, *, now: datetime) -> datetime:
    """Lock an association's credits, in the current transaction; return the instant at which it may end.

    That is now, or the latest event that is recorded of its credits where our clock is behind another machine's.
    """
    # Whoever propagates them is waited for here, so that the next statement sees what they recorded.
    await fetch_value(
        "SELECT count(*) FROM (SELECT FROM credit WHERE association_id = $1 ORDER BY id FOR UPDATE) locked",
        association_id,
    )
    recorded: datetime | None = await fetch_value(
        "SELECT max(e.at) FROM credit_event e JOIN credit c ON c.id = e.credit_id WHERE c.association_id = $1",
        association_id,
    )
    return now if recorded is None else max(now, recorded)


async def end_association(
    association_id: int, *, organization_id: int, ended_at: datetime, reason: AssociationEndReason, actor: str
) -> int:
    """End an association and its credits at an instant, in the current transaction; return how many credits ended.

    The caller holds the locks on the learning account and on the credits.
    """
    await execute(
        """UPDATE association SET ended_at = $2, end_reason = $3, grant_sealed = NULL, next_read_at = NULL,
               read_leased_until = NULL, read_error = NULL
           WHERE id = $1""",
        association_id,
        ended_at,
        reason,
    )
    open_credits = await fetch_rows(
        _OpenCredit,
        """SELECT c.id, c.counts_from, c.counts_until, c.end_reason,
                  EXISTS (SELECT FROM credit_event e WHERE e.credit_id = c.id AND e.kind = 'COUNTED') AS counted
           FROM credit c
           WHERE c.association_id = $1 AND c.counts_from IS NOT NULL
             AND (c.counts_until IS NULL OR c.counts_until > $2)""",
        association_id,
        ended_at,
    )
    ended = [(credit, _ended_interval(credit.interval, ended_at, reason)) for credit in open_credits]
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


def _ended_interval(interval: CreditInterval, ended_at: datetime, reason: AssociationEndReason) -> CreditInterval:
    if reason is AssociationEndReason.MEMBER_REMOVED:
        return left_interval(interval, left_at=ended_at)
    return ended_interval(interval, ended_at=ended_at, reason=reason)


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


async def supersede_credits(
    left: Sequence[LeftAssociation], *, organization_id: int, started_at: datetime, actor: str, policy: Policy
) -> None:
    """End leavers' credits as an association with an organization, which starts at an instant, demands.

    The caller holds the locks on the learning account, the credits and the organizations.
    """
    for association in left:
        await _supersede(association, organization_id, started_at=started_at, actor=actor, policy=policy)


async def _supersede(
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
    superseded = [
        (
            credit,
            superseded_interval(
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
                for credit, interval in superseded
            ],
        )
    await record_audit(
        left.organization_id,
        actor=actor,
        action="credits_overtaken",
        subject=f"association:{left.id}",
        details={"credits": len(superseded)},
        now=started_at,
    )
