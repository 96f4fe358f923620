"""What is a credit to clients?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.ids import Kind, global_id
from api.graphql.pagination.arguments import ConnectionRequest
from api.graphql.pagination.connections import Connection, connection
from api.graphql.selection import selects
from api.graphql.types import members
from api.graphql.types.certifications import Certification
from api.graphql.types.contributions import Contribution, contribution_of, contributions_of_members
from api.graphql.types.explanations import (
    UNASKED,
    CreditExplanation,
    CreditTimelineEvent,
    explanation_of,
    summarized,
    timeline_of,
)
from api.graphql.types.node import Node
from domain.database.pagination import Page
from domain.errors import NotFound
from domain.queries.contributions import CreditContributions
from domain.queries.credit_events import CreditEventRow
from domain.queries.credits import CreditRow, visible_credits
from domain.rules.contributions import ProgramContribution
from domain.rules.enums import (
    CompletionKind,
    CreditEndReason,
    CreditEventKind,
    CreditStatus,
    IneligibleReason,
    LearningProvider,
)
from domain.rules.visibility import check_signed_in

if TYPE_CHECKING:
    from api.graphql.types.members import Member
    from api.graphql.types.organizations import Organization


@strawberry.type(description="One completion counted for one organization, from an instant until an instant.")
class Credit(Node):
    """As of the instant that its connection was asked for; by `node` as of now."""

    organization: Annotated["Organization", strawberry.lazy("api.graphql.types.organizations")] = strawberry.field(
        description="The organization that is credited."
    )
    member: Annotated["Member", strawberry.lazy("api.graphql.types.members")] = strawberry.field(
        description="The member who earned it."
    )
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


@dataclass(frozen=True, kw_only=True)
class CreditDetails:
    """What of credits is asked for beyond what their rows say; the rest is not made, since nobody reads it."""

    has_explanation: bool
    has_reasons: bool
    has_timeline: bool
    contributions: CreditContributions


async def details_asked_for(info: Info, rows: Sequence[CreditRow], *paths: str) -> CreditDetails:
    """Return what the field being resolved is asked for, of credits of one organization and instant.

    A path, such as ``edges.node``, leads from that field to the credits.
    """
    steps = [path.split(".") if path else [] for path in paths]

    def is_asked(*leads: str) -> bool:
        return any(selects(info, *step, *leads) for step in steps)

    contributions: CreditContributions = {}
    if rows and (is_asked("contributions") or is_asked("explanation", "reasons")):
        members = frozenset(row.member_id for row in rows)
        contributions = await contributions_of_members(info, rows[0].organization_id, members, as_of=rows[0].as_of)
    return CreditDetails(
        has_explanation=is_asked("explanation"),
        has_reasons=is_asked("explanation", "reasons") or is_asked("explanation", "countsFromEarliest"),
        has_timeline=is_asked("timeline"),
        contributions=contributions,
    )


def credit_of(row: CreditRow, details: CreditDetails) -> Credit:
    """Return a credit as of its row's instant, with the details that are asked for."""
    given = details.contributions.get(row.id, ())
    member = members.member_of(row)
    return Credit(
        id=global_id(Kind.CREDIT, row.id),
        organization=member.organization,
        member=member,
        certification=Certification(
            code=row.certification, title=row.certification_title, level=row.certification_level
        ),
        kind=row.kind,
        provider=row.provider,
        completed_at=row.completed_at,
        expires_at=row.expires_at,
        recorded_at=row.recorded_at,
        status=row.status,
        counts_from=row.counts_from,
        counts_until=row.counts_until,
        end_reason=row.end_reason,
        ineligible_reason=row.ineligible_reason,
        explanation=_explanation(row, given, details),
        contributions=[contribution_of(each) for each in given],
        timeline=timeline_of(row) if details.has_timeline else [],
    )


def _explanation(row: CreditRow, given: tuple[ProgramContribution, ...], details: CreditDetails) -> CreditExplanation:
    if details.has_reasons:
        return explanation_of(row, given)
    return summarized(row) if details.has_explanation else UNASKED


async def connection_of(page: Page[CreditRow], request: ConnectionRequest, info: Info) -> Connection[Credit]:
    """Return a page of a list of credits, which is as of an instant."""
    details = await details_asked_for(info, page.rows, "nodes", "edges.node")
    return connection(page, request, node=lambda row: credit_of(row, details))


@strawberry.type(description="What took effect for a credit; each kind at most once for each credit.")
class CreditEvent:
    """An event as it was recorded; its credit as of the instant at which it is told."""

    kind: CreditEventKind = strawberry.field(description="What took effect.")
    at: datetime = strawberry.field(description="From when on.")
    recorded_at: datetime = strawberry.field(description="When that was written down: at once, or later.")
    credit_number: strawberry.Private[int]

    @field("The credit, as of now.")
    async def credit(self, info: Info) -> Credit:
        """Look up the credit."""
        viewer = check_signed_in(info.context.viewer)
        row = (await visible_credits(viewer, [self.credit_number], as_of=info.context.now)).get(self.credit_number)
        if row is None:
            raise NotFound
        return credit_of(row, await details_asked_for(info, [row], ""))


def credit_event_of(row: CreditEventRow) -> CreditEvent:
    """Return an event."""
    return CreditEvent(kind=row.kind, at=row.at, recorded_at=row.recorded_at, credit_number=row.credit_id)
