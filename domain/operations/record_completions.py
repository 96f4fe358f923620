"""How are completions recorded once, and what credit do they give (R9, R10)?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.database import connection, fetch_rows
from domain.models import Association
from domain.providers.learning import CompletionRecord
from domain.queries.catalog import certifications_by_code
from domain.rules.credit_interval import credit_interval
from domain.rules.policy import Policy


@dataclass(frozen=True, kw_only=True)
class _Completion:
    id: int
    certification: str
    completed_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


async def record_completions(
    association: Association, records: Sequence[CompletionRecord], *, now: datetime, policy: Policy
) -> datetime | None:
    """Record completions and the association's credits for them, in the current transaction.

    Return the instant at which something takes effect first, if anything will.
    """
    completions = await _recorded(association, records, now)
    catalog = await certifications_by_code({completion.certification for completion in completions})
    intervals = [
        credit_interval(
            completed_at=completion.completed_at,
            expires_at=completion.expires_at,
            revoked_at=completion.revoked_at,
            started_at=association.started_at,
            recorded_at=now,
            certification=catalog.get(completion.certification),
            policy=policy,
        )
        for completion in completions
    ]
    async with connection() as current:
        await current.executemany(
            """INSERT INTO credit (completion_id, association_id, organization_id, member_id, recorded_at,
                   counts_from, counts_until, end_reason, ineligible_reason, next_event_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
               ON CONFLICT (association_id, completion_id) DO NOTHING""",
            [
                (
                    completion.id,
                    association.id,
                    association.organization_id,
                    association.member_id,
                    now,
                    interval.counts_from,
                    interval.counts_until,
                    interval.end_reason,
                    interval.ineligible_reason,
                    interval.next_event_at(counted=False),
                )
                for completion, interval in zip(completions, intervals, strict=True)
            ],
        )
    due = [instant for interval in intervals if (instant := interval.next_event_at(counted=False)) is not None]
    return min(due, default=None)


async def _recorded(association: Association, records: Sequence[CompletionRecord], now: datetime) -> list[_Completion]:
    """Write what is new or was renewed or revoked, and return the rows, the earliest completed first."""
    # One order for everybody who writes completions, so that two of them cannot wait for each other.
    ordered = sorted(
        {record.completion_id: record for record in records}.values(), key=lambda record: record.completion_id
    )
    return await fetch_rows(
        _Completion,
        """WITH written AS (
               INSERT INTO completion (provider, completion_id, learning_account_id, certification, kind,
                   completed_at, expires_at, revoked_at, recorded_at)
               SELECT $1, r.completion_id, $2, r.certification, r.kind, r.completed_at, r.expires_at, r.revoked_at, $3
               FROM unnest($4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[])
                   AS r (completion_id, certification, kind, completed_at, expires_at, revoked_at)
               ON CONFLICT (provider, completion_id) DO UPDATE
                   SET expires_at = excluded.expires_at, revoked_at = excluded.revoked_at
                   WHERE completion.learning_account_id = excluded.learning_account_id
               RETURNING id, certification, completed_at, expires_at, revoked_at)
           SELECT * FROM written ORDER BY completed_at, id""",
        association.provider,
        association.learning_account_id,
        now,
        [record.completion_id for record in ordered],
        [record.certification for record in ordered],
        [record.kind for record in ordered],
        [record.completed_at for record in ordered],
        [record.expires_at for record in ordered],
        [record.revoked_at for record in ordered],
    )
