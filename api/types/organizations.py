"""What is an organization to its members?

The modules of this package import each other as modules, since the things they describe know each other too.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from api.connections import After, Before, Connection, First, Last, page_request
from api.context import Info
from api.fields import field
from api.ids import Kind, global_id
from api.types import credits
from api.types.credit_arguments import AsOf, Filter, instant, matching
from api.types.node import Node
from domain.queries.credits import CreditStatusSummary as SummaryRow
from domain.queries.credits import credit_status_summary, credits_of_organization
from domain.queries.members import OfMember, OrganizationRow

if TYPE_CHECKING:
    from api.types.credits import Credit


@strawberry.type(description="How many of an organization's credits are in which state at an instant.")
class CreditStatusSummary:
    """Counts, and what comes next."""

    pending: int = strawberry.field(description="Credits that do not count yet.")
    counting: int = strawberry.field(description="Credits that count.")
    ended: int = strawberry.field(description="Credits that count no more.")
    ineligible: int = strawberry.field(description="Completions that never count.")
    ending_soon: int = strawberry.field(description="Credits that count and end within 60 days of the instant.")
    overdue: int = strawberry.field(
        description="Credits whose change was due more than 60 seconds ago, by the present, and is not recorded yet."
    )
    next_due_at: datetime | None = strawberry.field(
        description="When the next pending credit begins to count; null when none is pending."
    )
    as_of: datetime = strawberry.field(description="The instant asked for.")


@strawberry.type(description="A partner company that can be credited.")
class Organization(Node):
    """The viewer's own organization: nobody sees another."""

    number: strawberry.Private[int]
    name: str = strawberry.field(description="The company's name.")

    @field("How many credits are in which state at an instant; null unless an admin asks.")
    async def credit_status(self, info: Info, as_of: AsOf = UNSET) -> CreditStatusSummary | None:
        """Count the credits."""
        context = info.context
        if context.viewer is None:
            return None
        row = await credit_status_summary(context.viewer, as_of=instant(as_of, context), now=context.now)
        return _summary(row) if row else None

    @field("Everybody's credits, the latest recorded first; null unless an admin asks.")
    async def credits(
        self,
        info: Info,
        wanted: Filter = UNSET,
        as_of: AsOf = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[Annotated["Credit", strawberry.lazy("api.types.credits")]] | None:
        """List the credits."""
        context = info.context
        if context.viewer is None:
            return None
        page = await credits_of_organization(
            context.viewer,
            self.number,
            matching=matching(wanted),
            as_of=instant(as_of, context),
            page=page_request(first, after, last, before),
        )
        return credits.connection_of(page) if page else None


def organization_of(row: OrganizationRow | OfMember) -> Organization:
    """Return the organization that a row is, or belongs to."""
    if isinstance(row, OrganizationRow):
        return Organization(id=global_id(Kind.ORGANIZATION, row.id), number=row.id, name=row.name)
    return Organization(
        id=global_id(Kind.ORGANIZATION, row.organization_id), number=row.organization_id, name=row.organization_name
    )


def _summary(row: SummaryRow) -> CreditStatusSummary:
    return CreditStatusSummary(
        pending=row.pending,
        counting=row.counting,
        ended=row.ended,
        ineligible=row.ineligible,
        ending_soon=row.ending_soon,
        overdue=row.overdue,
        next_due_at=row.next_due_at,
        as_of=row.as_of,
    )
