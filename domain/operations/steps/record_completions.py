"""How are completions recorded once, and what credit do they give (R9, R10)?"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from domain.database.pool import execute
from domain.models import Association
from domain.operations.steps.revise_credits import revise_associations
from domain.providers.learning import CompletionRecord
from domain.rules.policy import Policy

_FOREVER = datetime.max.replace(tzinfo=UTC)


async def record_completions(
    association: Association,
    records: Sequence[CompletionRecord],
    *,
    now: datetime,
    policy: Policy,
    observed_at: datetime | None = None,
) -> datetime | None:
    """Record completions and the active association's credits for them, in the current transaction.

    What the provider said at a later instant, ``observed_at`` (now unless given), stands, in whatever order it arrives.
    A completion that is no longer told of stays as it was. The caller holds the lock on the learning account.

    Return the instant at which something takes effect first, if anything will.
    """
    await _record(association, _latest(records), observed_at=observed_at or now, now=now)
    return await revise_associations(
        [association.id], completion_ids=[record.completion_id for record in records], now=now, policy=policy
    )


def _latest(records: Iterable[CompletionRecord]) -> list[CompletionRecord]:
    """Return each completion once, in one order for everybody, so that two writers cannot wait for each other.

    Where it is told of twice at the same instant, what is valid for longer stands.
    """
    ordered = sorted(
        records, key=lambda found: (found.completion_id, found.expires_at or _FOREVER, found.revoked_at or _FOREVER)
    )
    return list({record.completion_id: record for record in ordered}.values())


async def _record(
    association: Association, records: Sequence[CompletionRecord], *, observed_at: datetime, now: datetime
) -> None:
    """Write what is new, and what was renewed, shortened, revoked or reinstated later than what is known."""
    await execute(
        """INSERT INTO completion (provider, completion_id, learning_account_id, certification, kind,
               completed_at, expires_at, revoked_at, observed_at, recorded_at)
           SELECT $1, r.completion_id, $2, r.certification, r.kind, r.completed_at, r.expires_at, r.revoked_at, $3, $4
           FROM unnest($5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[])
               AS r (completion_id, certification, kind, completed_at, expires_at, revoked_at)
           ON CONFLICT (provider, completion_id) DO UPDATE
               SET expires_at = CASE WHEN excluded.expires_at < completion.completed_at
                       THEN completion.completed_at ELSE excluded.expires_at END,
                   revoked_at = excluded.revoked_at, observed_at = excluded.observed_at
               WHERE completion.learning_account_id = excluded.learning_account_id
                 AND (excluded.observed_at, coalesce(excluded.expires_at, 'infinity'),
                         coalesce(excluded.revoked_at, 'infinity'))
                     > (completion.observed_at, coalesce(completion.expires_at, 'infinity'),
                         coalesce(completion.revoked_at, 'infinity'))""",
        association.provider,
        association.learning_account_id,
        observed_at,
        now,
        [record.completion_id for record in records],
        [record.certification for record in records],
        [record.kind for record in records],
        [record.completed_at for record in records],
        [record.expires_at for record in records],
        [record.revoked_at for record in records],
    )
