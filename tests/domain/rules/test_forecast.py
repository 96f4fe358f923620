"""Forecasts, compared with the later attainment (R13 to R16)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.rules.attainment import Attainment, CountedCredit, attainments
from domain.rules.editions import Edition, programs_at
from domain.rules.enums import CreditEndReason, ForecastCauseKind, Track
from domain.rules.forecast import Forecast, ForecastTooFar, check_forecast_date, end_of_day, forecast
from tests.domain.instants import DAY, MICROSECOND
from tests.domain.pieces import do_whole
from tests.domain.rules.catalog import AT, EDITIONS
from tests.domain.rules.test_attainment_laws import SOUGHT, certifications, people, tracks

# Before two changes of requirements each, or with none ahead.
STARTS = [datetime.fromisoformat(text) for text in ("2024-06-20T09:00:00+00:00", "2026-07-20T23:59:59.999999+00:00")]
STARTS.append(AT)
MIDNIGHT = time(tzinfo=UTC)
waits = st.one_of(
    st.integers(-400, 400).map(lambda number: number * DAY),
    st.timedeltas(-20 * DAY, 40 * DAY),
)


@st.composite
def credits_around(draw: st.DrawFn, at: datetime) -> list[CountedCredit]:
    """Return credits that begin and end around an instant, many of them just at midnight."""
    found = []
    for number in range(draw(st.integers(0, 40))):
        begins = draw(waits) + (datetime.combine(at, MIDNIGHT) if draw(st.booleans()) else at)
        lasts = draw(st.one_of(st.none(), waits.map(abs)))
        found.append(
            CountedCredit(
                person=draw(people),
                certification=draw(certifications),
                counts_from=begins + draw(st.sampled_from([-MICROSECOND, 0 * DAY, MICROSECOND])),
                counts_until=None if lasts is None else begins + lasts + MICROSECOND,
                credit_id=number,
                known_from=datetime.min.replace(tzinfo=UTC),
                end_reason=None if lasts is None else draw(st.sampled_from(CreditEndReason)),
            )
        )
    return found


@st.composite
def histories(draw: st.DrawFn) -> tuple[datetime, list[CountedCredit]]:
    at = draw(st.sampled_from(STARTS))
    return at, draw(credits_around(at))


def asked(credits: Sequence[CountedCredit], at: datetime, track: Track | None) -> tuple[Attainment, ...]:
    return attainments(credits, programs_at(EDITIONS, at), at=at, track=track)


def without_instant(found: Sequence[Attainment]) -> list[Attainment]:
    return [replace(each, at=AT) for each in found]


@settings(max_examples=60)
@given(histories(), tracks, st.integers(0, 60), st.data())
def test_the_forecast_at_a_day_is_the_attainment_asked_at_its_end(
    history: tuple[datetime, list[CountedCredit]], track: Track | None, length: int, data: st.DataObject
) -> None:
    now, credits = history
    until = now.date() + length * DAY

    found = whole_forecast(credits, EDITIONS, after=now, until=until, track=track)

    assert found.attainments == asked(credits, now, track)
    for step in found.steps:
        assert now.date() <= step.date <= until
        assert step.attainments == asked(credits, end_of_day(step.date), track)
    # On the days that are left out nothing changes.
    day = now.date() + data.draw(st.integers(0, length)) * DAY
    latest = [found.attainments, *(step.attainments for step in found.steps if step.date <= day)][-1]
    assert without_instant(latest) == without_instant(asked(credits, end_of_day(day), track))


def whole_forecast(
    credits: Sequence[CountedCredit],
    editions: Sequence[Edition],
    *,
    after: datetime,
    until: date,
    track: Track | None = None,
    program: str | None = None,
) -> Forecast:
    """Return a forecast that is computed two days with changes at a time."""
    pieces = forecast(credits, editions, after=after, until=until, days=2, track=track, program=program)
    return do_whole(pieces)


@given(histories(), st.integers(0, 400))
def test_each_cause_is_at_its_instant_and_none_is_missing(
    history: tuple[datetime, list[CountedCredit]], length: int
) -> None:
    now, credits = history
    until = now.date() + length * DAY

    # Without an edition there is nothing to score, only what happens.
    found = whole_forecast(credits, [], after=now, until=until)

    causes = [cause for step in found.steps for cause in step.causes]
    assert [cause.at for cause in causes] == sorted(cause.at for cause in causes)
    assert all(cause.at.date() == step.date for step in found.steps for cause in step.causes)
    expected = [
        (instant, credit.credit_id, instant == credit.counts_from)
        for credit in credits
        for instant in {credit.counts_from, credit.counts_until} - {None}
        if credit.counts_from != credit.counts_until and instant is not None and now < instant <= end_of_day(until)
    ]
    assert sorted(expected) == sorted(
        (cause.at, cause.credit.credit_id, cause.kind is ForecastCauseKind.CREDIT_DUE)
        for cause in causes
        if cause.credit is not None
    )
    assert all(step.causes for step in found.steps)


@settings(max_examples=30)
@given(
    histories(),
    tracks,
    st.sampled_from(["security", "infrastructure", "identity-access", "data-security"]),
)
def test_the_forecast_of_one_program_is_its_part_of_the_whole(
    history: tuple[datetime, list[CountedCredit]], track: Track | None, key: str
) -> None:
    now, credits = history
    until = now.date() + 60 * DAY

    whole, part = (
        whole_forecast(credits, EDITIONS, after=now, until=until, track=track, program=program)
        for program in (None, key)
    )

    of_whole = {step.date: [each for each in step.attainments if each.program.key == key] for step in whole.steps}
    assert all(list(step.attainments) == of_whole[step.date] for step in part.steps)
    changed = {step.date for step in whole.steps if any(each.program.key == key for each in step.changed)}
    assert changed == {step.date for step in part.steps if step.changed}


def credit(
    certification: str, begins: datetime, ends: datetime | None, reason: CreditEndReason | None
) -> CountedCredit:
    return CountedCredit(
        person=1,
        certification=certification,
        counts_from=begins,
        counts_until=ends,
        credit_id=7,
        known_from=begins - 10 * DAY,
        end_reason=reason,
    )


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (CreditEndReason.EXPIRED, ForecastCauseKind.EXPIRY),
        (CreditEndReason.REVOKED, ForecastCauseKind.REVOCATION),
        (CreditEndReason.RETIRED, ForecastCauseKind.RETIREMENT),
        (CreditEndReason.MEMBER_REMOVED, ForecastCauseKind.REFRESH_DATE),
        (CreditEndReason.MOVED, ForecastCauseKind.ASSOCIATION_END),
    ],
)
def test_a_step_says_why_a_credit_ends(reason: CreditEndReason, kind: ForecastCauseKind) -> None:
    ends = datetime(2026, 12, 10, tzinfo=UTC)

    (step,) = whole_forecast(
        [credit("MB-335", AT - DAY, ends, reason)], EDITIONS, after=AT, until=date(2026, 12, 31)
    ).steps

    assert (step.date, [cause.kind for cause in step.causes]) == (date(2026, 12, 10), [kind])
    assert {each.program.key for each in step.changed} == {"business-applications"}


def test_an_edition_that_comes_into_force_is_a_step() -> None:
    now = datetime(2026, 7, 20, tzinfo=UTC)

    found = whole_forecast([], EDITIONS, after=now, until=date(2026, 9, 1))

    assert [(step.date, [cause.edition for cause in step.causes]) for step in found.steps] == [
        (date(2026, 8, 1), ["2026-08"])
    ]


def test_what_happened_at_the_instant_itself_is_no_step_any_more() -> None:
    credits = [credit("AZ-104", AT, AT + 365 * DAY, CreditEndReason.EXPIRED)]

    assert whole_forecast(credits, EDITIONS, after=AT, until=AT.date()).steps == ()
    assert len(whole_forecast(credits, EDITIONS, after=AT - MICROSECOND, until=AT.date()).steps) == 1


@pytest.mark.parametrize("days", [-1, 5 * 365 + 2, 100_000])
def test_a_forecast_reaches_from_today_to_five_years_ahead(days: int) -> None:
    with pytest.raises(ForecastTooFar) as refused:
        check_forecast_date(AT.date() + days * DAY, now=AT)

    assert refused.value.code == "INVALID_INPUT"


@pytest.mark.parametrize("days", [0, 5 * 365 + 1])
def test_a_forecast_may_be_for_today_and_for_five_years(days: int) -> None:
    check_forecast_date(AT.date() + days * DAY, now=AT)


def test_a_year_of_ten_thousand_credits_takes_a_moment() -> None:
    credits = [
        replace(
            credit(
                SOUGHT[number % len(SOUGHT)], begins := AT + timedelta(hours=(number * 37) % 12_000 - 8_000), None, None
            ),
            person=number // 5,
            credit_id=number,
            counts_until=begins + 365 * DAY,
        )
        for number in range(10_000)
    ]

    found = whole_forecast(credits, EDITIONS, after=AT, until=AT.date() + 365 * DAY)

    assert len(found.steps) > 300
    assert found.steps[200].attainments == asked(credits, found.steps[200].at, None)
