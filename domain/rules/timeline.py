"""Timeline of a credit: past and expected events."""

from dataclasses import dataclass
from datetime import datetime

from domain.rules.enums import CreditEndReason, TimelineKind
from domain.rules.explanation import CreditFacts


@dataclass(frozen=True, kw_only=True)
class TimelineEvent:
    """An event that happened at an instant, or is expected to; ``recorded_at`` is when it was recorded."""

    kind: TimelineKind
    at: datetime
    recorded_at: datetime | None
    is_expected: bool
    end_reason: CreditEndReason | None = None


def timeline(
    facts: CreditFacts, *, at: datetime, counted_at: datetime | None = None, ended_at: datetime | None = None
) -> tuple[TimelineEvent, ...]:
    """Return the events of a credit as seen at an aware instant, the earliest first.

    It was recorded at ``counted_at`` that the credit began to count, and at ``ended_at`` that it ended.
    """
    interval = facts.interval
    counts = interval.counts_from is not None and interval.counts_from != interval.counts_until
    due_at = interval.counts_from if counts else None
    # What ends before its renewal opens cannot be renewed any more.
    opens_at = facts.renewal_opens_at
    if opens_at is not None and interval.counts_until is not None and interval.counts_until <= opens_at:
        opens_at = None
    instants: tuple[tuple[TimelineKind, datetime | None, datetime | None], ...] = (
        (TimelineKind.COMPLETED, facts.completed_at, facts.recorded_at),
        (TimelineKind.ASSOCIATED, facts.started_at, facts.started_at),
        (TimelineKind.RECORDED, facts.recorded_at, facts.recorded_at),
        (TimelineKind.DUE, due_at, None),
        (TimelineKind.COUNTED, due_at, counted_at),
        (TimelineKind.RENEWAL_OPENS, opens_at if counts else None, None),
        (TimelineKind.ENDED, interval.counts_until, ended_at),
    )
    events = [
        TimelineEvent(
            kind=kind,
            at=instant,
            recorded_at=recorded_at if recorded_at is not None and recorded_at <= at else None,
            is_expected=instant > at,
            end_reason=interval.end_reason if kind is TimelineKind.ENDED else None,
        )
        for kind, instant, recorded_at in instants
        if instant is not None
    ]
    # Sorting is stable: events of the same instant stay in the order above.
    return tuple(sorted(events, key=lambda event: event.at))
