"""Attainment of programs, requirement by requirement (R13, R14)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from domain.rules.certifications import (
    CertificationFacts,
    LevelFacts,
    eligible_until,
    retirement_reason,
    valid_until,
)
from domain.rules.enums import CreditEndReason, Metric, ProgramKind, RequirementRole, Track, TrackRule
from domain.rules.programs import Measure, Program, Requirement

# "A total score of at least 70 of 100 points", of which certlink knows only the skilling part.
SCORE_MAX = 100
QUALIFY_THRESHOLD = 70

# A member's id, or a name where the command line scores a file.
Person = int | str


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """A certification that counts for a person from an instant until an instant, exclusive; ``None`` is open."""

    person: Person
    certification: str
    counts_from: datetime
    counts_until: datetime | None = None
    credit_id: int | None = None

    def is_counting(self, at: datetime) -> bool:
        return self.counts_from <= at and (self.counts_until is None or at < self.counts_until)

    def is_pending(self, at: datetime) -> bool:
        return at < self.counts_from and (self.counts_until is None or self.counts_from < self.counts_until)


@dataclass(frozen=True, kw_only=True, slots=True)
class CountedCredit(Holding):
    """A credit that counts at some time, and is not known before ``known_from``; ``person`` is its member's id."""

    known_from: datetime
    end_reason: CreditEndReason | None = None


class People(Protocol):
    """Counts distinct people with any of some certifications at an instant ``at`` (aware, UTC)."""

    @property
    def at(self) -> datetime: ...

    def counting(self, certifications: frozenset[str]) -> int:
        """Return for how many people one of the certifications counts."""

    def pending(self, certifications: frozenset[str]) -> int:
        """Return how many more people will count when pending certifications do."""


@dataclass(frozen=True, kw_only=True)
class RequirementAttainment:
    """The attainment of one requirement: how many distinct people count, and how many more will when pending."""

    requirement: Requirement
    counting: int
    pending: int
    points: Fraction

    @property
    def met(self) -> bool:
        return self.counting >= self.requirement.needed

    @property
    def missing(self) -> int:
        return max(0, self.requirement.needed - self.counting)

    @property
    def spare(self) -> int:
        return max(0, self.counting - self.requirement.needed)


@dataclass(frozen=True, kw_only=True)
class MetricAttainment:
    """The attainment of one metric on one track; ``pending_points`` are added when all pending people count."""

    measure: Measure
    requirements: tuple[RequirementAttainment, ...]
    pending_points: Fraction

    @property
    def metric(self) -> Metric:
        return self.measure.metric

    @property
    def points(self) -> Fraction:
        return sum((requirement.points for requirement in self.requirements), Fraction(0))

    @property
    def max_points(self) -> Fraction:
        return self.measure.max_points

    @property
    def attained(self) -> bool:
        if self.metric is Metric.KNOWLEDGE:
            return all(requirement.met for requirement in self.requirements)
        # The other metrics are not known here: it counts whether the threshold can be reached with all their points.
        gates = [attainment for attainment in self.requirements if attainment.requirement.role is RequirementRole.GATE]
        return self.points > 0 and self.points >= points_to_reach(self.max_points) and all(gate.met for gate in gates)


@dataclass(frozen=True, kw_only=True)
class Attainment:
    """An organization's attainment of one program on one track at an instant (aware, UTC)."""

    program: Program
    track: Track
    metrics: tuple[MetricAttainment, ...]
    at: datetime

    @property
    def points(self) -> Fraction:
        return sum((metric.points for metric in self.metrics), Fraction(0))

    @property
    def pending_points(self) -> Fraction:
        return sum((metric.pending_points for metric in self.metrics), Fraction(0))

    @property
    def max_points(self) -> Fraction:
        return sum((metric.max_points for metric in self.metrics), Fraction(0))

    @property
    def needed_points(self) -> Fraction:
        """Return the points without which the program cannot be attained."""
        is_designation = self.program.kind is ProgramKind.DESIGNATION
        return points_to_reach(self.max_points) if is_designation else self.max_points

    @property
    def attained(self) -> bool:
        """Tell whether each metric is attained, and the points of all metrics together are enough."""
        in_all = self.program.kind is ProgramKind.SPECIALIZATION or self.points >= self.needed_points
        return bool(self.metrics) and in_all and all(metric.attained for metric in self.metrics)


def attainments(
    holdings: Iterable[Holding],
    programs: Sequence[Program],
    *,
    at: datetime,
    track: Track | None = None,
    either_track: bool = True,
) -> tuple[Attainment, ...]:
    """Return the attainment of each program whose requirements are published.

    ``track`` is the organization's setting; without one, a program with several tracks is scored on every track. If
    the higher total of both tracks counts, the setting is ignored unless ``either_track`` is false.
    """
    return attainments_of(_People(holdings, at), programs, track=track, either_track=either_track)


