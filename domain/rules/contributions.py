"""Which certification of which person gave a metric its points, and why did another give none (R13)?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from domain.rules.attainment import Holding, MetricAttainment, Person, RequirementAttainment
from domain.rules.programs import Requirement
from domain.rules.words import NoPointsReason, RequirementRole


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
