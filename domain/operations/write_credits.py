"""How are revised credits written, each kind with one statement?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import connection, execute
from domain.rules.credit_interval import CreditInterval
from domain.rules.credit_revision import RevisionKind


@dataclass(frozen=True, kw_only=True)
class RevisedCredit:
    """What is to be written of a credit: a further one, a change of the latest, or its taking back."""

    kind: RevisionKind
    credit_id: int | None
    completion_id: int
    association_id: int
    organization_id: int
    member_id: int
    sequence: int
    recorded_at: datetime
    interval: CreditInterval
    next_event_at: datetime | None


async def write_credits(revised: Sequence[RevisedCredit]) -> None:
    """Write revised credits, in the current transaction; the caller holds the locks on the credits there are."""
    by_kind = {kind: [credit for credit in revised if credit.kind is kind] for kind in RevisionKind}
    if taken_back := by_kind[RevisionKind.TAKE_BACK]:
        await execute("DELETE FROM credit WHERE id = ANY($1)", [credit.credit_id for credit in taken_back])
    if changed := by_kind[RevisionKind.CHANGE]:
        await _change(changed)
    if continued := by_kind[RevisionKind.CONTINUE]:
        await _insert(continued)


async def _change(credits: Sequence[RevisedCredit]) -> None:
    async with connection() as current:
        await current.executemany(
            """UPDATE credit SET counts_from = $2, counts_until = $3, end_reason = $4, ineligible_reason = $5,
                   next_event_at = $6
               WHERE id = $1""",
            [(credit.credit_id, *_interval(credit)) for credit in credits],
        )


async def _insert(credits: Sequence[RevisedCredit]) -> None:
    async with connection() as current:
        await current.executemany(
            """INSERT INTO credit (completion_id, association_id, organization_id, member_id, sequence, recorded_at,
                   counts_from, counts_until, end_reason, ineligible_reason, next_event_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
            [
                (
                    credit.completion_id,
                    credit.association_id,
                    credit.organization_id,
                    credit.member_id,
                    credit.sequence,
                    credit.recorded_at,
                    *_interval(credit),
                )
                for credit in credits
            ],
        )


def _interval(credit: RevisedCredit) -> tuple[object, ...]:
    return (
        credit.interval.counts_from,
        credit.interval.counts_until,
        credit.interval.end_reason,
        credit.interval.ineligible_reason,
        credit.next_event_at,
    )
