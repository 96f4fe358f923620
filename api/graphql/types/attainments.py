"""Programs, their requirements, and how far an organization is in them."""

from datetime import date, datetime

import strawberry

from api.graphql.fields import field
from api.graphql.ids import program_id
from api.graphql.types.from_row import from_row
from domain.rules import attainment as rule
from domain.rules import programs
from domain.rules.attainment import shown_points
from domain.rules.enums import Metric, ProgramKind, RequirementRole, Track, TrackRule


@strawberry.type(description="How many points a metric of a designation can have.")
class MetricMaximum:
    metric: Metric = strawberry.field(description="The metric.")
    points: int = strawberry.field(description="The most points that it can have; all metrics together have 100.")


@strawberry.type(description="So many distinct people with any of some certifications, and what they give.")
class Requirement:
    metric: Metric = strawberry.field(description="The metric that it belongs to.")
    track: Track = strawberry.field(description="The track on which it is asked for.")
    step: int = strawberry.field(description="Its number in its metric, from 1.")
    role: RequirementRole = strawberry.field(description="What it does in its metric.")
    needed: int = strawberry.field(
        description="People needed: at least, or for all the points of an elective; designations where it asks for any."
    )
    max_points: float = strawberry.field(description="The most points that it gives, rounded to 1 decimal.")
    certifications: list[str] = strawberry.field(
        description="The codes of the certifications, any of which counts; empty where they are not published."
    )
    designations: list[str] = strawberry.field(
        description="The keys of the designations, any of which must be attained; empty for other roles."
    )
    note: str | None = strawberry.field(description="What it asks for where the certifications are not published.")
    since: date | None = strawberry.field(
        description="The date from which the edition asks for it, where that is later than the edition's own."
    )


@strawberry.type(description="A designation or specialization as the edition in force at an instant has it.")
class Program:
    id: strawberry.ID = strawberry.field(description="Opaque, and the same in every edition.")
    key: str = strawberry.field(description="Its name for machines, such as data-ai.")
    kind: ProgramKind = strawberry.field(description="What kind of thing it is.")
    title: str = strawberry.field(description="Its name for people.")
    edition: str = strawberry.field(description="The key of the edition that says its requirements, such as 2026-08.")
    published: bool = strawberry.field(
        description="Whether its requirements are published; where not, nobody can tell how far an organization is."
    )
    track_rule: TrackRule = strawberry.field(description="How an organization's track in it is found.")
    tracks: list[Track] = strawberry.field(description="The tracks that it is scored on.")
    maxima: list[MetricMaximum] = strawberry.field(
        description="The metrics of a designation; certlink scores those of skilling."
    )
    requirements: list[Requirement] = strawberry.field(description="What it asks for, metric by metric, step by step.")


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


def program_of(program: programs.Program) -> Program:
    return from_row(
        Program,
        program,
        id=program_id(program.key),
        published=program.is_published,
        tracks=list(program.tracks),
        maxima=[MetricMaximum(metric=metric, points=points) for metric, points in program.maxima],
        requirements=[
            requirement_of(measure, requirement) for measure in program.measures for requirement in measure.requirements
        ],
    )


def requirement_of(measure: programs.Measure, requirement: programs.Requirement) -> Requirement:
    return from_row(
        Requirement,
        requirement,
        metric=measure.metric,
        track=measure.track,
        max_points=shown_points(requirement.points),
        certifications=sorted(requirement.certifications),
        designations=sorted(requirement.designations),
        since=measure.since,
    )


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


def requirement_attainment_of(measure: programs.Measure, row: rule.RequirementAttainment) -> RequirementAttainment:
    return from_row(
        RequirementAttainment,
        row,
        requirement=requirement_of(measure, row.requirement),
        points=shown_points(row.points),
    )
