"""Revise credits after their completions and the catalog (R10, R11, R16)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, execute_many, fetch_rows
from domain.operations.steps.locks import lock_associations_with, lock_credits
from domain.queries.catalog import certifications_by_code
from domain.rules.certifications import CertificationFacts
from domain.rules.credit_interval import CreditInterval
from domain.rules.credit_revision import CompletionFacts, CreditSoFar, Revision, RevisionKind, revision
from domain.rules.enums import CreditEndReason, IneligibleReason
from domain.rules.policy import Policy

# So many associations at a time: what thousands of them hold would not fit into memory all at once.
PAGE = 500


@dataclass(frozen=True, kw_only=True)
class _KnownCompletion:
    """A completion of an association's account, with the latest credit that the association has for it, if any."""

    association_id: int
    organization_id: int
    member_id: int
    started_at: datetime
    completion_id: int
    certification: str
    completed_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    credit_id: int | None
    sequence: int | None
    recorded_at: datetime | None
    counts_from: datetime | None
    counts_until: datetime | None
    end_reason: CreditEndReason | None
    ineligible_reason: IneligibleReason | None
    counted: bool
    ended: bool

    @property
    def so_far(self) -> CreditSoFar | None:
        if self.sequence is None or self.recorded_at is None:
            return None
        interval = CreditInterval(
            counts_from=self.counts_from,
            counts_until=self.counts_until,
            end_reason=self.end_reason,
            ineligible_reason=self.ineligible_reason,
        )
        return CreditSoFar(
            sequence=self.sequence,
            recorded_at=self.recorded_at,
            interval=interval,
            counted=self.counted,
            ended=self.ended,
        )

    def facts(self, certification: CertificationFacts | None) -> CompletionFacts:
        return CompletionFacts(
            completed_at=self.completed_at,
            expires_at=self.expires_at,
            revoked_at=self.revoked_at,
            started_at=self.started_at,
            certification=certification,
        )


@dataclass(frozen=True, kw_only=True)
class _RevisedCredit:
    completion: _KnownCompletion
    revision: Revision
    recorded_at: datetime

    @property
    def next_event_at(self) -> datetime | None:
        # A further credit has no event yet, whatever is recorded of the one before.
        is_new = self.revision.kind is RevisionKind.CONTINUE
        return self.revision.interval.next_event_at(counted=self.completion.counted and not is_new)

    @property
    def columns(self) -> tuple[object, ...]:
        interval = self.revision.interval
        return (
            interval.counts_from,
            interval.counts_until,
            interval.end_reason,
            interval.ineligible_reason,
            self.next_event_at,
        )


async def revise_credits(certifications: Collection[str], *, now: datetime, policy: Policy) -> int:
    """Revise the credits for some certifications after the catalog, in the current transaction (R16).

    Past answers stay: only what is pending or counts now changes, from now on. Return how many associations were
    checked, page by page, each page with the same few statements.
    """
    total, last_id = 0, 0
    while page := await lock_associations_with(certifications, after=last_id, limit=PAGE):
        await revise_associations(page, completion_ids=(), now=now, policy=policy)
        total, last_id = total + len(page), page[-1]
    return total


async def revise_associations(
    association_ids: Sequence[int], *, completion_ids: Sequence[str], now: datetime, policy: Policy
) -> datetime | None:
    """Revise the credits of active associations after their completions, in the current transaction.

    The completions that are named get a credit where they have none. The caller keeps the associations from ending.

    Return the instant at which something takes effect first, if anything will.
    """
    await lock_credits(association_ids)
    completions = await fetch_rows(
        _KnownCompletion,
        """SELECT a.id AS association_id, a.organization_id, a.member_id, a.started_at, p.id AS completion_id,
               p.certification, p.completed_at, p.expires_at, p.revoked_at, c.id AS credit_id, c.sequence,
               c.recorded_at, c.counts_from, c.counts_until, c.end_reason, c.ineligible_reason,
               EXISTS (SELECT FROM credit_event e WHERE e.credit_id = c.id AND e.kind = 'COUNTED') AS counted,
               EXISTS (SELECT FROM credit_event e WHERE e.credit_id = c.id AND e.kind = 'ENDED') AS ended
           FROM association a
           JOIN completion p ON p.learning_account_id = a.learning_account_id
           LEFT JOIN LATERAL (
               SELECT * FROM credit WHERE association_id = a.id AND completion_id = p.id
               ORDER BY sequence DESC LIMIT 1) c ON true
           WHERE a.id = ANY($1) AND a.ended_at IS NULL AND (c.id IS NOT NULL OR p.completion_id = ANY($2))
           ORDER BY p.completed_at, p.id""",
        association_ids,
        completion_ids,
    )
    catalog = await certifications_by_code({completion.certification for completion in completions})
    revised = []
    for completion in completions:
        facts = completion.facts(catalog.get(completion.certification))
        started_at = completion.started_at
        # Clocks of several machines differ a little.
        revised_at = max(now, started_at)
        if completion.so_far is None:
            interval = facts.interval(recorded_at=revised_at, policy=policy)
            change = Revision(kind=RevisionKind.CONTINUE, interval=interval)
        else:
            change = revision(completion.so_far, facts, now=revised_at, policy=policy)
        if change.kind is not RevisionKind.KEEP:
            # A further credit is never recorded before the one before has ended, whatever our clock says.
            recorded_at = max(revised_at, completion.counts_until or started_at)
            revised.append(_RevisedCredit(completion=completion, revision=change, recorded_at=recorded_at))
    await _write_credits(revised)
    return min((credit.next_event_at for credit in revised if credit.next_event_at is not None), default=None)


async def _write_credits(revised: Sequence[_RevisedCredit]) -> None:
    by_kind = {kind: [credit for credit in revised if credit.revision.kind is kind] for kind in RevisionKind}
    if taken_back := by_kind[RevisionKind.TAKE_BACK]:
        await execute("DELETE FROM credit WHERE id = ANY($1)", [credit.completion.credit_id for credit in taken_back])
    if changed := by_kind[RevisionKind.CHANGE]:
        await execute_many(
            """UPDATE credit SET counts_from = $2, counts_until = $3, end_reason = $4, ineligible_reason = $5,
                   next_event_at = $6
               WHERE id = $1""",
            [(credit.completion.credit_id, *credit.columns) for credit in changed],
        )
    if continued := by_kind[RevisionKind.CONTINUE]:
        await execute_many(
            """INSERT INTO credit (completion_id, association_id, organization_id, member_id, sequence,
                   recorded_at, counts_from, counts_until, end_reason, ineligible_reason, next_event_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
            [
                (
                    credit.completion.completion_id,
                    credit.completion.association_id,
                    credit.completion.organization_id,
                    credit.completion.member_id,
                    (credit.completion.sequence or 0) + 1,
                    credit.recorded_at,
                    *credit.columns,
                )
                for credit in continued
            ],
        )
