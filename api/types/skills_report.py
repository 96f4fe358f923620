"""What is the skills report to clients?"""

from datetime import datetime

import strawberry

from api.ids import Kind, global_id
from api.lists.connections import Connection, connection_parts
from api.lists.walks import Walk
from api.types.certifications import Certification
from api.types.contributions import Contribution, contribution_of
from domain.queries.contributions import CreditContributions
from domain.queries.page import Page
from domain.queries.skills_report import SkillsReportRow as Row
from domain.rules.words import CreditEndReason, CreditStatus, IneligibleReason, LearningProvider


@strawberry.type(description="Whose credit it is.")
class SkillsReportPerson:
    """A member, told as in an address book."""

    member_id: strawberry.ID = strawberry.field(description="The global id of the member.")
    name: str | None = strawberry.field(description="The person's name as their work account tells it.")
    work_email: str = strawberry.field(description="The address of the work account.")


@strawberry.type(description="One credit of the organization, as of the report's instant.")
class SkillsReportRow:
    """Everything that the export tells of it too, under the same names."""

    credit_id: strawberry.ID = strawberry.field(description="The global id of the credit.")
    person: SkillsReportPerson = strawberry.field(description="Whose credit it is.")
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
    """A page, and the instant of the whole walk."""

    as_of: datetime = strawberry.field(description="The instant at which the report looks.")


def skills_report_of(
    page: Page[Row], walk: Walk, contributions: CreditContributions, *, as_of: datetime
) -> SkillsReportConnection:
    """Return a page of a report, and what its credits contribute."""
    parts = connection_parts(page, walk, node=lambda row: _row(row, contributions))
    return SkillsReportConnection(**parts, as_of=as_of)


def _row(row: Row, contributions: CreditContributions) -> SkillsReportRow:
    return SkillsReportRow(
        credit_id=global_id(Kind.CREDIT, row.id),
        person=SkillsReportPerson(
            member_id=global_id(Kind.MEMBER, row.member_id), name=row.member_name, work_email=row.member_work_email
        ),
        certification=Certification(
            code=row.certification, title=row.certification_title, level=row.certification_level
        ),
        provider=row.provider,
        completed_at=row.completed_at,
        expires_at=row.expires_at,
        counts_from=row.counts_from,
        counts_until=row.counts_until,
        status=row.status,
        end_reason=row.end_reason,
        ineligible_reason=row.ineligible_reason,
        contributions=[contribution_of(each) for each in contributions.get(row.id, ())],
    )
