"""The timeline of a credit."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.rules.enums import AssociationEndReason, CreditEndReason, TimelineKind
from domain.rules.timeline import TimelineEvent, timeline
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND
from tests.domain.rules.credit_lives import Life, a_life, lives, near

DUE = START + 10 * DAY
LATE = timedelta(seconds=3)


def kinds(events: tuple[TimelineEvent, ...], *, expected: bool) -> list[TimelineKind]:
    return [event.kind for event in events if event.is_expected is expected]


def events_of(life: Life) -> tuple[TimelineEvent, ...]:
    facts = replace(life.facts, renewal_opens_at=START + 150 * DAY)
    return timeline(facts, at=START)


def test_a_pending_credit_has_a_past_and_a_future() -> None:
    events = events_of(a_life())

    assert kinds(events, expected=False) == [TimelineKind.COMPLETED, TimelineKind.ASSOCIATED, TimelineKind.RECORDED]
    assert kinds(events, expected=True) == [
        TimelineKind.DUE,
        TimelineKind.COUNTED,
        TimelineKind.RENEWAL_OPENS,
        TimelineKind.ENDED,
    ]
    assert events[-1] == TimelineEvent(
        kind=TimelineKind.ENDED,
        at=START + 335 * DAY,
        recorded_at=None,
        is_expected=True,
        end_reason=CreditEndReason.EXPIRED,
    )


def test_what_took_effect_says_when_that_was_written_down() -> None:
    before, after = (timeline(a_life().facts, at=at, counted_at=DUE + LATE) for at in (DUE, DUE + LATE))

    counted = [next(event for event in each if event.kind is TimelineKind.COUNTED) for each in (before, after)]
    assert [(event.at, event.recorded_at, event.is_expected) for event in counted] == [
        (DUE, None, False),
        (DUE, DUE + LATE, False),
    ]


def test_a_canceled_credit_is_never_due_and_opens_no_renewal() -> None:
    events = events_of(a_life(ended_at=START + DAY, end=AssociationEndReason.MOVED))

    assert [event.kind for event in events] == [
        TimelineKind.COMPLETED,
        TimelineKind.ASSOCIATED,
        TimelineKind.RECORDED,
        TimelineKind.ENDED,
    ]


def test_what_ends_before_it_can_be_renewed_opens_no_renewal() -> None:
    events = events_of(a_life(ended_at=START + 20 * DAY))

    assert TimelineKind.RENEWAL_OPENS not in [event.kind for event in events]


@given(lives(), near, st.sampled_from([-MICROSECOND, timedelta(0), MICROSECOND]))
def test_it_is_in_order_and_says_of_each_event_whether_it_lies_ahead(
    life: Life, at: datetime, nudge: timedelta
) -> None:
    instant = at + nudge

    events = timeline(life.facts, at=instant)

    assert [event.at for event in events] == sorted(event.at for event in events)
    assert all(event.is_expected == (event.at > instant) for event in events)
    due = [event.at for event in events if event.kind is TimelineKind.DUE]
    assert due == [found for found in [life.explained(START - 2000 * DAY).counts_from_earliest] if found is not None]
