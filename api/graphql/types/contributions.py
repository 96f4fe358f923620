"""What is a contribution to clients?"""

from datetime import datetime

import strawberry

from api.graphql.context import Info
from api.graphql.scorings import OrganizationScorings
from domain.queries.contributions import CreditContributions
from domain.rules.attainment import shown_points
from domain.rules.contributions import ProgramContribution
from domain.rules.enums import Metric, NoPointsReason, RequirementRole, Track


@strawberry.type(description="What a credit gives one requirement of a program at an instant, or why it gives nothing.")
class Contribution:
    """A requirement that asks for the credit's certification."""

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
    """Return what each credit of members contributes as of an instant, read for all lists of the operation at once."""
    scorings = info.context.scorings.organization(organization_id, info)
    return await info.context.loaders.load(
        OrganizationScorings.contributions_of_groups, scorings, member_ids, as_of=as_of
    )


def contribution_of(row: ProgramContribution) -> Contribution:
    """Return a contribution."""
    return Contribution(
        program=row.program.key,
        program_title=row.program.title,
        edition=row.program.edition,
        track=row.track,
        metric=row.metric,
        step=row.step,
        role=row.role,
        points=shown_points(row.points),
        reason=row.reason,
    )
