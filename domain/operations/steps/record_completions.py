"""Record completions once, and the credit that they give (R9, R10)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.database.pool import execute
from domain.operations.steps.revise_credits import revise_associations
from domain.providers.learning import CompletionRecord
from domain.rules.policy import Policy

_FOREVER = datetime.max.replace(tzinfo=UTC)


async def record_completions(
    association_id: int,
    records: Sequence[CompletionRecord],
    *,
    now: datetime,
    policy: Policy,
    observed_at: datetime | None = None,
) -> datetime | None:
    """Record completions and the active association's credits for them, in the current transaction.

    What the provider said at the latest instant, ``observed_at`` (now unless given), holds, in whatever order it
    arrives. A completion that the provider leaves out stays as it was. The caller has locked the learning account.

    Return the instant at which something takes effect first, if anything will.
    """
    # In one order for everybody, so that two writers cannot wait for each other.
    ordered = sorted(
        records, key=lambda record: (record.completion_id, record.expires_at or _FOREVER, record.revoked_at or _FOREVER)
    )
    # Of two with the same id the one that is valid for longer.
    latest = list({record.completion_id: record for record in ordered}.values())
    # Written is what is new, and what was renewed, shortened, revoked or reinstated after what is known.
    await execute(
        """INSERT INTO completion (provider, completion_id, learning_account_id, certification, kind,
               completed_at, expires_at, revoked_at, observed_at, recorded_at)
           SELECT a.provider, r.completion_id, a.learning_account_id, r.certification, r.kind, r.completed_at,
               r.expires_at, r.revoked_at, $2, $3
           FROM association a, unnest($4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],
               $9::timestamptz[]) AS r (completion_id, certification, kind, completed_at, expires_at, revoked_at)
           WHERE a.id = $1
           ON CONFLICT (provider, completion_id) DO UPDATE
               SET expires_at = CASE WHEN excluded.expires_at < completion.completed_at
                       THEN completion.completed_at ELSE excluded.expires_at END,
                   revoked_at = excluded.revoked_at, observed_at = excluded.observed_at
               WHERE completion.learning_account_id = excluded.learning_account_id
                 AND (excluded.observed_at, coalesce(excluded.expires_at, 'infinity'),
                         coalesce(excluded.revoked_at, 'infinity'))
                     > (completion.observed_at, coalesce(completion.expires_at, 'infinity'),
                         coalesce(completion.revoked_at, 'infinity'))""",
        association_id,
        observed_at or now,
        now,
        [record.completion_id for record in latest],
        [record.certification for record in latest],
        [record.kind for record in latest],
        [record.completed_at for record in latest],
        [record.expires_at for record in latest],
        [record.revoked_at for record in latest],
    )
    return await revise_associations(
        [association_id], completion_ids=[record.completion_id for record in records], now=now, policy=policy
    )
