"""Explanation of why a credit counts at an instant, or not.

It follows from the stored interval alone, so it always agrees with the status.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.rules.certifications import CertificationFacts, eligible_until, start_of_day
from domain.rules.contributions import ProgramContribution
from domain.rules.credit_interval import CreditInterval, credit_status, refresh_at
from domain.rules.enums import (
    AssociationEndReason,
    CreditEndReason,
    CreditReasonCode,
    CreditStatus,
    IneligibleReason,
    NoPointsReason,
    ReasonActor,
)
from domain.rules.explanation_text import action_on, actor_on, requirement_action, summary_of

_ASSOCIATION_ENDS = {
    CreditEndReason.REMOVED: CreditReasonCode.ASSOCIATION_REMOVED,
    CreditEndReason.MOVED: CreditReasonCode.ASSOCIATION_MOVED,
    CreditEndReason.MEMBER_REMOVED: CreditReasonCode.MEMBER_REMOVED,
}


@dataclass(frozen=True, kw_only=True)
class CreditFacts:
    """The facts that explain a credit; ``certification`` is missing if the catalog does not have it."""

    completed_at: datetime
    expires_at: datetime | None
    recorded_at: datetime
    started_at: datetime
    association_ended_at: datetime | None
    association_end_reason: AssociationEndReason | None
    interval: CreditInterval
    certification: CertificationFacts | None
    renewal_opens_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A condition of counting, or of giving points to a requirement, and whether it is met.

    It is so since ``since``, if that is known, and is expected to change at ``expected_at``, if ever. A reason for no
    points has the ``contribution`` that gives none.
    """

    code: CreditReasonCode
    met: bool
    since: datetime | None
    expected_at: datetime | None
    actor: ReasonActor
    action: str
    contribution: ProgramContribution | None = None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One sentence for people, and the reasons for programs, unmet ones first.

    ``counts_from_earliest`` is the instant from which the credit counts or will count; ``None`` if it never will, or
    never again.
    """

    summary: str
    reasons: tuple[Reason, ...]
    counts_from_earliest: datetime | None


def explanation(facts: CreditFacts, *, at: datetime, contributions: Iterable[ProgramContribution] = ()) -> Explanation:
    """Return why a credit counts, or why not, at an instant (aware, UTC), past or future.

    ``contributions`` are the credit's at that instant: those without points become reasons too.
    """
    interval = facts.interval
    status = _status(interval, at)
    conditions = [_association(facts, at), *_completion(facts, at), *_waiting(facts, at)]
    reasons = sorted(conditions, key=lambda reason: reason.met)
    if status is CreditStatus.COUNTING:
        reasons += [
            _without_points(contribution)
            for contribution in contributions
            if contribution.reason not in {None, NoPointsReason.PENDING}
        ]
    is_to_count = status in {CreditStatus.PENDING, CreditStatus.COUNTING} and _counts_at_all(interval)
    return Explanation(
        summary=summary_of(interval, status),
        reasons=tuple(reasons),
        counts_from_earliest=interval.counts_from if is_to_count else None,
    )


def summary(facts: CreditFacts, *, at: datetime) -> str:
    """Return the sentence of an explanation alone."""
    return summary_of(facts.interval, _status(facts.interval, at))


def _status(interval: CreditInterval, at: datetime) -> CreditStatus:
    return credit_status(
        counts_from=interval.counts_from,
        counts_until=interval.counts_until,
        ineligible_reason=interval.ineligible_reason,
        at=at,
    )


def _counts_at_all(interval: CreditInterval) -> bool:
    return interval.counts_from is not None and interval.counts_from != interval.counts_until


def _association(facts: CreditFacts, at: datetime) -> Reason:
    """Return the condition that the account is associated, or the reason why it is no longer."""
    if at < facts.started_at:
        return _reason(CreditReasonCode.NOT_ASSOCIATED, met=False, expected_at=facts.started_at)
    code, ends_at = _association_end(facts)
    if ends_at is None or code is None:
        return _reason(CreditReasonCode.NOT_ASSOCIATED, met=True, since=facts.started_at)
    if ends_at <= at:
        return _reason(code, met=False, since=ends_at)
    return _reason(code, met=True, since=facts.started_at, expected_at=ends_at)


def _association_end(facts: CreditFacts) -> tuple[CreditReasonCode | None, datetime | None]:
    """Return why and when the end of the association ends the credit."""
    reason = facts.interval.end_reason
    if reason in _ASSOCIATION_ENDS:
        return _ASSOCIATION_ENDS[reason], facts.interval.counts_until
    ended_at, end_reason = facts.association_ended_at, facts.association_end_reason
    if ended_at is None or end_reason is None:
        return None, None
    # A leaver's credit counts until the refresh date, unless something else ends it before.
    end = refresh_at(ended_at) if end_reason is AssociationEndReason.MEMBER_REMOVED else ended_at
    return _ASSOCIATION_ENDS[CreditEndReason(end_reason.value)], end


def _completion(facts: CreditFacts, at: datetime) -> Iterable[Reason]:
    """Yield the condition that the completion is valid by its provider and the catalog, if one of them ever ends it."""
    interval = facts.interval
    if interval.ineligible_reason is not None:
        code = CreditReasonCode(interval.ineligible_reason.value)
        yield _reason(code, met=False, since=_ineligible_since(facts, interval.ineligible_reason))
    elif interval.end_reason is not None and interval.end_reason not in _ASSOCIATION_ENDS:
        code = CreditReasonCode(interval.end_reason.value)
        assert interval.counts_until is not None
        if interval.counts_until <= at:
            yield _reason(code, met=False, since=interval.counts_until)
        else:
            opens_at = facts.renewal_opens_at if code is CreditReasonCode.EXPIRED else None
            yield _reason(code, met=True, expected_at=interval.counts_until, opens_at=opens_at)


def _ineligible_since(facts: CreditFacts, reason: IneligibleReason) -> datetime | None:
    if reason is IneligibleReason.EXPIRED_BEFORE_ASSOCIATION:
        return facts.expires_at
    certification = facts.certification
    if reason is not IneligibleReason.RETIRED or certification is None:
        return None
    retires_on = certification.retires_on
    return eligible_until(certification) or (None if retires_on is None else start_of_day(retires_on))


def _waiting(facts: CreditFacts, at: datetime) -> Iterable[Reason]:
    """Yield the condition that the credit's waiting time is over; a credit that never counts has none."""
    interval = facts.interval
    if interval.counts_from is None:
        return
    waits_since = max(facts.completed_at, facts.started_at)
    if not _counts_at_all(interval):
        yield _reason(CreditReasonCode.WAITING, met=False, since=waits_since)
    elif at < interval.counts_from:
        yield _reason(CreditReasonCode.WAITING, met=False, since=waits_since, expected_at=interval.counts_from)
    else:
        yield _reason(CreditReasonCode.WAITING, met=True, since=interval.counts_from)


def _without_points(contribution: ProgramContribution) -> Reason:
    assert contribution.reason is not None
    code = CreditReasonCode(contribution.reason.value)
    return Reason(
        code=code,
        met=False,
        since=None,
        expected_at=None,
        actor=actor_on(code),
        action=requirement_action(code, contribution),
        contribution=contribution,
    )


def _reason(
    code: CreditReasonCode,
    *,
    met: bool,
    since: datetime | None = None,
    expected_at: datetime | None = None,
    opens_at: datetime | None = None,
) -> Reason:
    return Reason(
        code=code,
        met=met,
        since=since,
        expected_at=expected_at,
        actor=actor_on(code, met=met, expected_at=expected_at),
        action=action_on(code, met=met, expected_at=expected_at, opens_at=opens_at),
    )
