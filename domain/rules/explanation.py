"""Explanation of why a credit counts at an instant, or not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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

_INELIGIBLE = {
    IneligibleReason.EXPIRED_BEFORE_ASSOCIATION: "it had expired before the account was linked",
    IneligibleReason.REVOKED_BEFORE_ASSOCIATION: "it had been revoked before the account was linked",
    IneligibleReason.NOT_IN_CATALOG: "it is not in the programme's catalog",
    IneligibleReason.RETIRED: "the certification had retired",
}
_WILL_END = {
    CreditEndReason.EXPIRED: "it expires",
    CreditEndReason.REVOKED: "the learning provider revokes it",
    CreditEndReason.RETIRED: "the certification retires",
}
_ENDED = {
    CreditEndReason.EXPIRED: "it expired",
    CreditEndReason.REVOKED: "the learning provider revoked it",
    CreditEndReason.RETIRED: "the certification retired",
    CreditEndReason.REMOVED: "the account's access was removed",
    CreditEndReason.MOVED: "the account was linked with another organization",
    CreditEndReason.MEMBER_REMOVED: "the member left the organization",
}
# Who can do what about an unmet condition.
_UNMET: Mapping[CreditReasonCode, tuple[ReasonActor, str]] = {
    CreditReasonCode.NOT_ASSOCIATED: (ReasonActor.PERSON, "Link the learning account with the organization."),
    CreditReasonCode.ASSOCIATION_REMOVED: (
        ReasonActor.PERSON,
        "Link the learning account again once the cool-off is over; it counts anew ten days later.",
    ),
    CreditReasonCode.ASSOCIATION_MOVED: (
        ReasonActor.PERSON,
        "Link the learning account with this organization again once the cool-off is over.",
    ),
    CreditReasonCode.MEMBER_REMOVED: (
        ReasonActor.ADMIN,
        "Invite the person again; then they can link their account anew.",
    ),
    CreditReasonCode.NOT_IN_CATALOG: (ReasonActor.NOBODY, "The programme counts other certifications only."),
    CreditReasonCode.RETIRED: (ReasonActor.PERSON, "Earn a certification that has not retired."),
    CreditReasonCode.EXPIRED_BEFORE_ASSOCIATION: (ReasonActor.PERSON, "Earn it again."),
    CreditReasonCode.REVOKED_BEFORE_ASSOCIATION: (ReasonActor.PERSON, "Ask the learning provider why it was revoked."),
    CreditReasonCode.EXPIRED: (ReasonActor.PERSON, "Earn it again."),
    CreditReasonCode.REVOKED: (ReasonActor.PERSON, "Ask the learning provider why it was revoked."),
    CreditReasonCode.WAITING: (ReasonActor.NOBODY, "Nothing needs doing: it begins to count by itself."),
    CreditReasonCode.GATE_UNMET: (ReasonActor.ADMIN, "Let more people earn what the gates before it ask for"),
    CreditReasonCode.MORE_PEOPLE_NEEDED: (ReasonActor.ADMIN, "Let more people earn what this gate asks for"),
    CreditReasonCode.CAP_REACHED: (ReasonActor.NOBODY, "Enough other people count already; it stands by"),
    CreditReasonCode.ALREADY_COUNTED: (ReasonActor.NOBODY, "The person counts here already by something else"),
}
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
    """A condition of counting, or of giving points to a requirement, and whether it is met."""

    code: CreditReasonCode
    met: bool
    # ``None`` where nothing is known of it.
    since: datetime | None
    expected_at: datetime | None
    actor: ReasonActor
    action: str
    # Only where the credit counts, and gives this requirement no points all the same.
    contribution: ProgramContribution | None = None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One sentence for people, and the reasons for programs, unmet ones first."""

    summary: str
    reasons: tuple[Reason, ...]
    # From when it counts or will count; ``None`` if it never will, or never again.
    counts_from_earliest: datetime | None


def explanation(facts: CreditFacts, *, at: datetime, contributions: Iterable[ProgramContribution] = ()) -> Explanation:
    """Return why a credit counts, or why not, at an instant (aware, UTC), past or future.

    ``contributions`` are the credit's at that instant: those without points become reasons too.
    """
    # From the stored interval alone, and not from the rules once more: so it always agrees with the status.
    interval = facts.interval
    status = _status(interval, at)
    conditions = [_association(facts, at), *_completion(facts, at), *_waiting(facts, at)]
    reasons = sorted(conditions, key=lambda reason: reason.met)
    for contribution in contributions if status is CreditStatus.COUNTING else ():
        if contribution.reason is None or contribution.reason is NoPointsReason.PENDING:
            continue
        reason = _reason(CreditReasonCode(contribution.reason.value), met=False)
        metric = contribution.metric.value.lower().replace("_", " ")
        action = f"{reason.action} ({contribution.program.title}, {metric}, step {contribution.step})."
        reasons.append(replace(reason, action=action, contribution=contribution))
    is_to_count = status in {CreditStatus.PENDING, CreditStatus.COUNTING} and _counts_at_all(interval)
    return Explanation(
        summary=_summary(interval, status),
        reasons=tuple(reasons),
        counts_from_earliest=interval.counts_from if is_to_count else None,
    )


