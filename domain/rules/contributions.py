"""Contributions of people's certifications to a metric's points (R13)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from domain.rules.attainment import Holding, MetricAttainment, Person, RequirementAttainment, attainments
from domain.rules.enums import Metric, NoPointsReason, RequirementRole, Track
from domain.rules.programs import Program, Requirement

# Who has no points for one of these reasons is not among the people needed.
_NOT_NEEDED = {NoPointsReason.PENDING, NoPointsReason.ALREADY_COUNTED, NoPointsReason.CAP_REACHED}


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """The points that one holding gives one requirement; a gate without points has neither points nor a reason."""

    holding: Holding
    requirement: Requirement
    points: Fraction
    reason: NoPointsReason | None


def contributions(metric: MetricAttainment, holdings: Iterable[Holding], *, at: datetime) -> tuple[Contribution, ...]:
    """Return the contribution of each counting or pending holding to each requirement that needs its certification.

    ``metric`` is the attainment of the same holdings at the same instant. The points add up to the metric's.
    """
    # Points go to the people whose certifications began to count first, so a later one never takes them away.
    codes = metric.measure.certifications
    relevant = sorted(
        (
            holding
            for holding in holdings
            if holding.certification in codes and (holding.is_counting(at) or holding.is_pending(at))
        ),
        # In the order of domain/queries/contributions.py, which reads only the first of very many.
        key=lambda holding: (holding.counts_from, str(holding.person), holding.certification, holding.credit_id or 0),
    )
    result: list[Contribution] = []
    gates_are_met = True
    for attainment in metric.requirements:
        requirement = attainment.requirement
        counted: set[Person] = set()
        for holding in relevant:
            if holding.certification not in requirement.certifications:
                continue
            reason = _reason(attainment, holding, at, counted, gates_are_met=gates_are_met)
            if holding.is_counting(at):
                counted.add(holding.person)
            points = requirement.points_each if reason is None else Fraction(0)
            result.append(Contribution(holding=holding, requirement=requirement, points=points, reason=reason))
        if requirement.role is RequirementRole.GATE:
            gates_are_met = gates_are_met and attainment.met
    return tuple(result)


def _reason(
    attainment: RequirementAttainment, holding: Holding, at: datetime, counted: set[Person], *, gates_are_met: bool
) -> NoPointsReason | None:
    role = attainment.requirement.role
    if not holding.is_counting(at):
        return NoPointsReason.PENDING
    if holding.person in counted:
        return NoPointsReason.ALREADY_COUNTED
    if len(counted) >= attainment.requirement.needed:
        return NoPointsReason.CAP_REACHED
    if role in {RequirementRole.GATE, RequirementRole.ELECTIVE} and not gates_are_met:
        return NoPointsReason.GATE_UNMET
    if role is RequirementRole.GATE and not attainment.met:
        return NoPointsReason.MORE_PEOPLE_NEEDED
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramContribution:
    """The points that one credit gives one requirement of a program, or the reason for no points."""

    program: Program
    track: Track
    metric: Metric
    step: int
    role: RequirementRole
    points: Fraction
    reason: NoPointsReason | None


def decisive_people(programs: Iterable[Program]) -> dict[str, int]:
    """Return for each certification how many people, those for whom it counts longest, can change any points."""
    people: dict[str, int] = defaultdict(int)
    for program in programs:
        for measure in program.measures:
            for requirement in measure.requirements:
                for code in requirement.certifications:
                    people[code] = max(people[code], requirement.needed)
    return dict(people)


class ProgramContributions:
    """The contributions of an organization's credits at an instant (aware, UTC).

    ``first`` holds at least the counting holdings of the ``decisive_people``; ``track`` is the organization's setting.
    """

    def __init__(
        self, first: Sequence[Holding], programs: Sequence[Program], *, at: datetime, track: Track | None = None
    ) -> None:
        self._at = at
        # Of each metric the holdings of the people needed: nobody else who counts can change another's points.
        self._scored = [
            (
                attainment.program,
                metric,
                {
                    contribution.holding.credit_id: contribution.holding
                    for contribution in contributions(metric, first, at=at)
                    if contribution.reason not in _NOT_NEEDED
                },
            )
            for attainment in attainments(first, programs, at=at, track=track)
            for metric in attainment.metrics
        ]

    def of(self, holdings: Iterable[Holding]) -> dict[int, tuple[ProgramContribution, ...]]:
        """Return the contributions of each credit; ``holdings`` are all holdings of some people and of no others."""
        by_credit = {holding.credit_id: holding for holding in holdings if holding.credit_id is not None}
        result: dict[int, list[ProgramContribution]] = {credit_id: [] for credit_id in by_credit}
        for program, metric, needed in self._scored:
            codes = metric.measure.certifications
            own = {credit_id: holding for credit_id, holding in by_credit.items() if holding.certification in codes}
            if not own:
                continue
            for contribution in contributions(metric, (own | needed).values(), at=self._at):
                credit_id = contribution.holding.credit_id
                # The others are there only because they decide what is left for these.
                if credit_id not in result:
                    continue
                result[credit_id].append(
                    ProgramContribution(
                        program=program,
                        track=metric.measure.track,
                        metric=metric.metric,
                        step=contribution.requirement.step,
                        role=contribution.requirement.role,
                        points=contribution.points,
                        reason=contribution.reason,
                    )
                )
        return {credit_id: tuple(contributions) for credit_id, contributions in result.items()}
