"""Forecast of an organization's attainments, day by day, from what is known."""

from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TypeVar

from domain.errors import InvalidInput
from domain.rules.attainment import Attainment, CountedCredit, Holding, Person, attainments_of
from domain.rules.certifications import start_of_day
from domain.rules.editions import Edition, changes_of_requirements, programs_at
from domain.rules.enums import CreditEndReason, ForecastCauseKind, Track
from domain.rules.programs import Program

Result_co = TypeVar("Result_co", covariant=True)
# A long computation in pieces, each up to a ``yield``: between them it pauses for others.
Pieces = Generator[None, None, Result_co]
FURTHEST = timedelta(days=5 * 365 + 1)
_ENDS = {
    CreditEndReason.EXPIRED: ForecastCauseKind.EXPIRY,
    CreditEndReason.REVOKED: ForecastCauseKind.REVOCATION,
    CreditEndReason.RETIRED: ForecastCauseKind.RETIREMENT,
    CreditEndReason.MEMBER_REMOVED: ForecastCauseKind.REFRESH_DATE,
}


class ForecastTooFar(InvalidInput):
    """The day lies in the past, or further ahead than anybody can tell."""


@dataclass(frozen=True, kw_only=True)
class ForecastCause:
    """A change at an instant: a credit begins or ends, or an edition comes into force."""

    kind: ForecastCauseKind
    at: datetime
    credit: CountedCredit | None = None
    edition: str | None = None


