"""Credits, their lists and their events."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import strawberry

from api.filters import checked_certification
from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.ids import Kind, Node, global_id
from api.graphql.pagination.connections import Connection, ConnectionRequest, PageArguments, connection
from api.graphql.scorings import contributions_of_members
from api.graphql.selection import selects
from api.graphql.types.certifications import Certification
from api.graphql.types.explanations import (
    Contribution,
    CreditExplanation,
    CreditTimelineEvent,
    contribution_of,
    explanation_of,
    timeline_of,
)
from api.graphql.types.from_row import from_row
from api.graphql.types.present import Member, Organization, member_of
from domain.database.pagination import Page
from domain.errors import NotFound
from domain.queries import credits as queries
from domain.queries.contributions import CreditContributions
from domain.queries.credits import CreditRow, visible_credits
from domain.rules.enums import (
    CompletionKind,
    CreditEndReason,
    CreditEventKind,
    CreditStatus,
    IneligibleReason,
    LearningProvider,
    Scope,
)
from domain.rules.explanation import summary
from domain.rules.visibility import check_signed_in, may_see_of


@strawberry.input(description="Which credits are wanted; what is left out does not restrict.")
class CreditFilter:
    statuses: list[CreditStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Only credits with one of these statuses at the instant asked for."
    )
    certification: str | None = strawberry.field(
        default=strawberry.UNSET, description="Only credits for the certification with this code, such as AZ-104."
    )
    provider: LearningProvider | None = strawberry.field(
        default=strawberry.UNSET, description="Only credits for completions at this learning provider."
    )


CreditFilterArgument = Annotated[
    CreditFilter | None, strawberry.argument(name="filter", description="Which credits are wanted; all by default.")
]


@strawberry.type(description="One completion counted for one organization, from an instant until an instant.")
class Credit(Node):
    organization: Organization = strawberry.field(description="The organization that is credited.")
    member: Member = strawberry.field(description="The member who earned it.")
    certification: Certification = strawberry.field(description="What was earned.")
    kind: CompletionKind = strawberry.field(description="What kind of thing was earned.")
    provider: LearningProvider = strawberry.field(description="The learning provider that recorded the completion.")
    completed_at: datetime = strawberry.field(description="When it was earned.")
    expires_at: datetime | None = strawberry.field(
        description="Until when it is valid; null if it does not expire, or changed since the association ended."
    )
    recorded_at: datetime = strawberry.field(description="When certlink learned of it.")
    status: CreditStatus = strawberry.field(description="What the credit is at the instant asked for.")
    counts_from: datetime | None = strawberry.field(description="From when it counts; null when it is ineligible.")
    counts_until: datetime | None = strawberry.field(
        description="Until when it counts, exclusive; null when no end is known or it is ineligible."
    )
    end_reason: CreditEndReason | None = strawberry.field(
        description="Why it ends at `countsUntil`, be that past or to come; null when no end is known."
    )
    ineligible_reason: IneligibleReason | None = strawberry.field(
        description="Why it never counts; null when it is not ineligible."
    )
    explanation: CreditExplanation = strawberry.field(description="Why it counts, or not, and who can do what.")
    contributions: list[Contribution] = strawberry.field(
        description="What it gives each requirement that asks for it; empty when it has ended or never counts."
    )
    timeline: list[CreditTimelineEvent] = strawberry.field(
        description="What happened to it and what is expected to, the earliest first."
    )


@strawberry.type(description="What took effect for a credit; each kind at most once for each credit.")
class CreditEvent:
    kind: CreditEventKind = strawberry.field(description="What took effect.")
    at: datetime = strawberry.field(description="From when on.")
    recorded_at: datetime = strawberry.field(description="When that was written down: at once, or later.")
    credit_id: strawberry.Private[int]

    @field("The credit, as of now.")
    async def credit(self, info: Info) -> Credit:
        viewer = check_signed_in(info.context.viewer)
        row = (await visible_credits(viewer, [self.credit_id], as_of=info.context.now)).get(self.credit_id)
        if row is None:
            raise NotFound
        return credit_of(row, await selected_details(info, [row], ()))


@dataclass(frozen=True, kw_only=True)
class CreditDetails:
    """The fields of credits that are costly to compute and that the operation selects."""

    has_explanation: bool
    has_reasons: bool
    has_timeline: bool
    contributions: CreditContributions


async def selected_details(info: Info, rows: Sequence[CreditRow], *paths: tuple[str, ...]) -> CreditDetails:
    """Compute what is selected of credits of one organization and instant; each path leads from the field to them."""

    def is_selected(*names: str) -> bool:
        return any(selects(info, *path, *names) for path in paths)

    contributions: CreditContributions = {}
    # Only where selected: contributions take a computation over the whole organization. The reasons need them too,
    # since they name what gets no points.
    if rows and (is_selected("contributions") or is_selected("explanation", "reasons")):
        member_ids = frozenset(row.member_id for row in rows)
        contributions = await contributions_of_members(info, rows[0].organization_id, member_ids, as_of=rows[0].as_of)
    return CreditDetails(
        has_explanation=is_selected("explanation"),
        has_reasons=is_selected("explanation", "reasons") or is_selected("explanation", "countsFromEarliest"),
        has_timeline=is_selected("timeline"),
        contributions=contributions,
    )


def credit_of(row: CreditRow, details: CreditDetails) -> Credit:
    """Return a credit as of its row's instant."""
    # Details that are not selected are empty: nobody reads them.
    contributions = details.contributions.get(row.id, ())
    if details.has_reasons:
        explanation = explanation_of(row, contributions)
    else:
        sentence = summary(row.facts, at=row.as_of) if details.has_explanation else ""
        explanation = CreditExplanation(summary=sentence, reasons=[], counts_from_earliest=None)
    member = member_of(row)
    return from_row(
        Credit,
        row,
        id=global_id(Kind.CREDIT, row.id),
        organization=member.organization,
        member=member,
        certification=Certification(
            code=row.certification, title=row.certification_title, level=row.certification_level
        ),
        explanation=explanation,
        contributions=[contribution_of(contribution) for contribution in contributions],
        timeline=timeline_of(row) if details.has_timeline else [],
    )


