"""The organization, which only its own members and API clients see."""

from datetime import datetime

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import AsOf, field
from api.graphql.ids import Kind, Node, global_id
from api.graphql.pagination.connections import (
    Connection,
    ListAsOf,
    PageArguments,
    connection_field,
    organization_page,
)
from api.graphql.selection import selects
from api.graphql.types.credits import Credit, CreditFilterArgument, checked_credit_filter, credits_connection
from api.graphql.types.explanations import contributions_of_members
from api.graphql.types.from_row import from_row
from api.graphql.types.organization_members import OrganizationMembers
from api.graphql.types.organization_programs import OrganizationPrograms
from api.graphql.types.skills_report import (
    ListOrder,
    ReportFilter,
    ReportOrder,
    SkillsReportConnection,
    checked_report_filter,
    order_of,
    report_connection,
)
from domain.queries.contributions import CreditContributions
from domain.queries.credits import credit_status_summary, credits_of_organization
from domain.queries.members import OfMember, OrganizationRow
from domain.queries.skills_report import DEFAULT_ORDER, skills_report
from domain.rules.enums import Track


@strawberry.type(description="How many of an organization's credits are in which state at an instant.")
class CreditStatusSummary:
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
class Organization(OrganizationPrograms, OrganizationMembers, Node):
    name: str = strawberry.field(description="The company's name.")
    track: Track | None = strawberry.field(
        description="The track on which it is scored where a program has a choice; null where it has not said."
    )

    @field(
        "How many credits are in which state at an instant; null unless an admin or an API client with the "
        "scope CREDITS_READ asks."
    )
    async def credit_status(self, info: Info, as_of: AsOf = UNSET) -> CreditStatusSummary | None:
        context = info.context
        if context.viewer is None:
            return None
        row = await context.loaders.load_once(
            info, credit_status_summary, context.viewer, as_of=as_of or context.now, now=context.now
        )
        return from_row(CreditStatusSummary, row) if row else None

    @connection_field(
        "Everybody's credits, the latest recorded first; null unless an admin or an API client with the scope "
        "CREDITS_READ asks."
    )
    async def credits(
        self,
        info: Info,
        arguments: PageArguments,
        filter_: CreditFilterArgument = UNSET,
        order_by: ListOrder = UNSET,
        as_of: ListAsOf = UNSET,
    ) -> Connection[Credit] | None:
        request, at = arguments.request_as_of(info, as_of, of=self.row_id, order=order_of(order_by))
        page = await organization_page(
            info, credits_of_organization, self.row_id, request, matching=checked_credit_filter(filter_), as_of=at
        )
        return await credits_connection(page, request, info) if page else None

    @connection_field(
        "The organization's credits with their people, as of an instant; null unless an admin or an API client with "
        "the scope REPORT_READ asks."
    )
    async def skills_report(
        self,
        info: Info,
        arguments: PageArguments,
        filter_: ReportFilter = UNSET,
        order_by: ReportOrder = UNSET,
        as_of: ListAsOf = UNSET,
    ) -> SkillsReportConnection | None:
        request, at = arguments.request_as_of(info, as_of, of=self.row_id, order=order_of(order_by) or DEFAULT_ORDER)
        page = await organization_page(
            info, skills_report, self.row_id, request, matching=checked_report_filter(filter_), as_of=at
        )
        if page is None:
            return None
        contributions: CreditContributions = {}
        if selects(info, "nodes", "contributions") or selects(info, "edges", "node", "contributions"):
            member_ids = frozenset(row.member_id for row in page.rows)
            contributions = await contributions_of_members(info, self.row_id, member_ids, as_of=at)
        return report_connection(page, request, contributions, as_of=at)


def organization_of(row: OrganizationRow | OfMember) -> Organization:
    if isinstance(row, OrganizationRow):
        return from_row(Organization, row, id=global_id(Kind.ORGANIZATION, row.id), row_id=row.id)
    return Organization(
        id=global_id(Kind.ORGANIZATION, row.organization_id),
        row_id=row.organization_id,
        name=row.organization_name,
        track=row.organization_track,
    )
