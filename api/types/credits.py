"""What is a credit to clients?"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.connections import Connection, connection
from api.ids import Kind, global_id
from api.types import members, organizations
from api.types.explanations import CreditExplanation, explanation_of
from api.types.node import Node
from domain.queries.credits import CreditRow
from domain.queries.page import Page
from domain.rules.words import (
    CertificationLevel,
    CompletionKind,
    CreditEndReason,
    CreditStatus,
    IneligibleReason,
    LearningProvider,
)

if TYPE_CHECKING:
    from api.types.members import Member
    from api.types.organizations import Organization


@strawberry.type(description="What can be earned and counted.")
class Certification:
    """Title and level are the catalog's."""

    code: str = strawberry.field(description="The certification's code, such as AZ-104.")
    title: str | None = strawberry.field(description="Its title; null where the catalog does not have it.")
    level: CertificationLevel | None = strawberry.field(
        description="How deep it goes; null where the catalog does not have it."
    )


@strawberry.type(description="One completion counted for one organization, from an instant until an instant.")
class Credit(Node):
    """As of the instant that its connection was asked for; by `node` as of now."""

    organization: Annotated["Organization", strawberry.lazy("api.types.organizations")] = strawberry.field(
        description="The organization that is credited."
    )
    member: Annotated["Member", strawberry.lazy("api.types.members")] = strawberry.field(
        description="The member who earned it."
    )
    certification: Certification = strawberry.field(description="What was earned.")
    kind: CompletionKind = strawberry.field(description="What kind of thing was earned.")
    provider: LearningProvider = strawberry.field(description="The learning provider that recorded the completion.")
    completed_at: datetime = strawberry.field(description="When it was earned.")
    expires_at: datetime | None = strawberry.field(description="Until when it is valid; null if it does not expire.")
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
    explanation: CreditExplanation = strawberry.field(description="The same in words for people.")


def credit_of(row: CreditRow) -> Credit:
    """Return a credit as of its row's instant."""
    return Credit(
        id=global_id(Kind.CREDIT, row.id),
        organization=organizations.organization_of(row),
        member=members.member_of(row),
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
        explanation=explanation_of(row),
    )


def connection_of(page: Page[CreditRow]) -> Connection[Credit]:
    """Return a page of credits."""
    return connection(page, node=credit_of, key=lambda row: row.id)
