"""Sentences that explain a credit to people."""

from collections.abc import Mapping
from datetime import datetime

from domain.rules.contributions import ProgramContribution
from domain.rules.credit_interval import CreditInterval
from domain.rules.enums import CreditEndReason, CreditReasonCode, CreditStatus, IneligibleReason, ReasonActor

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
NOTHING = "Nothing needs doing."


def summary_of(interval: CreditInterval, status: CreditStatus) -> str:
    """Return one sentence about a credit with a status."""
    if interval.counts_from is None:
        reason = _INELIGIBLE.get(interval.ineligible_reason) if interval.ineligible_reason else None
        return f"Does not count: {reason}." if reason else "Does not count."
    reason = _ENDED[interval.end_reason] if interval.end_reason else "it ended"
    if interval.counts_until == interval.counts_from:
        if status is CreditStatus.PENDING:
            end = _WILL_END.get(interval.end_reason or CreditEndReason.EXPIRED, "the association ends")
            return f"Will never count: {end} on {day_text(interval.counts_from)}, before it is due."
        return f"Never counted: {reason} before it was due."
    if status is CreditStatus.PENDING:
        return f"Counts from {day_text(interval.counts_from)}."
    if interval.counts_until is None:
        return f"Counts since {day_text(interval.counts_from)}."
    if status is CreditStatus.COUNTING:
        return f"Counts until {day_text(interval.counts_until)}."
    return f"Counted until {day_text(interval.counts_until)}: {reason}."


def actor_on(code: CreditReasonCode, *, met: bool = False, expected_at: datetime | None = None) -> ReasonActor:
    """Return who can do something about an unmet condition, or about one that will end at ``expected_at``."""
    if not met:
        return _UNMET[code][0]
    return ReasonActor.PERSON if code is CreditReasonCode.EXPIRED and expected_at is not None else ReasonActor.NOBODY


def action_on(
    code: CreditReasonCode, *, met: bool, expected_at: datetime | None = None, opens_at: datetime | None = None
) -> str:
    """Return what they can do; they can renew from ``opens_at`` on, if that is known."""
    if not met:
        if code is CreditReasonCode.WAITING and expected_at is None:
            return "Nothing can be done: it ends before it is due."
        return _UNMET[code][1]
    if code is not CreditReasonCode.EXPIRED or expected_at is None:
        return NOTHING
    opens = f", from {day_text(opens_at)} on" if opens_at else ""
    return f"Renew it before {day_text(expected_at)}{opens}, and it keeps counting."


def requirement_action(code: CreditReasonCode, contribution: ProgramContribution) -> str:
    """Return what people can do about a credit that gives a requirement no points."""
    metric = contribution.metric.value.lower().replace("_", " ")
    return f"{_UNMET[code][1]} ({contribution.program.title}, {metric}, step {contribution.step})."


def day_text(instant: datetime) -> str:
    """Return the date of an instant, in UTC, for people."""
    return f"{instant:%-d %B %Y}"
