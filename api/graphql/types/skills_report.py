"""The skills report of an organization: its filter, order, rows and pages."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.filters import checked_certification, checked_person, checked_program
from api.graphql.fields import none_if_unset
from api.graphql.ids import Kind, global_id
from api.graphql.pagination.connections import Connection, ConnectionRequest, connection
from api.graphql.types.certifications import Certification
from api.graphql.types.explanations import Contribution, contribution_of
from api.graphql.types.from_row import from_row
from domain.database.pagination import Order, Page
from domain.queries import skills_report as queries
from domain.queries.contributions import CreditContributions
from domain.queries.credits import credit_order
from domain.rules.enums import (
    CreditEndReason,
    CreditOrderField,
    CreditStatus,
    IneligibleReason,
    LearningProvider,
    OrderDirection,
)


@strawberry.input(description="From an instant until another.")
class InstantRange:
    start: datetime | None = strawberry.field(
        name="from", default=strawberry.UNSET, description="The first instant; open when left out."
    )
    end: datetime | None = strawberry.field(
        name="until", default=strawberry.UNSET, description="The end, exclusive; open when left out."
    )


@strawberry.input(description="Which rows are wanted; what is left out does not restrict.")
class SkillsReportFilter:
    person: str | None = strawberry.field(
        default=strawberry.UNSET, description="Only people whose name or work e-mail has this part, whatever its case."
    )
    certification: str | None = strawberry.field(
        default=strawberry.UNSET, description="Only the certification with this code, such as AZ-104."
    )
    program: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Only what counts toward the program with this key, as it is in force at the report's instant.",
    )
    provider: LearningProvider | None = strawberry.field(
        default=strawberry.UNSET, description="Only completions at this learning provider."
    )
    statuses: list[CreditStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Only credits with one of these statuses at the report's instant."
    )
    completed_at: InstantRange | None = strawberry.field(
        default=strawberry.UNSET, description="Only what was earned in this span."
    )
    expires_at: InstantRange | None = strawberry.field(
        default=strawberry.UNSET, description="Only what is valid until an instant in this span."
    )
    counts_from: InstantRange | None = strawberry.field(
        default=strawberry.UNSET, description="Only what begins to count in this span."
    )
    counts_until: InstantRange | None = strawberry.field(
        default=strawberry.UNSET, description="Only what stops counting in this span."
    )


@strawberry.input(description="The order of a list of credits.")
class CreditOrder:
    field: CreditOrderField = strawberry.field(description="The field to order by.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASCENDING, description="The direction; ascending by default."
    )


ReportFilter = Annotated[
    SkillsReportFilter | None, strawberry.argument(name="filter", description="Which rows are wanted; all by default.")
]
ReportOrder = Annotated[
    CreditOrder | None, strawberry.argument(description="The order of the rows; by person by default.")
]
ListOrder = Annotated[
    CreditOrder | None,
    strawberry.argument(description="The order of the credits; by default the latest recorded come first."),
]


def checked_report_filter(filter_: SkillsReportFilter | None) -> queries.SkillsReportFilter:
    """Return a filter in the domain's terms.

    Raises:
        InvalidInput: a code is none, a text is too long, or a range ends before it begins.
    """
    if not filter_:
        return queries.SkillsReportFilter()
    return queries.SkillsReportFilter(
        person=checked_person(none_if_unset(filter_.person)),
        certification=checked_certification(none_if_unset(filter_.certification)),
        program=checked_program(none_if_unset(filter_.program)),
        provider=none_if_unset(filter_.provider),
        statuses=tuple(filter_.statuses) if isinstance(filter_.statuses, list) else None,
        completed_at=_checked_range(filter_.completed_at),
        expires_at=_checked_range(filter_.expires_at),
        counts_from=_checked_range(filter_.counts_from),
        counts_until=_checked_range(filter_.counts_until),
    )


def _checked_range(range_: InstantRange | None) -> queries.InstantRange:
    if not range_:
        return queries.InstantRange()
    return queries.InstantRange(start=none_if_unset(range_.start), end=none_if_unset(range_.end))


def order_of(order_by: CreditOrder | None) -> Order | None:
    return credit_order(order_by.field, order_by.direction) if order_by else None


@strawberry.type(description="The member whose credit it is.")
class SkillsReportPerson:
    member_id: strawberry.ID = strawberry.field(description="The global id of the member.")
    name: str | None = strawberry.field(description="The person's name as their work account tells it.")
    work_email: str = strawberry.field(description="The address of the work account.")


@strawberry.type(description="One credit of the organization, as of the report's instant.")
class SkillsReportRow:
    credit_id: strawberry.ID = strawberry.field(description="The global id of the credit.")
    person: SkillsReportPerson = strawberry.field(description="The member whose credit it is.")
    certification: Certification = strawberry.field(description="What was earned.")
    provider: LearningProvider = strawberry.field(description="The learning provider that recorded the completion.")
    completed_at: datetime = strawberry.field(description="When it was earned.")
    expires_at: datetime | None = strawberry.field(
        description="Until when it is valid; null if it does not expire, or changed since the association ended."
    )
    counts_from: datetime | None = strawberry.field(description="From when it counts; null when it is ineligible.")
    counts_until: datetime | None = strawberry.field(
        description="Until when it counts, exclusive; null when no end is known or it is ineligible."
    )
    status: CreditStatus = strawberry.field(description="What the credit is at the report's instant.")
    end_reason: CreditEndReason | None = strawberry.field(
        description="Why it ends at `countsUntil`, be that past or to come; null when no end is known."
    )
    ineligible_reason: IneligibleReason | None = strawberry.field(
        description="Why it never counts; null when it is not ineligible."
    )
    contributions: list[Contribution] = strawberry.field(
        description="What the credit gives each requirement that asks for it; empty unless it counts or will."
    )


@strawberry.type(description="A page of an organization's skills report.")
class SkillsReportConnection(Connection[SkillsReportRow]):
    as_of: datetime = strawberry.field(description="The instant at which the report looks.")


def report_connection(
    page: Page[queries.SkillsReportRow],
    request: ConnectionRequest,
    contributions: CreditContributions,
    *,
    as_of: datetime,
) -> SkillsReportConnection:
    def node(row: queries.SkillsReportRow) -> SkillsReportRow:
        return from_row(
            SkillsReportRow,
            row,
            credit_id=global_id(Kind.CREDIT, row.id),
            person=SkillsReportPerson(
                member_id=global_id(Kind.MEMBER, row.member_id), name=row.member_name, work_email=row.member_work_email
            ),
            certification=Certification(
                code=row.certification, title=row.certification_title, level=row.certification_level
            ),
            contributions=[contribution_of(contribution) for contribution in contributions.get(row.id, ())],
        )

    return SkillsReportConnection(**vars(connection(page, request, node=node)), as_of=as_of)