async def credits_connection(page: Page[CreditRow], request: ConnectionRequest, info: Info) -> Connection[Credit]:
    details = await selected_details(info, page.rows, ("nodes",), ("edges", "node"))
    return connection(page, request, node=lambda row: credit_of(row, details))


async def credits_below(
    info: Info,
    query: Callable[..., Awaitable[Mapping[int, Page[CreditRow]]]],
    parent_id: int,
    arguments: PageArguments,
    filter_: CreditFilter | None,
    as_of: datetime | None,
    *,
    member_id: int,
) -> Connection[Credit] | None:
    """Return a page of the credits below a member or an association; nothing where the viewer may not see them."""
    viewer = check_signed_in(info.context.viewer)
    if not may_see_of(viewer, member_id, Scope.CREDITS_READ):
        return None
    request, at = arguments.request_as_of(info, as_of, of=parent_id)
    page = await info.context.loaders.load(
        query, viewer, parent_id, matching=checked_credit_filter(filter_), as_of=at, page=request.page
    )
    return await credits_connection(page, request, info)


def checked_credit_filter(filter_: CreditFilter | None) -> queries.CreditFilter:
    """Return a filter in the domain's terms.

    Raises:
        InvalidInput: a code is none.
    """
    if not filter_:
        return queries.CreditFilter()
    return queries.CreditFilter(
        statuses=tuple(filter_.statuses) if isinstance(filter_.statuses, list) else None,
        certification=checked_certification(filter_.certification or None),
        provider=filter_.provider or None,
    )
