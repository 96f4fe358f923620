"""Attainments of an organization in programs, metrics and requirements."""

from datetime import datetime

import strawberry

from api.graphql.fields import field
from api.graphql.types.from_row import from_row
from api.graphql.types.programs import Program, Requirement, program_of, requirement_of
from domain.rules import attainment as rule
from domain.rules.attainment import shown_points
from domain.rules.enums import Metric, Track
from domain.rules.programs import Measure


@strawberry.type(description="How far an organization is with one requirement.")
class RequirementAttainment:
    requirement: Requirement = strawberry.field(description="What is asked for.")
    counting: int = strawberry.field(description="People who count at the instant; designations where it asks for any.")
    pending: int = strawberry.field(description="People who come on top of those once what is pending counts.")
    missing: int = strawberry.field(description="How many more are needed.")
    spare: int = strawberry.field(description="How many could leave before fewer than needed are left.")
    points: float = strawberry.field(description="The points that it gives, rounded to 1 decimal.")
    met: bool = strawberry.field(description="Whether as many count as are needed.")


@strawberry.type(description="How far an organization is with one metric of a program.")
class MetricAttainment:
    metric: Metric = strawberry.field(description="The metric.")
    points: float = strawberry.field(description="The points at the instant, rounded to 1 decimal.")
    max_points: float = strawberry.field(description="The most points that it can have.")
    pending_points: float = strawberry.field(description="The points that come on top once what is pending counts.")
    attained: bool = strawberry.field(description="Whether the metric does what it must for the program.")


@strawberry.type(description="How far an organization is in a program at an instant, requirement by requirement.")
class Attainment:
    # What lies below is made by resolvers, only where it is selected: a forecast has thousands of attainments.
    row: strawberry.Private[rule.Attainment]

    edition: str = strawberry.field(description="The key of the edition whose requirements are in force.")
    track: Track = strawberry.field(description="The track on which it is scored.")
    points: float = strawberry.field(description="The points of all metrics that certlink knows, rounded to 1 decimal.")
    max_points: float = strawberry.field(description="The most points that these metrics can have.")
    needed_points: float = strawberry.field(
        description="The points below which the program is out of reach, whatever else the organization does."
    )
    pending_points: float = strawberry.field(description="The points that come on top once what is pending counts.")
    attained: bool = strawberry.field(
        description="Whether people's certifications are enough for it: every requirement of a specialization; of a "
        "designation every gate, more than nothing in every metric, and the points needed."
    )
    as_of: datetime = strawberry.field(description="The instant asked for.")

    @field("The program, as its edition defines it.")
    def program(self) -> Program:
        return program_of(self.row.program)

    @field("How far each metric is.")
    def metrics(self) -> list[MetricAttainment]:
        return [
            from_row(
                MetricAttainment,
                metric,
                points=shown_points(metric.points),
                max_points=shown_points(metric.max_points),
                pending_points=shown_points(metric.pending_points),
            )
            for metric in self.row.metrics
        ]

    @field("How far each requirement is, metric by metric, step by step.")
    def requirements(self) -> list[RequirementAttainment]:
        return [
            requirement_attainment_of(metric.measure, requirement)
            for metric in self.row.metrics
            for requirement in metric.requirements
        ]


def attainment_of(row: rule.Attainment) -> Attainment:
    return from_row(
        Attainment,
        row,
        row=row,
        edition=row.program.edition,
        points=shown_points(row.points),
        max_points=shown_points(row.max_points),
        needed_points=shown_points(row.needed_points),
        pending_points=shown_points(row.pending_points),
        as_of=row.at,
    )


def requirement_attainment_of(measure: Measure, row: rule.RequirementAttainment) -> RequirementAttainment:
    return from_row(
        RequirementAttainment,
        row,
        requirement=requirement_of(measure, row.requirement),
        points=shown_points(row.points),
    )
