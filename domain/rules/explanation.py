"""Why does a credit count at an instant, or why not, who can do what about it, and when does it count at the earliest?

Everything follows from the interval that is stored, so an explanation never says anything else than the status does.
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
from domain.rules.explanation_words import action_on, actor_on, requirement_action, summary_of

_ASSOCIATION_ENDS = {
    CreditEndReason.REMOVED: CreditReasonCode.ASSOCIATION_REMOVED,
    CreditEndReason.MOVED: CreditReasonCode.ASSOCIATION_MOVED,
    CreditEndReason.MEMBER_REMOVED: CreditReasonCode.MEMBER_REMOVED,
}


@dataclass(frozen=True, kw_only=True)
class CreditFacts:
    """What is known of a credit; ``certification`` is what the catalog says, if it has it."""

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
    """A condition of counting, or of giving points to a requirement, which is met or not.

    It is so since ``since``, where that is known, and is expected to change at ``expected_at``, if it ever is.
    ``contribution`` says which requirement a reason for no points is about.
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
    """One sentence for people, and the reasons for machines: what is not met comes first.

    ``counts_from_earliest`` is the instant from which the credit counts or will count; ``None`` where it never will,
    or never again.
    """

    summary: str
    reasons: tuple[Reason, ...]
    counts_from_earliest: datetime | None


def explanation(facts: CreditFacts, *, at: datetime, contributions: Iterable[ProgramContribution] = ()) -> Explanation:
    """Return why a credit counts at an aware instant, past or future, or why not.

    ``contributions`` are the credit's at that instant: those without points become reasons too.
    """
    status = _status(facts.interval, at)
    conditions = [_association(facts, at), *_completion(facts, at), *_waiting(facts, at)]
    reasons = sorted(conditions, key=lambda reason: reason.met)
    if status is CreditStatus.COUNTING:
        reasons += [reason for each in contributions if (reason := _without_points(each)) is not None]
    return Explanation(
        summary=summary_of(facts.interval, status),
        reasons=tuple(reasons),
        counts_from_earliest=_earliest(facts.interval, status),
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


def _earliest(interval: CreditInterval, status: CreditStatus) -> datetime | None:
    is_to_count = status in {CreditStatus.PENDING, CreditStatus.COUNTING} and _counts_at_all(interval)
    return interval.counts_from if is_to_count else None


def _counts_at_all(interval: CreditInterval) -> bool:
    return interval.counts_from is not None and interval.counts_from != interval.counts_until


def _association(facts: CreditFacts, at: datetime) -> Reason:
    """Return whether the account is associated, or why no longer."""
    if at < facts.started_at:
        return _reason(CreditReasonCode.NOT_ASSOCIATED, met=False, since=None, expected_at=facts.started_at)
    code, ends_at = _association_end(facts)
    if ends_at is None or code is None:
        return _reason(CreditReasonCode.NOT_ASSOCIATED, met=True, since=facts.started_at)
    if ends_at <= at:
        return _reason(code, met=False, since=ends_at)
    return _reason(code, met=True, since=facts.started_at, expected_at=ends_at)


def _association_end(facts: CreditFacts) -> tuple[CreditReasonCode | None, datetime | None]:
    """Return why and from when on the association lets the credit count no longer."""
    reason = facts.interval.end_reason
    if reason in _ASSOCIATION_ENDS:
        return _ASSOCIATION_ENDS[reason], facts.interval.counts_until
    ended_at, end_reason = facts.association_ended_at, facts.association_end_reason
    if ended_at is None or end_reason is None:
        return None, None
    # What counted when its member left counts on until the refresh date, whatever else ends it before.
    end = refresh_at(ended_at) if end_reason is AssociationEndReason.MEMBER_REMOVED else ended_at
    return _ASSOCIATION_ENDS[CreditEndReason(end_reason.value)], end


def _completion(facts: CreditFacts, at: datetime) -> Iterable[Reason]:
    """Yield whether the completion is valid and the catalog lets it count, as far as either ever keeps it back."""
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
    """Yield whether the days of waiting are over; what never counts waits for nothing."""
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


def _without_points(contribution: ProgramContribution) -> Reason | None:
    if contribution.reason is None or contribution.reason is NoPointsReason.PENDING:
        return None
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