def summary(facts: CreditFacts, *, at: datetime) -> str:
    return _summary(facts.interval, _status(facts.interval, at))


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
    end_reason, ends_at = facts.interval.end_reason, facts.interval.counts_until
    if end_reason not in _ASSOCIATION_ENDS:
        # Something else ends the credit, or nothing yet: the association may end all the same.
        left = facts.association_end_reason
        end_reason, ends_at = CreditEndReason(left.value) if left else None, facts.association_ended_at
        # A leaver's credit counts until the refresh date, unless something else ends it before.
        if ends_at is not None and left is AssociationEndReason.MEMBER_REMOVED:
            ends_at = refresh_at(ends_at)
    if end_reason is None or ends_at is None:
        return _reason(CreditReasonCode.NOT_ASSOCIATED, met=True, since=facts.started_at)
    code = _ASSOCIATION_ENDS[end_reason]
    if ends_at <= at:
        return _reason(code, met=False, since=ends_at)
    return _reason(code, met=True, since=facts.started_at, expected_at=ends_at)


def _completion(facts: CreditFacts, at: datetime) -> Iterable[Reason]:
    """Yield the condition that the completion is valid by its provider and the catalog, if one of them ever ends it."""
    interval, certification = facts.interval, facts.certification
    if interval.ineligible_reason is not None:
        since = None
        if interval.ineligible_reason is IneligibleReason.EXPIRED_BEFORE_ASSOCIATION:
            since = facts.expires_at
        elif interval.ineligible_reason is IneligibleReason.RETIRED and certification is not None:
            retires_on = certification.retires_on
            since = eligible_until(certification) or (start_of_day(retires_on) if retires_on else None)
        yield _reason(CreditReasonCode(interval.ineligible_reason.value), met=False, since=since)
    elif interval.end_reason is not None and interval.end_reason not in _ASSOCIATION_ENDS:
        code = CreditReasonCode(interval.end_reason.value)
        assert interval.counts_until is not None
        if interval.counts_until <= at:
            yield _reason(code, met=False, since=interval.counts_until)
        else:
            yield _reason(code, met=True, expected_at=interval.counts_until, opens_at=facts.renewal_opens_at)


def _waiting(facts: CreditFacts, at: datetime) -> Iterable[Reason]:
    interval = facts.interval
    # A credit that never counts does not wait.
    if interval.counts_from is None:
        return
    if _counts_at_all(interval) and interval.counts_from <= at:
        yield _reason(CreditReasonCode.WAITING, met=True, since=interval.counts_from)
    else:
        since = max(facts.completed_at, facts.started_at)
        expected_at = interval.counts_from if _counts_at_all(interval) else None
        yield _reason(CreditReasonCode.WAITING, met=False, since=since, expected_at=expected_at)


def _reason(
    code: CreditReasonCode,
    *,
    met: bool,
    since: datetime | None = None,
    expected_at: datetime | None = None,
    opens_at: datetime | None = None,
) -> Reason:
    actor, action = (ReasonActor.NOBODY, "Nothing needs doing.") if met else _UNMET[code]
    if met and code is CreditReasonCode.EXPIRED and expected_at is not None:
        opens = f", from {_day(opens_at)} on" if opens_at else ""
        actor, action = ReasonActor.PERSON, f"Renew it before {_day(expected_at)}{opens}, and it keeps counting."
    elif not met and code is CreditReasonCode.WAITING and expected_at is None:
        action = "Nothing can be done: it ends before it is due."
    return Reason(code=code, met=met, since=since, expected_at=expected_at, actor=actor, action=action)


def _summary(interval: CreditInterval, status: CreditStatus) -> str:
    if interval.counts_from is None:
        reason = _INELIGIBLE.get(interval.ineligible_reason) if interval.ineligible_reason else None
        return f"Does not count: {reason}." if reason else "Does not count."
    reason = _ENDED[interval.end_reason] if interval.end_reason else "it ended"
    if interval.counts_until == interval.counts_from:
        if status is CreditStatus.PENDING:
            end = _WILL_END.get(interval.end_reason or CreditEndReason.EXPIRED, "the association ends")
            return f"Will never count: {end} on {_day(interval.counts_from)}, before it is due."
        return f"Never counted: {reason} before it was due."
    if status is CreditStatus.PENDING:
        return f"Counts from {_day(interval.counts_from)}."
    if interval.counts_until is None:
        return f"Counts since {_day(interval.counts_from)}."
    if status is CreditStatus.COUNTING:
        return f"Counts until {_day(interval.counts_until)}."
    return f"Counted until {_day(interval.counts_until)}: {reason}."


def _day(instant: datetime) -> str:
    return f"{instant:%-d %B %Y}"
