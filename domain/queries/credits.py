"""Credits and their status at an instant (R12)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.database.pagination import Order, Page, PageRequest, Value, fetch_page, fetch_pages, where
from domain.database.pool import fetch_row
from domain.queries.members import OF_MEMBER, OfMember
from domain.queries.visible import rows_by_id, seen_by
from domain.rules.certifications import CertificationFacts, LevelFacts, renewal_opens_at
from domain.rules.credit_interval import CreditInterval, credit_status
from domain.rules.enums import (
    AssociationEndReason,
    CertificationLevel,
    CompletionKind,
    CreditEndReason,
    CreditOrderField,
    CreditStatus,
    IneligibleReason,
    LearningProvider,
    OrderDirection,
    RetirementRule,
    Scope,
)
from domain.rules.explanation import CreditFacts
from domain.rules.policy import OVERDUE_AFTER
from domain.rules.visibility import Viewer

ENDING_SOON = timedelta(days=60)


@dataclass(frozen=True, kw_only=True, slots=True)
class CreditedCompletion:
    """A credit with its completion and certification, as of ``as_of``."""

    id: int
    provider: LearningProvider
    certification: str
    certification_title: str | None
    certification_level: CertificationLevel | None
    completed_at: datetime
    expires_at: datetime | None
    counts_from: datetime | None
    counts_until: datetime | None
    end_reason: CreditEndReason | None
    ineligible_reason: IneligibleReason | None
    as_of: datetime

    @property
    def status(self) -> CreditStatus:
        return credit_status(
            counts_from=self.counts_from,
            counts_until=self.counts_until,
            ineligible_reason=self.ineligible_reason,
            at=self.as_of,
        )


@dataclass(frozen=True, kw_only=True)
class CreditRow(OfMember, CreditedCompletion):
    """A credit with its member and all that explains it."""

    association_id: int
    kind: CompletionKind
    recorded_at: datetime
    started_at: datetime
    association_ended_at: datetime | None
    association_end_reason: AssociationEndReason | None
    retires_on: date | None
    retirement_rule: RetirementRule | None
    eligible_until: date | None
    renewal_opens_months: int | None
    counted_recorded_at: datetime | None
    ended_recorded_at: datetime | None

    @property
    def facts(self) -> CreditFacts:
        opens_at = certification = None
        if self.certification_level and self.expires_at:
            level = LevelFacts(level=self.certification_level, renewal_opens_months=self.renewal_opens_months)
            opens_at = renewal_opens_at(level, expires_at=self.expires_at)
        if self.certification_level and self.certification_title is not None:
            certification = CertificationFacts(
                code=self.certification,
                title=self.certification_title,
                level=self.certification_level,
                provider=self.provider,
                retires_on=self.retires_on,
                retirement_rule=self.retirement_rule,
                eligible_until=self.eligible_until,
            )
        return CreditFacts(
            completed_at=self.completed_at,
            expires_at=self.expires_at,
            recorded_at=self.recorded_at,
            started_at=self.started_at,
            association_ended_at=self.association_ended_at,
            association_end_reason=self.association_end_reason,
            interval=CreditInterval(
                counts_from=self.counts_from,
                counts_until=self.counts_until,
                end_reason=self.end_reason,
                ineligible_reason=self.ineligible_reason,
            ),
            certification=certification,
            renewal_opens_at=opens_at,
        )


@dataclass(frozen=True, kw_only=True)
class CreditFilter:
    """A filter of credits; ``None`` does not restrict."""

    statuses: tuple[CreditStatus, ...] | None = None
    certification: str | None = None
    provider: LearningProvider | None = None


@dataclass(frozen=True, kw_only=True)
class CreditStatusSummary:
    pending: int
    counting: int
    ended: int
    ending_soon: int
    overdue: int
    next_due_at: datetime | None
    as_of: datetime


def _recorded(kind: str) -> str:
    return f"(SELECT e.recorded_at FROM credit_event e WHERE e.credit_id = c.id AND e.kind = '{kind}')"


# The rule ``credit_status`` in SQL, for filters and counts; a test proves that both agree.
STATUS = """CASE
    WHEN c.counts_from IS NULL THEN 'INELIGIBLE'
    WHEN c.counts_until <= $1 THEN 'ENDED'
    WHEN c.counts_from > $1 THEN 'PENDING'
    ELSE 'COUNTING' END"""
# An expiry that was observed after the association had ended does not belong to the organization (R17).
EXPIRES_AT = "CASE WHEN a.ended_at IS NULL OR p.observed_at < a.ended_at THEN p.expires_at END"
# The columns of ``CreditedCompletion``.
CREDITED_COMPLETION = f"""c.id, p.provider, p.certification, t.title AS certification_title,
    t.level AS certification_level, p.completed_at, {EXPIRES_AT} AS expires_at, c.counts_from, c.counts_until,
    c.end_reason, c.ineligible_reason, $1::timestamptz AS as_of"""
_SELECT = f"""SELECT {OF_MEMBER}, {CREDITED_COMPLETION}, c.association_id, p.kind, c.recorded_at, a.started_at,
    a.ended_at AS association_ended_at, a.end_reason AS association_end_reason, t.retires_on, t.retirement_rule,
    t.eligible_until, v.renewal_opens_months,
    {_recorded("COUNTED")} AS counted_recorded_at, {_recorded("ENDED")} AS ended_recorded_at"""
# Every credit has a member and an organization. They are joined by LEFT JOIN so that PostgreSQL leaves them out of a
# count, which needs neither.
FROM_CREDIT = """FROM credit c
    JOIN completion p ON p.id = c.completion_id
    JOIN association a ON a.id = c.association_id
    LEFT JOIN member m ON m.id = c.member_id
    LEFT JOIN organization o ON o.id = c.organization_id
    LEFT JOIN certification t ON t.code = p.certification
    LEFT JOIN certification_level v ON v.level = t.level"""
# No credit before its association and completion, nor before it was recorded.
OF_ORGANIZATION = "c.organization_id = $2 AND c.recorded_at <= $1 AND a.started_at <= $1 AND p.completed_at <= $1"
# A credit that never counts is the person's alone: it was never credited to the organization (R17).
CREDITED = f"{OF_ORGANIZATION} AND c.counts_from IS NOT NULL"
# The viewer's own, and for admins all that are credited to their organization (R17).
_VISIBLE = f"{OF_ORGANIZATION} AND (c.member_id = $3 OR $4 AND c.counts_from IS NOT NULL)"


async def visible_credits(viewer: Viewer, credit_ids: Collection[int], *, as_of: datetime) -> dict[int, CreditRow]:
    sql = f"{_SELECT} {FROM_CREDIT} WHERE {_VISIBLE} AND c.id = ANY($5::bigint[])"
    return await rows_by_id(CreditRow, sql, as_of, *seen_by(viewer, Scope.CREDITS_READ), ids=credit_ids)


async def credit_of_operator(credit_id: int, *, as_of: datetime) -> CreditRow | None:
    """Return any credit, also before its association, to the operator."""
    return await fetch_row(CreditRow, f"{_SELECT} {FROM_CREDIT} WHERE c.id = $2", as_of, credit_id)


async def credits(viewer: Viewer, *, matching: CreditFilter, as_of: datetime, page: PageRequest) -> Page[CreditRow]:
    """Return the credits that the viewer may see as of an instant (aware, UTC), by default newest first."""
    listed, arguments = _listed(viewer, matching, as_of)
    return await fetch_page(CreditRow, listed, *arguments, page=page)


async def credits_of_members(
    viewer: Viewer, member_ids: Collection[int], *, matching: CreditFilter, as_of: datetime, page: PageRequest
) -> dict[int, Page[CreditRow]]:
    listed, arguments = _listed(viewer, matching, as_of, of="c.member_id")
    return await fetch_pages(CreditRow, listed, *arguments, parents=member_ids, page=page)


async def credits_of_associations(
    viewer: Viewer, association_ids: Collection[int], *, matching: CreditFilter, as_of: datetime, page: PageRequest
) -> dict[int, Page[CreditRow]]:
    listed, arguments = _listed(viewer, matching, as_of, of="c.association_id")
    return await fetch_pages(CreditRow, listed, *arguments, parents=association_ids, page=page)


async def credits_of_organization(
    viewer: Viewer, organization_id: int, *, matching: CreditFilter, as_of: datetime, page: PageRequest
) -> Page[CreditRow] | None:
    """Return all credits of the viewer's organization as ``credits`` does, to its admins only."""
    if not viewer.may(Scope.CREDITS_READ) or organization_id != viewer.organization_id:
        return None
    return await credits(viewer, matching=matching, as_of=as_of, page=page)


