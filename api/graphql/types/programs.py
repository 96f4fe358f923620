"""Programs and their requirements."""

from datetime import date

import strawberry

from api.graphql.ids import program_id
from api.graphql.types.from_row import from_row
from domain.rules import programs as rule
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


def program_of(program: rule.Program) -> Program:
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


def requirement_of(measure: rule.Measure, requirement: rule.Requirement) -> Requirement:
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
