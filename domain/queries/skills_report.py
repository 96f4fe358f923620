"""Skills report of an organization as of an instant."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
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
from domain.queries.credits import (
    CREDITED,
    CREDITED_COMPLETION,
    EXPIRES_AT,
    FROM_CREDIT,
    STATUS,
    CreditedCompletion,
    credit_order,
)
from domain.rules.enums import (
    CreditOrderField,
    CreditStatus,
    LearningProvider,
    Scope,
)
from domain.rules.programs import Program
from domain.rules.visibility import Viewer

DEFAULT_ORDER = credit_order(CreditOrderField.PERSON)
# The rows in memory at once, however long a report is.
BATCH_ROWS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class SkillsReportRow(CreditedCompletion):
    """A credit with its person."""

    member_id: int
    member_name: str | None
    member_work_email: str


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
    """A filter of rows; ``None`` does not restrict."""

    # Part of a name or work e-mail.
    person: str | None = None
    certification: str | None = None
    # The key of a program for which the certification counts.
    program: str | None = None
    provider: LearningProvider | None = None
    statuses: tuple[CreditStatus, ...] | None = None
    completed_at: InstantRange = InstantRange()
    expires_at: InstantRange = InstantRange()
    counts_from: InstantRange = InstantRange()
    counts_until: InstantRange = InstantRange()


_SELECT = f"SELECT {CREDITED_COMPLETION}, c.member_id, m.name AS member_name, m.work_email AS member_work_email"


@dataclass(frozen=True, kw_only=True)
class SkillsReport:
    """A whole report, read batch by batch from one snapshot of the database."""

    connection: Any
    contributions: OrganizationContributions
    listed: str
    arguments: list[object]
    run_in_thread: RunInThread

    async def count(self) -> int:
        total: int = await self.connection.fetchval(f"SELECT count(*) FROM ({self.listed}) listed", *self.arguments)
        return total

    async def batches(self) -> AsyncGenerator[tuple[list[SkillsReportRow], CreditContributions], None]:
        """Yield the rows in the report's default order, and what their credits contribute."""
        # A cursor: a report may be too long for the memory, and all of its rows are of one snapshot.
        cursor = await self.connection.cursor(
            f"SELECT * FROM ({self.listed}) listed ORDER BY {DEFAULT_ORDER.expression}, id", *self.arguments
        )
        while records := await cursor.fetch(BATCH_ROWS):
            rows = [typed_row(SkillsReportRow, record) for record in records]
            members = {row.member_id for row in rows}
            yield rows, await self.contributions.of(members, snapshot=self.connection, run_in_thread=self.run_in_thread)


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
    listed, arguments = listed_rows(organization_id, matching, programs, as_of)
    async with snapshot() as connection:
        contributions = await organization_contributions(
            organization_id, as_of=as_of, programs=programs, snapshot=connection, run_in_thread=run_in_thread
        )
        yield SkillsReport(
            connection=connection,
            contributions=contributions,
            listed=listed,
            arguments=arguments,
            run_in_thread=run_in_thread,
        )


# The report's pages and its export are this one query, so that both have the same rows.
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
    conditions: list[tuple[str, object]] = [
        ("(strpos(lower(m.name), lower(?::text)) > 0 OR strpos(m.work_email, lower(?::text)) > 0)", matching.person),
        ("p.certification = ?", matching.certification),
        ("p.certification = ANY(?::text[])", codes),
        ("p.provider = ?", matching.provider),
        (f"{STATUS} = ANY(?::text[])", matching.statuses),
    ]
    for column, span in (
        ("p.completed_at", matching.completed_at),
        (EXPIRES_AT, matching.expires_at),
        ("c.counts_from", matching.counts_from),
        ("c.counts_until", matching.counts_until),
    ):
        conditions += [(f"{column} >= ?", span.start), (f"{column} < ?", span.end)]
    clause, arguments = where(CREDITED, (as_of, organization_id), conditions)
    return f"{_SELECT} {FROM_CREDIT} {clause}", arguments
