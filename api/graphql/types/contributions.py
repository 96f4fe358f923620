"""Contributions of a credit to requirements."""

from datetime import datetime

import strawberry

from api.graphql.context import Info
from api.graphql.scorings import OrganizationScorings
from api.graphql.types.from_row import from_row
from domain.queries.contributions import CreditContributions
from domain.rules.attainment import shown_points
from domain.rules.contributions import ProgramContribution
from domain.rules.enums import Metric, NoPointsReason, RequirementRole, Track


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


async def contributions_of_members(
    info: Info, organization_id: int, member_ids: frozenset[int], *, as_of: datetime
) -> CreditContributions:
    """Return what each credit of members contributes as of an instant, together with those of the other lists."""
    scorings = info.context.scorings.organization(organization_id, info)
    return await info.context.loaders.load(
        OrganizationScorings.contributions_of_groups, scorings, member_ids, as_of=as_of
    )


def contribution_of(row: ProgramContribution) -> Contribution:
    """Return a contribution as clients see it."""
    program = row.program
    return from_row(
        Contribution,
        row,
        program=program.key,
        program_title=program.title,
        edition=program.edition,
        points=shown_points(row.points),
    )
