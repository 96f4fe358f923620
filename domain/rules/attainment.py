"""How far is an organization in its programs, requirement by requirement (R13, R14)?

Points are exact fractions. They are rounded, to one decimal, only where they are shown.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from domain.rules.enums import CreditEndReason, Metric, ProgramKind, RequirementRole, Track, TrackRule
from domain.rules.programs import Measure, Program, Requirement

# "A total score of at least 70 of 100 points", of which certlink knows the skilling part only.
SCORE_MAX = 100
QUALIFY_THRESHOLD = 70

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
        """Tell whether it counts at an instant."""
        return self.counts_from <= at and (self.counts_until is None or at < self.counts_until)

    def is_pending(self, at: datetime) -> bool:
        """Tell whether it does not count yet, and will."""
        return at < self.counts_from and (self.counts_until is None or self.counts_from < self.counts_until)


class People(Protocol):
    """How many distinct people have any of some certifications at an instant, which is aware and in UTC."""

    @property
    def at(self) -> datetime:
        """Return the instant."""

    def counting(self, certifications: frozenset[str]) -> int:
        """Return for how many of them one counts."""

    def pending(self, certifications: frozenset[str]) -> int:
        """Return how many come on top of those once what is pending counts."""


@dataclass(frozen=True, kw_only=True)
class RequirementAttainment:
    """How far one requirement is: how many distinct people count, and how many more do once pending ones count."""

    requirement: Requirement
    counting: int
    pending: int
    points: Fraction

    @property
    def met(self) -> bool:
        """Tell whether as many count as are needed."""
        return self.counting >= self.requirement.needed

    @property
    def missing(self) -> int:
        """Return how many more are needed."""
        return max(0, self.requirement.needed - self.counting)

    @property
    def spare(self) -> int:
        """Return how many could leave before fewer than needed are left."""
        return max(0, self.counting - self.requirement.needed)


@dataclass(frozen=True, kw_only=True)
class MetricAttainment:
    """How far one metric is on one track; ``pending_points`` come on top when all that is pending counts."""

    measure: Measure
    requirements: tuple[RequirementAttainment, ...]
    pending_points: Fraction

    @property
    def metric(self) -> Metric:
        """Return the metric."""
        return self.measure.metric

    @property
    def points(self) -> Fraction:
        """Return the points at the instant."""
        return sum((requirement.points for requirement in self.requirements), Fraction(0))

    @property
    def max_points(self) -> Fraction:
        """Return the most points that the metric can have."""
        return self.measure.max_points

    @property
    def attained(self) -> bool:
        """Tell whether the metric does what it must.

        For knowledge: every requirement is met. For skilling: every gate is met, the metric exceeds 0, and with all
        points that are not its own the threshold can be reached.
        """
        if self.metric is Metric.KNOWLEDGE:
            return all(requirement.met for requirement in self.requirements)
        gates = (each for each in self.requirements if each.requirement.role is RequirementRole.GATE)
        return self.points > 0 and self.points >= points_to_reach(self.max_points) and all(gate.met for gate in gates)


@dataclass(frozen=True, kw_only=True)
class Attainment:
    """How far an organization is in one program on one track at an instant, which is aware and in UTC."""

    program: Program
    track: Track
    metrics: tuple[MetricAttainment, ...]
    at: datetime

    @property
    def points(self) -> Fraction:
        """Return the points of all metrics together."""
        return sum((metric.points for metric in self.metrics), Fraction(0))

    @property
    def pending_points(self) -> Fraction:
        """Return the points that come on top when all that is pending counts."""
        return sum((metric.pending_points for metric in self.metrics), Fraction(0))

    @property
    def max_points(self) -> Fraction:
        """Return the most points that the metrics can have."""
        return sum((metric.max_points for metric in self.metrics), Fraction(0))

    @property
    def needed_points(self) -> Fraction:
        """Return the points below which the program cannot be attained, whatever else the organization does."""
        is_designation = self.program.kind is ProgramKind.DESIGNATION
        return points_to_reach(self.max_points) if is_designation else self.max_points

    @property
    def attained(self) -> bool:
        """Tell whether people's certifications are enough for the program: each metric's and all together."""
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
    """Return how far an organization is in each program whose requirements are published.

    ``track`` is the organization's setting. Where both tracks are scored and the higher total counts, it does not
    matter unless ``either_track`` is false. Without a setting, a program with a choice is scored on every track.
    """
    return attainments_of(_People(holdings, at), programs, track=track, either_track=either_track)


def attainments_of(
    people: People, programs: Sequence[Program], *, track: Track | None = None, either_track: bool = True
) -> tuple[Attainment, ...]:
    """Return what ``attainments`` does of people who are counted already."""
    found: list[Attainment] = []
    for program in (program for program in programs if program.kind is ProgramKind.DESIGNATION):
        found += _of_designation(program, people, track, either_track=either_track)
    attained = {each.program.key for each in found if each.attained}
    for program in (program for program in programs if program.kind is ProgramKind.SPECIALIZATION):
        found += [_attainment(program, each, people, attained) for each in program.tracks]
    return tuple(found)


def points_to_reach(max_points: Fraction) -> Fraction:
    """Return the points below which the threshold cannot be reached with all points of everything else."""
    return max(Fraction(0), max_points - (SCORE_MAX - QUALIFY_THRESHOLD))


def shown_points(points: Fraction) -> float:
    """Return points as they are shown: rounded half up to one decimal."""
    return int(points * 10 + Fraction(1, 2)) / 10


class _People:
    """Who counts and who is pending with each certification at an instant."""

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
        on_top = self._with_any(self._pending, certifications)
        return len(on_top - self._with_any(self._counting, certifications)) if on_top else 0

    def _with_any(self, people: Mapping[str, set[Person]], certifications: frozenset[str]) -> set[Person]:
        return set().union(*(people.get(code, ()) for code in certifications))


def _of_designation(program: Program, people: People, track: Track | None, *, either_track: bool) -> list[Attainment]:
    takes_higher = program.track_rule is TrackRule.HIGHER_TOTAL and (either_track or track is None)
    chosen = [each for each in program.tracks if each is track and not takes_higher] or program.tracks
    found = [_attainment(program, each, people, set()) for each in chosen]
    return [max(found, key=lambda each: each.points)] if takes_higher and found else found


def _attainment(program: Program, track: Track, people: People, attained: Set[str]) -> Attainment:
    metrics = tuple(_metric(measure, people, attained) for measure in program.on_track(track))
    return Attainment(program=program, track=track, metrics=metrics, at=people.at)


def _metric(measure: Measure, people: People, attained: Set[str]) -> MetricAttainment:
    counts = [_counts(requirement, people, attained) for requirement in measure.requirements]
    points = _points(measure, [counting for counting, _ in counts])
    later = _points(measure, [counting + pending for counting, pending in counts])
    return MetricAttainment(
        measure=measure,
        requirements=tuple(
            RequirementAttainment(requirement=requirement, counting=counting, pending=pending, points=given)
            for requirement, (counting, pending), given in zip(measure.requirements, counts, points, strict=True)
        ),
        pending_points=sum(later, Fraction(0)) - sum(points, Fraction(0)),
    )


def _counts(requirement: Requirement, people: People, attained: Set[str]) -> tuple[int, int]:
    if requirement.role is RequirementRole.DESIGNATION:
        return len(requirement.designations & attained), 0
    return people.counting(requirement.certifications), people.pending(requirement.certifications)


def _points(measure: Measure, counts: Sequence[int]) -> list[Fraction]:
    """Return what each requirement gives when so many people count for it."""
    given = []
    gates_are_met = True
    for requirement, count in zip(measure.requirements, counts, strict=True):
        if requirement.role is RequirementRole.GATE:
            gates_are_met = gates_are_met and count >= requirement.needed
            given.append(requirement.points if gates_are_met else Fraction(0))
        elif requirement.role is RequirementRole.ELECTIVE and not gates_are_met:
            given.append(Fraction(0))
        else:
            given.append(min(count, requirement.needed) * requirement.points_each)
    return given


@dataclass(frozen=True, kw_only=True, slots=True)
class CountedCredit(Holding):
    """A credit that counts at some time; nothing is known of it before ``known_from``.

    ``person`` is the number of its member.
    """

    known_from: datetime
    end_reason: CreditEndReason | None = None


def known_at(credits: Iterable[CountedCredit], at: datetime) -> list[CountedCredit]:
    """Return the credits whose completion and association are no later than an aware instant."""
    return [credit for credit in credits if credit.known_from <= at]
