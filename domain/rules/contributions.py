"""Which certification of which person gave a metric its points, and why did another give none (R13)?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from domain.rules.attainment import Attainment, Holding, MetricAttainment, Person, RequirementAttainment, attainments
from domain.rules.enums import Metric, NoPointsReason, RequirementRole, Track
from domain.rules.programs import Program, Requirement


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What one holding gives one requirement; no reason and no points: it counts for a gate that gives none."""

    holding: Holding
    requirement: Requirement
    points: Fraction
    reason: NoPointsReason | None


def contributions(metric: MetricAttainment, holdings: Iterable[Holding], *, at: datetime) -> tuple[Contribution, ...]:
    """Return what each holding that counts or is pending gives each requirement that asks for it.

    Points go to the people needed whose certifications began to count first, so that a later one never takes them
    away. ``metric`` is the attainment of the same holdings at the same instant. The points add up to the metric's.
    """
    asked_for = metric.measure.certifications
    relevant = sorted(
        (
            holding
            for holding in holdings
            if holding.certification in asked_for and (holding.is_counting(at) or holding.is_pending(at))
        ),
        key=lambda holding: (holding.counts_from, str(holding.person), holding.certification, holding.credit_id or 0),
    )
    found: list[Contribution] = []
    gates_are_met = True
    for attainment in metric.requirements:
        asked = (holding for holding in relevant if holding.certification in attainment.requirement.certifications)
        found += _of_requirement(attainment, asked, at, gates_are_met=gates_are_met)
        if attainment.requirement.role is RequirementRole.GATE:
            gates_are_met = gates_are_met and attainment.met
    return tuple(found)


def _of_requirement(
    attainment: RequirementAttainment, holdings: Iterable[Holding], at: datetime, *, gates_are_met: bool
) -> Iterator[Contribution]:
    requirement = attainment.requirement
    seen: set[Person] = set()
    for holding in holdings:
        reason = _reason(attainment, holding, at, seen, gates_are_met=gates_are_met)
        if holding.is_counting(at):
            seen.add(holding.person)
        points = requirement.points_each if reason is None else Fraction(0)
        yield Contribution(holding=holding, requirement=requirement, points=points, reason=reason)


def _reason(
    attainment: RequirementAttainment, holding: Holding, at: datetime, seen: set[Person], *, gates_are_met: bool
) -> NoPointsReason | None:
    role = attainment.requirement.role
    if not holding.is_counting(at):
        return NoPointsReason.PENDING
    if holding.person in seen:
        return NoPointsReason.ALREADY_COUNTED
    if len(seen) >= attainment.requirement.needed:
        return NoPointsReason.CAP_REACHED
    if role in {RequirementRole.GATE, RequirementRole.ELECTIVE} and not gates_are_met:
        return NoPointsReason.GATE_UNMET
    if role is RequirementRole.GATE and not attainment.met:
        return NoPointsReason.MORE_PEOPLE_NEEDED
    return None


_WITHOUT_PLACE = {NoPointsReason.PENDING, NoPointsReason.ALREADY_COUNTED, NoPointsReason.CAP_REACHED}


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramContribution:
    """What one credit gives one requirement of a program, or why it gives no points."""

    program: Program
    track: Track
    metric: Metric
    step: int
    role: RequirementRole
    points: Fraction
    reason: NoPointsReason | None


def decisive_places(programs: Iterable[Program]) -> dict[str, int]:
    """Return of each certification that counts how many people, the first by when it counts, can decide anything."""
    places: dict[str, int] = defaultdict(int)
    for program in programs:
        for measure in program.measures:
            for requirement in measure.requirements:
                for code in requirement.certifications:
                    places[code] = max(places[code], requirement.needed)
    return dict(places)


class ProgramContributions:
    """Tells what credits of an organization contribute at an instant (aware, UTC).

    ``first`` holds at least those holdings that count then and that ``decisive_places`` asks for; ``track`` is the
    organization's setting.
    """

    def __init__(
        self, first: Sequence[Holding], programs: Sequence[Program], *, at: datetime, track: Track | None = None
    ) -> None:
        self._at = at
        self._scored = [
            _Scored.of(attainment, metric, first, at=at)
            for attainment in attainments(first, programs, at=at, track=track)
            for metric in attainment.metrics
        ]

    def of(self, holdings: Iterable[Holding]) -> dict[int, tuple[ProgramContribution, ...]]:
        """Return the contributions of each credit; ``holdings`` are all that some people have, and only theirs."""
        wanted = [holding for holding in holdings if holding.credit_id is not None]
        found: dict[int, list[ProgramContribution]] = {
            holding.credit_id: [] for holding in wanted if holding.credit_id is not None
        }
        for scored in self._scored:
            for credit_id, contribution in scored.contributions(wanted, at=self._at):
                if credit_id in found:
                    found[credit_id].append(contribution)
        return {credit_id: tuple(given) for credit_id, given in found.items()}


@dataclass(frozen=True, kw_only=True)
class _Scored:
    """A metric of an attainment, and those whose certifications take its places."""

    program: Program
    metric: MetricAttainment
    placed: tuple[Holding, ...]

    @classmethod
    def of(
        cls, attainment: Attainment, metric: MetricAttainment, first: Iterable[Holding], *, at: datetime
    ) -> "_Scored":
        placed = {
            each.holding.credit_id: each.holding
            for each in contributions(metric, first, at=at)
            if each.reason not in _WITHOUT_PLACE
        }
        return cls(program=attainment.program, metric=metric, placed=tuple(placed.values()))

    def contributions(
        self, wanted: Iterable[Holding], *, at: datetime
    ) -> Iterable[tuple[int | None, ProgramContribution]]:
        codes = self.metric.measure.certifications
        asked = {each.credit_id: each for each in wanted if each.certification in codes}
        if not asked:
            return
        together = asked | {each.credit_id: each for each in self.placed}
        for each in contributions(self.metric, together.values(), at=at):
            yield (
                each.holding.credit_id,
                ProgramContribution(
                    program=self.program,
                    track=self.metric.measure.track,
                    metric=self.metric.metric,
                    step=each.requirement.step,
                    role=each.requirement.role,
                    points=each.points,
                    reason=each.reason,
                ),
            )