async def credit_status_summary(viewer: Viewer, *, as_of: datetime, now: datetime) -> CreditStatusSummary | None:
    """Return how many credits of the viewer's organization have which status, to its admins only."""
    if not viewer.may(Scope.CREDITS_READ):
        return None
    # Overdue is what is late now, whatever the instant asked for: it tells of the workers, not of the credits (R18).
    return await fetch_row(
        CreditStatusSummary,
        f"""SELECT count(*) FILTER (WHERE status = 'PENDING') AS pending,
                count(*) FILTER (WHERE status = 'COUNTING') AS counting,
                count(*) FILTER (WHERE status = 'ENDED') AS ended,
                count(*) FILTER (WHERE status = 'COUNTING' AND counts_until <= $1 + $3::interval) AS ending_soon,
                count(*) FILTER (WHERE next_event_at < $4) AS overdue,
                min(counts_from) FILTER (WHERE status = 'PENDING' AND counts_until IS DISTINCT FROM counts_from)
                    AS next_due_at,
                $1::timestamptz AS as_of
            FROM (SELECT c.counts_from, c.counts_until, c.next_event_at, {STATUS} AS status
                  {FROM_CREDIT} WHERE {CREDITED}) listed""",
        as_of,
        viewer.organization_id,
        ENDING_SOON,
        now - OVERDUE_AFTER,
    )


