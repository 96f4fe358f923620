"""What is an organization to its members?

The modules of this package import each other as modules, since the things they describe know each other too.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.ids import Kind, global_id
from api.graphql.pagination.arguments import ListAsOf, PageArguments, connection_field
from api.graphql.pagination.connections import Connection
from api.graphql.selection import selects
from api.graphql.types import credits, skills_report
from api.graphql.types.contributions import contributions_of_members
from api.graphql.types.credit_arguments import AsOf, Filter, instant, matching
from api.graphql.types.node import Node
from api.graphql.types.organization_members import OrganizationApiClients, OrganizationMembers
from api.graphql.types.organization_programs import OrganizationPrograms
from api.graphql.types.skills_report import ListOrder, ReportFilter, ReportOrder, ordered, report_matching
from domain.queries.contributions import CreditContributions
from domain.queries.credits import CreditStatusSummary as SummaryRow
from domain.queries.credits import credit_status_summary, credits_of_organization
from domain.queries.members import OfMember, OrganizationRow
from domain.queries.skills_report import DEFAULT_ORDER
from domain.queries.skills_report import skills_report as skills_report_page
from domain.rules.enums import Track

if TYPE_CHECKING:
    from api.graphql.types.credits import Credit
    from api.graphql.types.skills_report import SkillsReportConnection


@strawberry.type(description="How many of an organization's credits are in which state at an instant.")
class CreditStatusSummary:
    """Counts, and what comes next."""

    pending: int = strawberry.field(description="Credits that do not count yet.")
    counting: int = strawberry.field(description="Credits that count.")
    ended: int = strawberry.field(description="Credits that count no more.")
    ending_soon: int = strawberry.field(description="Credits that count and end within 60 days of the instant.")
    overdue: int = strawberry.field(
        description="Credits whose change was due more than 60 seconds ago, by the present, and is not recorded yet."
    )
    next_due_at: datetime | None = strawberry.field(
        description="When the next pending credit begins to count; null when none is pending."
    )
    as_of: datetime = strawberry.field(description="The instant asked for.")


@strawberry.type(description="A partner company that can be credited.")
class Organization(OrganizationPrograms, OrganizationMembers, OrganizationApiClients, Node):
    """The viewer's own organization: nobody sees another."""

    name: str = strawberry.field(description="The company's name.")
    track: Track | None = strawberry.field(
        description="The track on which it is scored where a program has a choice; null where it has not said."
    )

    @field(
        "How many credits are in which state at an instant; null unless an admin or an API client with the "
        "scope CREDITS_READ asks."
    )
    async def credit_status(self, info: Info, as_of: AsOf = UNSET) -> CreditStatusSummary | None:
        """Count the credits."""
        context = info.context
        if context.viewer is None:
            return None
        row = await context.loaders.load_once(
            info, credit_status_summary, context.viewer, as_of=instant(as_of, context), now=context.now
        )
        return _summary(row) if row else None

    @connection_field(
        "Everybody's credits, the latest recorded first; null unless an admin or an API client with the scope "
        "CREDITS_READ asks."
    )
    async def credits(
        self,
        info: Info,
        arguments: PageArguments,
        wanted: Filter = UNSET,
        order_by: ListOrder = UNSET,
        as_of: ListAsOf = UNSET,
    ) -> Connection[Annotated["Credit", strawberry.lazy("api.graphql.types.credits")]] | None:
        """List the credits."""
        context = info.context
        if context.viewer is None:
            return None
        request, at = arguments.request_as_of(info, as_of, of=self.row_id, order=ordered(order_by))
        page = await context.loaders.load_once(
            info,
            credits_of_organization,
            context.viewer,
            self.row_id,
            matching=matching(wanted),
            as_of=at,
            page=request.page,
        )
        return await credits.connection_of(page, request, info) if page else None

    @connection_field(
        "The organization's credits with their people, as of an instant; null unless an admin or an API client with "
        "the scope REPORT_READ asks."
    )
    async def skills_report(
        self,
        info: Info,
        arguments: PageArguments,
        wanted: ReportFilter = UNSET,
        order_by: ReportOrder = UNSET,
        as_of: ListAsOf = UNSET,
    ) -> Annotated["SkillsReportConnection", strawberry.lazy("api.graphql.types.skills_report")] | None:
        """List the report's rows."""
        viewer = info.context.viewer
        if viewer is None:
            return None
        request, at = arguments.request_as_of(info, as_of, of=self.row_id, order=ordered(order_by) or DEFAULT_ORDER)
        page = await info.context.loaders.load_once(
            info,
            skills_report_page,
            viewer,
            self.row_id,
            matching=report_matching(wanted),
            as_of=at,
            page=request.page,
        )
        if page is None:
            return None
        contributions: CreditContributions = {}
        if selects(info, "nodes", "contributions") or selects(info, "edges", "node", "contributions"):
            members = frozenset(row.member_id for row in page.rows)
            contributions = await contributions_of_members(info, self.row_id, members, as_of=at)
        return skills_report.skills_report_of(page, request, contributions, as_of=at)


def organization_of(row: OrganizationRow | OfMember) -> Organization:
    """Return the organization that a row is, or belongs to."""
    if isinstance(row, OrganizationRow):
        return Organization(id=global_id(Kind.ORGANIZATION, row.id), row_id=row.id, name=row.name, track=row.track)
    return Organization(
        id=global_id(Kind.ORGANIZATION, row.organization_id),
        row_id=row.organization_id,
        name=row.organization_name,
        track=row.organization_track,
    )


def _summary(row: SummaryRow) -> CreditStatusSummary:
    return CreditStatusSummary(
        pending=row.pending,
        counting=row.counting,
        ended=row.ended,
        ending_soon=row.ending_soon,
        overdue=row.overdue,
        next_due_at=row.next_due_at,
        as_of=row.as_of,
    )
