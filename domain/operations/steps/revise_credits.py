"""How do credits follow what is known of their completions and what the catalog says (R10, R11, R16)?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import connection, execute, fetch_rows, fetch_value
from domain.queries.catalog import certifications_by_code
from domain.rules.certifications import CertificationFacts
from domain.rules.credit_interval import CreditInterval
from domain.rules.credit_revision import CompletionFacts, CreditSoFar, Revision, RevisionKind, revision
from domain.rules.enums import CreditEndReason, IneligibleReason
from domain.rules.policy import Policy

PAGE = 500


@dataclass(frozen=True, kw_only=True)
class _Known:
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
class _Id:
    id: int


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


async def revise_credits(certifications: Collection[str], *, now: datetime, policy: Policy) -> int:
    """Let the credits for some certifications follow the catalog, in the current transaction (R16).

    Past answers stay: only what is pending or counts now changes, from now on. Return how many associations were looked
    at; they are taken in pages, each with the same few statements.
    """
    total, last_id = 0, 0
    while page := await _associations_with(certifications, after=last_id):
        await revise_associations(page, completion_ids=(), now=now, policy=policy)
        total, last_id = total + len(page), page[-1]
    return total


async def revise_associations(
    association_ids: Sequence[int], *, completion_ids: Sequence[str], now: datetime, policy: Policy
) -> datetime | None:
    """Let the credits of active associations follow what is known, in the current transaction.

    The completions that are named get a credit where they have none. The caller keeps the associations from ending.

    Return the instant at which something takes effect first, if anything will.
    """
    # Whoever propagates the credits is waited for here, so that the next statement sees what they recorded.
    await fetch_value(
        "SELECT count(*) FROM (SELECT FROM credit WHERE association_id = ANY($1) ORDER BY id FOR UPDATE) locked",
        association_ids,
    )
    known = await _known(association_ids, completion_ids)
    catalog = await certifications_by_code({completion.certification for completion in known})
    revised = []
    for completion in known:
        facts = completion.facts(catalog.get(completion.certification))
        found = _revision(completion.so_far, facts, now=max(now, completion.started_at), policy=policy)
        if found.kind is not RevisionKind.KEEP:
            # A further credit is never recorded before the one before has ended, whatever our clock says.
            ended_at = completion.counts_until or completion.started_at
            revised.append(_revised(completion, found, now=max(now, completion.started_at, ended_at)))
    await write_credits(revised)
    return min((credit.next_event_at for credit in revised if credit.next_event_at is not None), default=None)


def _revision(so_far: CreditSoFar | None, facts: CompletionFacts, *, now: datetime, policy: Policy) -> Revision:
    if so_far is None:
        return Revision(kind=RevisionKind.CONTINUE, interval=facts.interval(recorded_at=now, policy=policy))
    return revision(so_far, facts, now=now, policy=policy)


def _revised(known: _Known, found: Revision, *, now: datetime) -> RevisedCredit:
    is_new = found.kind is RevisionKind.CONTINUE
    return RevisedCredit(
        kind=found.kind,
        credit_id=known.credit_id,
        completion_id=known.completion_id,
        association_id=known.association_id,
        organization_id=known.organization_id,
        member_id=known.member_id,
        sequence=(known.sequence or 0) + 1,
        recorded_at=now,
        interval=found.interval,
        next_event_at=found.interval.next_event_at(counted=known.counted and not is_new),
    )


async def _associations_with(certifications: Collection[str], *, after: int) -> list[int]:
    """Return a page of the active associations with credits for some certifications, kept from ending meanwhile."""
    found = await fetch_rows(
        _Id,
        """SELECT a.id FROM association a
           WHERE a.ended_at IS NULL AND a.id > $2 AND EXISTS (
               SELECT FROM credit c JOIN completion p ON p.id = c.completion_id
               WHERE c.association_id = a.id AND p.certification = ANY($1))
           ORDER BY a.id LIMIT $3 FOR NO KEY UPDATE OF a""",
        list(certifications),
        after,
        PAGE,
    )
    return [row.id for row in found]


async def _known(association_ids: Sequence[int], completion_ids: Sequence[str]) -> list[_Known]:
    return await fetch_rows(
        _Known,
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