def attainments_of(
    people: People, programs: Sequence[Program], *, track: Track | None = None, either_track: bool = True
) -> tuple[Attainment, ...]:
    """Return the attainments, as ``attainments`` does, of people who are counted already."""
    designations: list[Attainment] = []
    for program in programs:
        if program.kind is ProgramKind.DESIGNATION:
            takes_higher = program.track_rule is TrackRule.HIGHER_TOTAL and (either_track or track is None)
            tracks = program.tracks if takes_higher or track not in program.tracks else (track,)
            scored = [_attainment(program, track, people, set()) for track in tracks]
            if takes_higher and scored:
                scored = [max(scored, key=lambda attainment: attainment.points)]
            designations += scored
    # Designations come first, since a specialization may need one of them.
    attained = {attainment.program.key for attainment in designations if attainment.attained}
    specializations = [
        _attainment(program, track, people, attained)
        for program in programs
        if program.kind is ProgramKind.SPECIALIZATION
        for track in program.tracks
    ]
    return (*designations, *specializations)


def holding_by_catalog(
    *,
    person: Person,
    certification: CertificationFacts,
    level: LevelFacts,
    completed_at: datetime,
    expires_at: datetime | None,
) -> Holding | None:
    """Return when a person's completion counts by the catalog alone; nothing if it retired before it was earned."""
    if retirement_reason(certification, completed_at=completed_at, starts_at=completed_at) is not None:
        return None
    expiry = valid_until(level, completed_at=completed_at) if expires_at is None else expires_at
    ends = [end for end in (expiry, eligible_until(certification)) if end is not None]
    return Holding(
        person=person,
        certification=certification.code,
        counts_from=completed_at,
        counts_until=min(ends, default=None),
    )


def known_at(credits: Iterable[CountedCredit], at: datetime) -> list[CountedCredit]:
    return [credit for credit in credits if credit.known_from <= at]


def points_to_reach(max_points: Fraction) -> Fraction:
    """Return the points without which the threshold cannot be reached by all other points."""
    return max(Fraction(0), max_points - (SCORE_MAX - QUALIFY_THRESHOLD))


def shown_points(points: Fraction) -> float:
    """Return points rounded half up to one decimal, as people see them."""
    # Rounded here and nowhere before: thirds of points must still add up to the threshold.
    return int(points * 10 + Fraction(1, 2)) / 10


class _People:
    def __init__(self, holdings: Iterable[Holding], at: datetime) -> None:
        self._at = at
        self._counting: Mapping[str, set[Person]] = defaultdict(set)
        self._pending: Mapping[str, set[Person]] = defaultdict(set)
        for holding in holdings:
            if holding.is_counting(at):
                self._counting[holding.certification].add(holding.person)
            elif holding.is_pending(at):
                self._pending[holding.certification].add(holding.person)

    @property
    def at(self) -> datetime:
        return self._at

    def counting(self, certifications: frozenset[str]) -> int:
        return len(self._with_any(self._counting, certifications))

    def pending(self, certifications: frozenset[str]) -> int:
        pending = self._with_any(self._pending, certifications)
        return len(pending - self._with_any(self._counting, certifications)) if pending else 0

    def _with_any(self, people: Mapping[str, set[Person]], certifications: frozenset[str]) -> set[Person]:
        return set().union(*(people.get(code, ()) for code in certifications))


def _attainment(program: Program, track: Track, people: People, attained: Set[str]) -> Attainment:
    metrics = []
    for measure in program.on_track(track):
        counts = [
            (len(requirement.designations & attained), 0)
            if requirement.role is RequirementRole.DESIGNATION
            else (people.counting(requirement.certifications), people.pending(requirement.certifications))
            for requirement in measure.requirements
        ]
        points = _points(measure, [counting for counting, _ in counts])
        later = _points(measure, [counting + pending for counting, pending in counts])
        requirements = tuple(
            RequirementAttainment(requirement=requirement, counting=counting, pending=pending, points=own_points)
            for requirement, (counting, pending), own_points in zip(measure.requirements, counts, points, strict=True)
        )
        pending_points = sum(later, Fraction(0)) - sum(points, Fraction(0))
        metrics.append(MetricAttainment(measure=measure, requirements=requirements, pending_points=pending_points))
    return Attainment(program=program, track=track, metrics=tuple(metrics), at=people.at)


def _points(measure: Measure, counts: Sequence[int]) -> list[Fraction]:
    points = []
    gates_are_met = True
    for requirement, count in zip(measure.requirements, counts, strict=True):
        if requirement.role is RequirementRole.GATE:
            # Gates come one after the other: one after an unmet gate gives nothing either (R13).
            gates_are_met = gates_are_met and count >= requirement.needed
            points.append(requirement.points if gates_are_met else Fraction(0))
        elif requirement.role is RequirementRole.ELECTIVE and not gates_are_met:
            points.append(Fraction(0))
        else:
            points.append(min(count, requirement.needed) * requirement.points_each)
    return points
