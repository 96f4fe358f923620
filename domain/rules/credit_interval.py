"""From when until when does a completion count for an organization (R10 to R12)?"""

from dataclasses import dataclass
from datetime import datetime

from domain.rules.certifications import CertificationFacts, eligible_until, retirement_reason
from domain.rules.policy import Policy
from domain.rules.words import AssociationEndReason, CreditEndReason, IneligibleReason


@dataclass(frozen=True, kw_only=True)
class CreditInterval:
    """When a completion counts: from an instant until an instant, exclusive; no end is known where it is ``None``."""

    counts_from: datetime | None
    counts_until: datetime | None = None
    end_reason: CreditEndReason | None = None
    ineligible_reason: IneligibleReason | None = None

    def next_event_at(self, *, counted: bool) -> datetime | None:
        """Return the instant of the event to record next; ``counted`` tells that its counting is recorded."""
        counts_at_all = self.counts_from != self.counts_until
        return self.counts_from if counts_at_all and not counted else self.counts_until


def credit_interval(
    *,
    completed_at: datetime,
    expires_at: datetime | None,
    revoked_at: datetime | None,
    started_at: datetime,
    recorded_at: datetime,
    certification: CertificationFacts | None,
    policy: Policy,
) -> CreditInterval:
    """Return when a completion counts for the organization of an association that started at ``started_at``.

    It counts from ten days after the later of both instants, but not before we learned of it (R10), until the
    earliest of its expiry, its revocation and the end that the catalog sets (R11, R16).
    """
    reason = _ineligible_reason(completed_at, expires_at, revoked_at, started_at, certification)
    if reason is not None:
        return CreditInterval(counts_from=None, ineligible_reason=reason)
    assert certification is not None
    counts_from = max(max(completed_at, started_at) + policy.credit_delay, recorded_at)
    end = first_end(expires_at=expires_at, revoked_at=revoked_at, certification=certification)
    if end is None:
        return CreditInterval(counts_from=counts_from)
    counts_until, end_reason = end
    return CreditInterval(
        # A credit that ends before it would count has an empty interval at its end: pending until then, ended after.
        counts_from=min(counts_from, counts_until),
        counts_until=counts_until,
        end_reason=end_reason,
    )


def first_end(
    *, expires_at: datetime | None, revoked_at: datetime | None, certification: CertificationFacts
) -> tuple[datetime, CreditEndReason] | None:
    """Return the earliest end that a completion and the catalog set, with its reason (R11, R16)."""
    ends = [
        (instant, end_reason)
        for instant, end_reason in (
            (revoked_at, CreditEndReason.REVOKED),
            (expires_at, CreditEndReason.EXPIRED),
            (eligible_until(certification), CreditEndReason.RETIRED),
        )
        if instant is not None
    ]
    return min(ends, key=lambda end: end[0], default=None)


def ended_interval(interval: CreditInterval, *, ended_at: datetime, reason: AssociationEndReason) -> CreditInterval:
    """Return an interval as it is once its association ended at an instant (R5, R7): pending credits are canceled."""
    if interval.counts_from is None or (interval.counts_until is not None and interval.counts_until <= ended_at):
        return interval
    return CreditInterval(
        counts_from=min(interval.counts_from, ended_at),
        counts_until=ended_at,
        end_reason=CreditEndReason(reason.value),
    )


def _ineligible_reason(
    completed_at: datetime,
    expires_at: datetime | None,
    revoked_at: datetime | None,
    started_at: datetime,
    certification: CertificationFacts | None,
) -> IneligibleReason | None:
    if certification is None:
        return IneligibleReason.NOT_IN_CATALOG
    if revoked_at is not None and revoked_at <= started_at:
        return IneligibleReason.REVOKED_BEFORE_ASSOCIATION
    if expires_at is not None and expires_at <= started_at:
        return IneligibleReason.EXPIRED_BEFORE_ASSOCIATION
    return retirement_reason(certification, completed_at=completed_at, starts_at=started_at)
