"""Why a credit counts or not: its explanation, contributions and timeline."""

from datetime import datetime

import strawberry

from api.graphql.ids import Kind, global_id, program_id
from api.graphql.types.from_row import from_row
from domain.queries.credits import CreditRow
from domain.rules import explanation as rule
from domain.rules.attainment import shown_points
from domain.rules.contributions import ProgramContribution
from domain.rules.enums import (
    CreditEndReason,
    CreditReasonCode,
    Metric,
    NoPointsReason,
    ReasonActor,
    RequirementRole,
    TimelineKind,
    Track,
)
from domain.rules.timeline import timeline

_ABOUT_THE_ASSOCIATION = {
    CreditReasonCode.NOT_ASSOCIATED,
    CreditReasonCode.ASSOCIATION_REMOVED,
    CreditReasonCode.ASSOCIATION_MOVED,
}


@strawberry.type(description="What a credit gives one requirement of a program at an instant, or why it gives nothing.")
class Contribution:
    program: str = strawberry.field(description="The key of the program.")
    program_title: str = strawberry.field(description="The program's title.")
    edition: str = strawberry.field(description="The key of the edition whose requirements are in force.")
    track: Track = strawberry.field(description="By which of the program's measures it is scored.")
    metric: Metric = strawberry.field(description="What the requirement belongs to.")
    step: int = strawberry.field(description="The requirement's number in its metric, from 1.")
    role: RequirementRole = strawberry.field(description="What the requirement does in its metric.")
    points: float = strawberry.field(
        description="The points that the credit gives, rounded to 1 decimal; a gate without points of its own gives 0."
    )
    reason: NoPointsReason | None = strawberry.field(
        description="Why it gives no points; null when it counts for the requirement."
    )


@strawberry.type(description="A condition of counting, or of giving points to a requirement, which is met or not.")
class CreditReason:
    code: CreditReasonCode = strawberry.field(description="The condition.")
    met: bool = strawberry.field(description="Whether it is met at the instant; what is not keeps the credit back.")
    since: datetime | None = strawberry.field(description="Since when that is so; null where it is not known.")
    expected_at: datetime | None = strawberry.field(
        description="When that is expected to change by itself; null where nothing is known that will change it."
    )
    actor: ReasonActor = strawberry.field(description="Who can do something about it.")
    action: str = strawberry.field(description="What they can do, in one sentence.")
    evidence_id: strawberry.ID = strawberry.field(
        description="The global id of what shows it: the association, the member, the credit itself, or the program."
    )
    contribution: Contribution | None = strawberry.field(
        description="The requirement that gets no points; null where the reason is about counting at all."
    )


@strawberry.type(description="Why a credit counts, or not, at the instant asked for.")
class CreditExplanation:
    summary: str = strawberry.field(description="One sentence.")
    reasons: list[CreditReason] = strawberry.field(
        description="What must hold for it to count, and why it gives requirements no points; what is not met is first."
    )
    counts_from_earliest: datetime | None = strawberry.field(
        description="The instant from which it counts or will count; null where it never will, or never again."
    )


@strawberry.type(description="Something that happened to a credit, or is expected to.")
class CreditTimelineEvent:
    kind: TimelineKind = strawberry.field(description="What happens.")
    at: datetime = strawberry.field(description="When it happens.")
    recorded_at: datetime | None = strawberry.field(
        description="When that was written down; null where it is still to be, or follows from the rules alone."
    )
    expected: bool = strawberry.field(description="Whether it lies ahead of the instant asked for.")
    end_reason: CreditEndReason | None = strawberry.field(description="Why the credit ends; null for other events.")


def explanation_of(row: CreditRow, contributions: tuple[ProgramContribution, ...]) -> CreditExplanation:
    explanation = rule.explanation(row.facts, at=row.as_of, contributions=contributions)
    return from_row(
        CreditExplanation,
        explanation,
        reasons=[
            from_row(
                CreditReason,
                reason,
                evidence_id=_evidence_id(reason, row),
                contribution=None if reason.contribution is None else contribution_of(reason.contribution),
            )
            for reason in explanation.reasons
        ],
    )


def timeline_of(row: CreditRow) -> list[CreditTimelineEvent]:
    events = timeline(row.facts, at=row.as_of, counted_at=row.counted_recorded_at, ended_at=row.ended_recorded_at)
    return [from_row(CreditTimelineEvent, event, expected=event.is_expected) for event in events]


def _evidence_id(reason: rule.Reason, row: CreditRow) -> strawberry.ID:
    # What a person can open to see it for themself.
    if reason.contribution is not None:
        return program_id(reason.contribution.program.key)
    if reason.code is CreditReasonCode.MEMBER_REMOVED:
        return global_id(Kind.MEMBER, row.member_id)
    if reason.code in _ABOUT_THE_ASSOCIATION:
        return global_id(Kind.ASSOCIATION, row.association_id)
    return global_id(Kind.CREDIT, row.id)


def contribution_of(row: ProgramContribution) -> Contribution:
    program = row.program
    return from_row(
        Contribution,
        row,
        program=program.key,
        program_title=program.title,
        edition=program.edition,
        points=shown_points(row.points),
    )