def _listed(
    viewer: Viewer, matching: CreditFilter, as_of: datetime, *, of: str | None = None
) -> tuple[str, list[object]]:
    """Return the statement that lists credits, with ``of`` those of a parent, and its arguments."""
    conditions, arguments = where(
        _VISIBLE if of is None else f"{_VISIBLE} AND {of} = parent.id",
        (as_of, *seen_by(viewer, Scope.CREDITS_READ)),
        (
            (f"{STATUS} = ANY(?::text[])", matching.statuses),
            ("p.certification = ?", matching.certification),
            ("p.provider = ?", matching.provider),
        ),
    )
    return f"{_SELECT} {FROM_CREDIT} {conditions}", arguments


# SQL over the columns of every list of credits. The address keeps a person's credits together where names are equal.
_PERSON = "lower(coalesce(member_name, member_work_email)) || chr(9) || member_work_email"
_STATUS = """CASE WHEN counts_from IS NULL THEN 4 WHEN counts_until <= as_of THEN 3
    WHEN counts_from > as_of THEN 1 ELSE 2 END"""
_ORDERS: dict[CreditOrderField, tuple[str, type[Value], bool]] = {
    CreditOrderField.PERSON: (_PERSON, str, False),
    CreditOrderField.CERTIFICATION: ("certification", str, False),
    CreditOrderField.COMPLETED_AT: ("completed_at", datetime, False),
    CreditOrderField.COUNTS_FROM: ("counts_from", datetime, True),
    CreditOrderField.EXPIRES_AT: ("expires_at", datetime, True),
    CreditOrderField.STATUS: (_STATUS, int, False),
}


def credit_order(field: CreditOrderField, direction: OrderDirection = OrderDirection.ASCENDING) -> Order:
    expression, kind, nullable = _ORDERS[field]
    return Order(
        name=field.value,
        expression=f"({expression})",
        kind=kind,
        descending=direction is OrderDirection.DESCENDING,
        nullable=nullable,
    )
