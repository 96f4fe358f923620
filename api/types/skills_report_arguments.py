"""Which rows of the skills report are asked for, and in which order?"""

from datetime import datetime
from typing import Annotated

import strawberry

from api.lists.walks import given
from api.report_filter import checked_certification, checked_person, checked_program, checked_range
from domain.queries.credit_order import credit_order
from domain.queries.page import Order
from domain.queries.skills_report import InstantRange as Range
from domain.queries.skills_report import SkillsReportFilter as Matching
from domain.rules.words import CreditOrderField, CreditStatus, LearningProvider, OrderDirection


@strawberry.input(description="From an instant until another.")
class InstantRange:
    """A span in which an instant must lie; what has no such instant lies in none."""

    start: datetime | None = strawberry.field(
        name="from", default=strawberry.UNSET, description="The first instant; open when left out."
    )
    end: datetime | None = strawberry.field(
        name="until", default=strawberry.UNSET, description="The end, exclusive; open when left out."
    )


@strawberry.input(description="Which rows are wanted; what is left out does not restrict.")
class SkillsReportFilter:
    """The conditions, all of which must hold."""

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


@strawberry.input(description="By what a list of credits is ordered.")
class CreditOrder:
    """A field and a direction."""

    field: CreditOrderField = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASCENDING, description="In which direction; ascending by default."
    )


ReportFilter = Annotated[
    SkillsReportFilter | None, strawberry.argument(name="filter", description="Which rows are wanted; all by default.")
]
ReportOrder = Annotated[
    CreditOrder | None, strawberry.argument(description="By what the rows are ordered; by person by default.")
]
ListOrder = Annotated[
    CreditOrder | None,
    strawberry.argument(description="By what the credits are ordered; by default the latest recorded come first."),
]


def report_matching(wanted: SkillsReportFilter | None) -> Matching:
    """Return a filter in the domain's terms.

    Raises:
        InvalidInput: a code is none, a text is too long, or a span ends before it begins.
    """
    if not wanted:
        return Matching()
    return Matching(
        person=checked_person(given(wanted.person)),
        certification=checked_certification(given(wanted.certification)),
        program=checked_program(given(wanted.program)),
        provider=given(wanted.provider),
        statuses=None if not isinstance(wanted.statuses, list) else tuple(wanted.statuses),
        completed_at=_range(wanted.completed_at),
        expires_at=_range(wanted.expires_at),
        counts_from=_range(wanted.counts_from),
        counts_until=_range(wanted.counts_until),
    )


def ordered(order_by: CreditOrder | None) -> Order | None:
    """Return an order in the domain's terms, or nothing where the list's own is wanted."""
    return credit_order(order_by.field, order_by.direction) if order_by else None


def _range(wanted: InstantRange | None) -> Range:
    return checked_range(given(wanted.start), given(wanted.end)) if wanted else Range()