@dataclass(frozen=True, kw_only=True)
class ForecastStep:
    """A day with its causes of change, and the attainments at its end; ``changed`` are those that differ."""

    date: date
    at: datetime
    causes: tuple[ForecastCause, ...]
    attainments: tuple[Attainment, ...]
    changed: tuple[Attainment, ...]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The attainments at the instant at which a forecast begins, and each day on which something changes."""

    at: datetime
    until: date
    attainments: tuple[Attainment, ...]
    steps: tuple[ForecastStep, ...]


def check_forecast_date(until: date, *, now: datetime) -> None:
    """Refuse a day that is over or more than five years ahead.

    Raises:
        ForecastTooFar: it is.
    """
    today = now.astimezone(UTC).date()
    if not today <= until <= today + FURTHEST:
        raise ForecastTooFar(f"A forecast reaches from today, {today}, to {today + FURTHEST}.")


# The last microsecond, since an end is exclusive: what ends at midnight still counts on the day before.
def end_of_day(day: date) -> datetime:
    """Return the last microsecond of a day, in UTC."""
    return start_of_day(day) + timedelta(days=1) - timedelta(microseconds=1)


def forecast(
    credits: Sequence[CountedCredit],
    editions: Sequence[Edition],
    *,
    after: datetime,
    until: date,
    days: int,
    track: Track | None = None,
    program: str | None = None,
) -> Pieces[Forecast]:
    """Return what changes after an instant (aware, UTC) until the end of a day, for all programs or for one.

    ``track`` is the organization's setting. The causes for one program are those on which it can depend. A piece of the
    work is so many ``days`` with changes.
    """
    last = end_of_day(until)
    changes = changes_of_requirements(editions, after=after, until=last)
    causes = [ForecastCause(kind=ForecastCauseKind.EDITION_CHANGE, at=at, edition=key) for at, key in changes]
    for credit in credits:
        begins, ends = credit.counts_from, credit.counts_until
        # A canceled credit neither begins nor ends.
        if begins == ends:
            continue
        if after < begins <= last:
            causes.append(ForecastCause(kind=ForecastCauseKind.CREDIT_DUE, at=begins, credit=credit))
        if ends is not None and after < ends <= last:
            kind = _ENDS.get(credit.end_reason or CreditEndReason.EXPIRED, ForecastCauseKind.ASSOCIATION_END)
            causes.append(ForecastCause(kind=kind, at=ends, credit=credit))
    # At the same instant editions come first, then credits by their id.
    causes.sort(key=lambda cause: (cause.at, (cause.credit.credit_id or 0) if cause.credit else -1))
    projection = _Projection(credits, editions, after, track, program)
    start = before = projection.attainments()
    steps: list[ForecastStep] = []
    by_day = groupby(causes, key=lambda cause: cause.at.astimezone(UTC).date())
    for number, (day, of_day) in enumerate(by_day):
        if number % days == 0:
            yield
        relevant = projection.advance_to(end_of_day(day), tuple(of_day))
        if not relevant:
            continue
        earlier = {(attainment.program.key, attainment.track): attainment for attainment in before}
        now, changed = [], []
        for attainment in projection.attainments():
            same = earlier.get((attainment.program.key, attainment.track))
            if same is not None and (same.program, same.metrics) == (attainment.program, attainment.metrics):
                # It shares what it holds with the one before: a long forecast would have millions of objects, and each
                # full garbage collection would hold up everybody for a second.
                now.append(replace(same, at=attainment.at))
            else:
                now.append(attainment)
                changed.append(attainment)
        before = tuple(now)
        steps.append(
            ForecastStep(date=day, at=projection.at, causes=relevant, attainments=before, changed=tuple(changed))
        )
    return Forecast(at=after, until=until, attainments=start, steps=tuple(steps))


class _Projection:
    """An organization at an instant that moves from one day with changes to the next."""

    def __init__(
        self,
        credits: Iterable[CountedCredit],
        editions: Sequence[Edition],
        at: datetime,
        track: Track | None,
        program: str | None,
    ) -> None:
        self._editions = editions
        self._track = track
        self._program = program
        self._people = Headcounts(credits, at)
        self._programs = self._relevant_programs()

    @property
    def at(self) -> datetime:
        return self._people.at

    def advance_to(self, at: datetime, causes: Sequence[ForecastCause]) -> tuple[ForecastCause, ...]:
        """Move to an instant, and return those of its causes that can change the attainments."""
        self._people.advance_to(at)
        before = self._programs
        if any(cause.edition is not None for cause in causes):
            self._programs = self._relevant_programs()
        if self._program is None:
            return tuple(causes)
        codes = {code for program in (*before, *self._programs) for code in program.certifications}
        return tuple(
            cause
            for cause in causes
            if (before != self._programs if cause.credit is None else cause.credit.certification in codes)
        )

    def attainments(self) -> tuple[Attainment, ...]:
        scored = attainments_of(self._people, self._programs, track=self._track)
        return tuple(attainment for attainment in scored if self._program in {None, attainment.program.key})

    def _relevant_programs(self) -> tuple[Program, ...]:
        """Return all programs, or the one of the forecast and the designations that it needs."""
        programs = programs_at(self._editions, self.at)
        if self._program is None:
            return programs
        # A specialization may need designations, which are scored for it and left out of the answer.
        needed = {self._program}.union(*(program.designations for program in programs if program.key == self._program))
        return tuple(program for program in programs if program.key in needed)


# A day changes few credits of many: they are added to the counts of the day before, instead of counting everybody anew.
class Headcounts:
    """Counts an organization's people at an instant (aware, UTC) that only moves forward."""

    def __init__(self, holdings: Iterable[Holding], at: datetime) -> None:
        self._at = at
        self._by_code: dict[str, _Headcount] = defaultdict(_Headcount)
        self._by_set: dict[frozenset[str], _Headcount] = {}
        self._sets_with: dict[str, list[_Headcount]] = defaultdict(list)
        changes: list[tuple[datetime, bool, int, Holding]] = []
        for index, holding in enumerate(holdings):
            if holding.is_pending(at):
                self._change(holding, counting=0, pending=1)
                changes.append((holding.counts_from, True, index, holding))
            elif holding.is_counting(at):
                self._change(holding, counting=1, pending=0)
            else:
                continue
            if holding.counts_until is not None:
                changes.append((holding.counts_until, False, index, holding))
        self._changes = sorted(changes, key=lambda change: change[:3], reverse=True)

    @property
    def at(self) -> datetime:
        return self._at

    def advance_to(self, at: datetime) -> None:
        """Move to an instant and apply every change until then, inclusive."""
        while self._changes and self._changes[-1][0] <= at:
            _, begins, _, holding = self._changes.pop()
            if begins:
                self._change(holding, counting=1, pending=-1)
            else:
                self._change(holding, counting=-1, pending=0)
        self._at = at

    def counting(self, certifications: frozenset[str]) -> int:
        return len(self._headcount(certifications).counting)

    def pending(self, certifications: frozenset[str]) -> int:
        return self._headcount(certifications).only_pending

    def _headcount(self, certifications: frozenset[str]) -> "_Headcount":
        headcount = self._by_set.get(certifications)
        if headcount is None:
            headcount = self._by_set[certifications] = _Headcount()
            for code in certifications:
                headcount.add(self._by_code[code])
                self._sets_with[code].append(headcount)
        return headcount

    def _change(self, holding: Holding, *, counting: int, pending: int) -> None:
        code = holding.certification
        for headcount in (self._by_code[code], *self._sets_with[code]):
            headcount.change(holding.person, counting=counting, pending=pending)


class _Headcount:
    """How many certifications of a set count for each person, and how many are pending."""

    def __init__(self) -> None:
        self.counting: dict[Person, int] = {}
        self.pending: dict[Person, int] = {}
        self.only_pending = 0

    def add(self, other: "_Headcount") -> None:
        for person, count in other.counting.items():
            self.change(person, counting=count, pending=0)
        for person, count in other.pending.items():
            self.change(person, counting=0, pending=count)

    def change(self, person: Person, *, counting: int, pending: int) -> None:
        self.only_pending -= self._is_only_pending(person)
        for counts, change in ((self.counting, counting), (self.pending, pending)):
            if change:
                counts[person] = counts.get(person, 0) + change
                if not counts[person]:
                    del counts[person]
        self.only_pending += self._is_only_pending(person)

    def _is_only_pending(self, person: Person) -> bool:
        return person in self.pending and person not in self.counting
