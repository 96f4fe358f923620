"""Skills report of an organization as of an instant.

The report's pages and its export are one query, so that both have the same rows.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.database.pagination import Page, PageRequest, fetch_page, where
from domain.database.pool import snapshot, typed_row
from domain.errors import InvalidInput
from domain.queries.attainments import RunInThread
from domain.queries.contributions import (
    CreditContributions,
    OrganizationContributions,
    organization_contributions,
    programs_in_force,
)
from domain.queries.credits import CREDITED, EXPIRES_AT, FROM_CREDIT, STATUS, credit_order
from domain.rules.credit_interval import credit_status
from domain.rules.enums import (
    CertificationLevel,
    CreditEndReason,
    CreditOrderField,
    CreditStatus,
    IneligibleReason,
    LearningProvider,
    Scope,
)
from domain.rules.programs import Program
from domain.rules.visibility import Viewer

DEFAULT_ORDER = credit_order(CreditOrderField.PERSON)
# The rows in memory at once, however long a report is.
BATCH_ROWS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class SkillsReportRow:
    """A credit with its person and certification, as of ``as_of``."""

    id: int
    member_id: int
    member_name: str | None
    member_work_email: str
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
class InstantRange:
    """A range from an instant until another, exclusive (aware, UTC); ``None`` is open.

    Raises:
        InvalidInput: it ends before it begins.
    """

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise InvalidInput("A span must end after it begins.")


@dataclass(frozen=True, kw_only=True)
class SkillsReportFilter:
    """A filter of rows; ``None`` does not restrict.

    ``person`` is part of a name or work e-mail, ``program`` the key of a program for which the certification counts.
    """

    person: str | None = None
    certification: str | None = None
    program: str | None = None
    provider: LearningProvider | None = None
    statuses: tuple[CreditStatus, ...] | None = None
    completed_at: InstantRange = InstantRange()
    expires_at: InstantRange = InstantRange()
    counts_from: InstantRange = InstantRange()
    counts_until: InstantRange = InstantRange()


_SELECT = f"""SELECT c.id, c.member_id, m.name AS member_name, m.work_email AS member_work_email, p.provider,
    p.certification, t.title AS certification_title, t.level AS certification_level, p.completed_at,
    {EXPIRES_AT} AS expires_at,
    c.counts_from, c.counts_until, c.end_reason, c.ineligible_reason, $1::timestamptz AS as_of"""


class SkillsReport:
    """A whole report, read batch by batch from one snapshot of the database."""

    def __init__(
        self,
        connection: Any,
        contributions: OrganizationContributions,
        listed: str,
        arguments: list[object],
        *,
        run_in_thread: RunInThread,
    ) -> None:
        self._run_in_thread = run_in_thread
        self._connection = connection
        self._contributions = contributions
        self._listed = listed
        self._arguments = arguments

    async def count(self) -> int:
        total: int = await self._connection.fetchval(f"SELECT count(*) FROM ({self._listed}) listed", *self._arguments)
        return total

    async def batches(self) -> AsyncGenerator[tuple[list[SkillsReportRow], CreditContributions], None]:
        """Yield the rows in the report's default order, and what their credits contribute."""
        cursor = await self._connection.cursor(
            f"SELECT * FROM ({self._listed}) listed ORDER BY {DEFAULT_ORDER.expression}, id", *self._arguments
        )
        while records := await cursor.fetch(BATCH_ROWS):
            rows = [typed_row(SkillsReportRow, record) for record in records]
            members = {row.member_id for row in rows}
            yield rows, await self._contributions.of(self._connection, members, run_in_thread=self._run_in_thread)


async def skills_report(
    viewer: Viewer, organization_id: int, *, matching: SkillsReportFilter, as_of: datetime, page: PageRequest
) -> Page[SkillsReportRow] | None:
    """Return a page of the report of the viewer's organization as of an instant (aware, UTC), to its admins only.

    Raises:
        InvalidInput: there is no such program at the instant.
    """
    if not viewer.may(Scope.REPORT_READ) or organization_id != viewer.organization_id:
        return None
    programs = await programs_in_force(as_of) if matching.program else ()
    listed, arguments = listed_rows(organization_id, matching, programs, as_of)
    return await fetch_page(SkillsReportRow, listed, *arguments, page=page)


@asynccontextmanager
async def open_skills_report(
    organization_id: int,
    *,
    matching: SkillsReportFilter,
    as_of: datetime,
    run_in_thread: RunInThread = asyncio.to_thread,
) -> AsyncIterator[SkillsReport]:
    """Open the whole report of an organization as of an instant (aware, UTC), without a check of the viewer.

    Raises:
        InvalidInput: there is no such program at the instant.
        TryAgain: the database is away, or is lost while the report is read.
    """
    programs = await programs_in_force(as_of)
    listed = listed_rows(organization_id, matching, programs, as_of)
    async with snapshot() as connection:
        contributions = await organization_contributions(
            connection, organization_id, programs=programs, as_of=as_of, run_in_thread=run_in_thread
        )
        yield SkillsReport(connection, contributions, *listed, run_in_thread=run_in_thread)


def listed_rows(
    organization_id: int, matching: SkillsReportFilter, programs: Sequence[Program], as_of: datetime
) -> tuple[str, list[object]]:
    """Return the statement that lists a whole report, and its arguments."""
    codes = None
    if matching.program is not None:
        by_key = {program.key: program for program in programs}
        if matching.program not in by_key:
            raise InvalidInput("There is no program with this key at that instant.")
        codes = sorted(by_key[matching.program].certifications)
    conditions, arguments = where(CREDITED, (as_of, organization_id), _conditions(matching, codes))
    return f"{_SELECT} {FROM_CREDIT} {conditions}", arguments


def _conditions(matching: SkillsReportFilter, codes: list[str] | None) -> Iterator[tuple[str, object]]:
    yield "(strpos(lower(m.name), lower(?::text)) > 0 OR strpos(m.work_email, lower(?::text)) > 0)", matching.person
    yield "p.certification = ?", matching.certification
    yield "p.certification = ANY(?::text[])", codes
    yield "p.provider = ?", matching.provider
    yield f"{STATUS} = ANY(?::text[])", matching.statuses
    for column, span in (
        ("p.completed_at", matching.completed_at),
        (EXPIRES_AT, matching.expires_at),
        ("c.counts_from", matching.counts_from),
        ("c.counts_until", matching.counts_until),
    ):
        yield f"{column} >= ?", span.start
        yield f"{column} < ?", span.end
