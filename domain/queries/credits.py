"""Which credits are there, and what is each at an instant (R12)?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.database import fetch_row
from domain.queries.members import OF_MEMBER, OfMember
from domain.queries.page import Page, PageRequest, fetch_page
from domain.rules.credit_status import credit_status
from domain.rules.policy import OVERDUE_AFTER
from domain.rules.visibility import Viewer
from domain.rules.words import (
    CertificationLevel,
    CompletionKind,
    CreditEndReason,
    CreditStatus,
    IneligibleReason,
    LearningProvider,
)

ENDING_SOON = timedelta(days=60)


@dataclass(frozen=True, kw_only=True)
class CreditRow(OfMember):
    """A credit with its completion, certification and member, as of ``as_of``."""

    id: int
    association_id: int
    provider: LearningProvider
    certification: str
    certification_title: str | None
    certification_level: CertificationLevel | None
    kind: CompletionKind
    completed_at: datetime
    expires_at: datetime | None
    recorded_at: datetime
    counts_from: datetime | None
    counts_until: datetime | None
    end_reason: CreditEndReason | None
    ineligible_reason: IneligibleReason | None
    as_of: datetime

    @property
    def status(self) -> CreditStatus:
        """Return what the credit is at ``as_of``."""
        return credit_status(
            counts_from=self.counts_from,
            counts_until=self.counts_until,
            ineligible_reason=self.ineligible_reason,
            at=self.as_of,
        )


@dataclass(frozen=True, kw_only=True)
class CreditFilter:
    """Which credits are asked for; what is ``None`` does not restrict."""

    statuses: tuple[CreditStatus, ...] | None = None
    certification: str | None = None
    provider: LearningProvider | None = None


@dataclass(frozen=True, kw_only=True)
class CreditStatusSummary:
    """How many credits of an organization are in which state at an instant."""

    pending: int
    counting: int
    ended: int
    ineligible: int
    ending_soon: int
    overdue: int
    next_due_at: datetime | None
    as_of: datetime


# The same derivation as the rule's, for filters and counts; a test proves that both agree.
_STATUS = """CASE
    WHEN c.counts_from IS NULL THEN 'INELIGIBLE'
    WHEN c.counts_until <= $1 THEN 'ENDED'
    WHEN c.counts_from > $1 THEN 'PENDING'
    ELSE 'COUNTING' END"""
_SELECT = f"""SELECT {OF_MEMBER}, c.id, c.association_id, p.provider, p.certification,
    t.title AS certification_title, t.level AS certification_level, p.kind, p.completed_at, p.expires_at,
    c.recorded_at, c.counts_from, c.counts_until, c.end_reason, c.ineligible_reason, $1::timestamptz AS as_of"""
_FROM = """FROM credit c
    JOIN completion p ON p.id = c.completion_id
    JOIN association a ON a.id = c.association_id
    JOIN member m ON m.id = c.member_id
    JOIN organization o ON o.id = c.organization_id
    LEFT JOIN certification t ON t.code = p.certification"""
# Own credits, and for admins everybody's of their organization (R17); none before the association and the completion.
_VISIBLE = """c.organization_id = $2 AND (c.member_id = $3 OR $4)
    AND a.started_at <= $1 AND p.completed_at <= $1"""


async def credit(viewer: Viewer, credit_id: int, *, as_of: datetime) -> CreditRow | None:
    """Return one credit that the viewer may see, as of an instant."""
    return await fetch_row(
        CreditRow,
        f"{_SELECT} {_FROM} WHERE {_VISIBLE} AND c.id = $5",
        as_of,
        viewer.organization_id,
        viewer.member_id,
        viewer.is_admin,
        credit_id,
    )


async def credits(
    viewer: Viewer,
    *,
    member_id: int | None = None,
    association_id: int | None = None,
    matching: CreditFilter,
    as_of: datetime,
    page: PageRequest,
) -> Page[CreditRow]:
    """Return the credits that the viewer may see as of an instant (aware, UTC), the latest recorded first."""
    return await fetch_page(
        CreditRow,
        f"""{_SELECT} {_FROM}
            WHERE {_VISIBLE} AND ($5::bigint IS NULL OR c.member_id = $5)
            AND ($6::bigint IS NULL OR c.association_id = $6)
            AND ($7::text[] IS NULL OR {_STATUS} = ANY($7))
            AND ($8::text IS NULL OR p.certification = $8) AND ($9::text IS NULL OR p.provider = $9)""",
        as_of,
        viewer.organization_id,
        viewer.member_id,
        viewer.is_admin,
        member_id,
        association_id,
        None if matching.statuses is None else list(matching.statuses),
        matching.certification,
        matching.provider,
        page=page,
    )


async def credits_of_organization(
    viewer: Viewer, organization_id: int, *, matching: CreditFilter, as_of: datetime, page: PageRequest
) -> Page[CreditRow] | None:
    """Return everybody's credits of the viewer's organization as ``credits`` does; for its admins only."""
    if not viewer.is_admin or organization_id != viewer.organization_id:
        return None
    return await credits(viewer, matching=matching, as_of=as_of, page=page)


async def credit_status_summary(viewer: Viewer, *, as_of: datetime, now: datetime) -> CreditStatusSummary | None:
    """Return how many credits of the viewer's organization are in which state; for its admins only.

    Overdue are those whose event was due more than 60 s before ``now`` and is not recorded (R18).
    """
    if not viewer.is_admin:
        return None
    return await fetch_row(
        CreditStatusSummary,
        f"""SELECT count(*) FILTER (WHERE status = 'PENDING') AS pending,
                count(*) FILTER (WHERE status = 'COUNTING') AS counting,
                count(*) FILTER (WHERE status = 'ENDED') AS ended,
                count(*) FILTER (WHERE status = 'INELIGIBLE') AS ineligible,
                count(*) FILTER (WHERE status = 'COUNTING' AND counts_until <= $1 + $5::interval) AS ending_soon,
                count(*) FILTER (WHERE next_event_at <= $6) AS overdue,
                min(counts_from) FILTER (WHERE status = 'PENDING' AND counts_until IS DISTINCT FROM counts_from)
                    AS next_due_at,
                $1::timestamptz AS as_of
            FROM (SELECT c.counts_from, c.counts_until, c.next_event_at, {_STATUS} AS status
                  {_FROM} WHERE {_VISIBLE}) listed""",
        as_of,
        viewer.organization_id,
        viewer.member_id,
        viewer.is_admin,
        ENDING_SOON,
        now - OVERDUE_AFTER,
    )
