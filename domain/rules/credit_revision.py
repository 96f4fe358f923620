"""Revision of a credit by later facts (R10, R11, R16)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from domain.rules.certifications import CertificationFacts, retirement_reason
from domain.rules.credit_interval import CreditInterval, credit_interval, first_end
from domain.rules.enums import CreditEndReason
from domain.rules.policy import Policy


@dataclass(frozen=True, kw_only=True)
class CompletionFacts:
    """What is known of a completion, for an association that started at ``started_at``."""

    completed_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    started_at: datetime
    certification: CertificationFacts | None

    def interval(self, *, recorded_at: datetime, policy: Policy) -> CreditInterval:
        """Return when it counts for the association's organization if it is recorded at an instant."""
        return credit_interval(
            completed_at=self.completed_at,
            expires_at=self.expires_at,
            revoked_at=self.revoked_at,
            started_at=self.started_at,
            recorded_at=recorded_at,
            certification=self.certification,
            policy=policy,
        )

    def end(self) -> tuple[datetime, CreditEndReason] | None:
        """Return when it stops counting, if that is known; at its completion if the catalog does not have it."""
        facts = self.certification
        if facts is None or retirement_reason(facts, completed_at=self.completed_at, starts_at=self.started_at):
            return self.completed_at, CreditEndReason.RETIRED
        return first_end(expires_at=self.expires_at, revoked_at=self.revoked_at, certification=facts)


@dataclass(frozen=True, kw_only=True)
class CreditSoFar:
    """The latest credit of a completion in an association, and which of its events are recorded."""

    sequence: int
    recorded_at: datetime
    interval: CreditInterval
    counted: bool
    ended: bool


class RevisionKind(Enum):
    """What happens to the latest credit."""

    KEEP = auto()
    CHANGE = auto()
    CONTINUE = auto()
    TAKE_BACK = auto()


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What happens to the latest credit; CHANGE gives the interval to it, CONTINUE to a further credit."""

    kind: RevisionKind
    interval: CreditInterval


def revision(so_far: CreditSoFar, facts: CompletionFacts, *, now: datetime, policy: Policy) -> Revision:
    """Return how to revise a credit at an instant (aware, UTC) by all that is known then."""
    # The past stays as it was, since reports as of then were read: an interval that began keeps its beginning, an end
    # moves only to instants from now on, and what counts again after its credit ended gets a further credit.
    interval = so_far.interval
    if so_far.recorded_at >= now and not so_far.counted and not so_far.ended:
        # Nobody saw the credit at an earlier instant: it is decided anew, and a further credit may be taken back.
        fresh = facts.interval(recorded_at=so_far.recorded_at, policy=policy)
        is_needed = so_far.sequence == 1 or _counts_after(fresh, now)
        return _changed(interval, fresh) if is_needed else Revision(kind=RevisionKind.TAKE_BACK, interval=interval)
    if so_far.ended or (interval.counts_until is not None and interval.counts_until < now):
        begins_at = max(now, interval.counts_until or now)
        fresh = facts.interval(recorded_at=begins_at, policy=policy)
        kind = RevisionKind.CONTINUE if _counts_after(fresh, begins_at) else RevisionKind.KEEP
        return Revision(kind=kind, interval=fresh)
    if interval.counts_from is not None and (so_far.counted or interval.counts_from < now):
        end = facts.end()
        not_before = max(now, interval.counts_from)
        counts_until, end_reason = (None, None) if end is None else (max(end[0], not_before), end[1])
        return _changed(interval, replace(interval, counts_until=counts_until, end_reason=end_reason))
    fresh = facts.interval(recorded_at=now, policy=policy)
    if fresh.counts_from is not None and fresh.counts_until is not None and fresh.counts_until < now:
        # What was pending until now and is over is canceled now and not earlier.
        fresh = replace(fresh, counts_from=now, counts_until=now)
    return _changed(interval, fresh)


def _changed(before: CreditInterval, after: CreditInterval) -> Revision:
    return Revision(kind=RevisionKind.KEEP if before == after else RevisionKind.CHANGE, interval=after)


def _counts_after(interval: CreditInterval, instant: datetime) -> bool:
    begins, ends = interval.counts_from, interval.counts_until
    return begins is not None and (ends is None or ends > max(begins, instant))
