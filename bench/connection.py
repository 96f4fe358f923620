"""Time a page through the API beside its own SQL.

``python -m bench.connection [--credits 100000]`` starts an embedded PostgreSQL of its own and fills it. For each
page it asks in turn (a) our connection, by a GraphQL document executed in this process with an admin's rights, and
(b) the page's own statement by asyncpg, whose rows are only fetched. Both run in one process and interleaved, so
that whatever else the machine does disturbs both alike. Read the ratio: the milliseconds say nothing about another
machine. With many credits the database's sorting decides it, with few (``--credits 1000``) what the API adds.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from api.app import new_documents, open_runtime
from api.runtime import Runtime
from api.transport.execute import execute_document
from bench.filled import NOW, filled_service
from domain.database.pagination import PageRequest, page_statement
from domain.database.pool import connection
from domain.queries.credits import credit_order
from domain.queries.skills_report import SkillsReportFilter, listed_rows
from domain.rules.enums import CreditOrderField
from domain.rules.visibility import MemberViewer

ROUNDS = 20
FIELDS = """edges { cursor } pageInfo { endCursor hasNextPage } nodes { creditId person { name workEmail }
  certification { code title level } provider completedAt expiresAt countsFrom countsUntil status endReason }"""


@dataclass(frozen=True)
class Case:
    """One page, as a document asks for it and as the statement that answers it."""

    name: str
    order: CreditOrderField
    size: int
    counted: bool

    @property
    def document(self) -> str:
        """Return the document."""
        total = "totalCount" if self.counted else ""
        return f"""{{ viewer {{ organization {{
            skillsReport(first: {self.size}, orderBy: {{field: {self.order.value}}}) {{
            {total} {FIELDS} }} }} }} }}"""


CASES = [
    Case("25 by person", CreditOrderField.PERSON, 25, counted=False),
    Case("100 by person", CreditOrderField.PERSON, 100, counted=False),
    Case("25 by countsFrom", CreditOrderField.COUNTS_FROM, 25, counted=False),
    Case("25 by person, counted", CreditOrderField.PERSON, 25, counted=True),
]


async def main(credits: int) -> None:
    """Fill a database, compare, and print a line for each case."""
    async with (
        filled_service(credits) as filled,
        open_runtime(settings=filled.settings, clock=lambda: NOW, documents=new_documents()) as runtime,
    ):
        _say(f"{credits:,} credits of one organization; medians of {ROUNDS} rounds")
        for case in CASES:
            await _compare(case, filled.admin, runtime)


async def _compare(case: Case, viewer: MemberViewer, runtime: Runtime) -> None:
    listed, arguments = listed_rows(viewer.organization_id, SkillsReportFilter(), (), NOW)
    page = PageRequest(size=case.size, order=credit_order(case.order), counted=case.counted)
    sql, added = page_statement(listed, len(arguments), page)

    async def ours() -> None:
        await execute_document(case.document, {}, viewer=viewer, runtime=runtime, request_id="bench")

    async def bare() -> None:
        async with connection() as current:
            await current.fetch(sql, *arguments, *added)

    times: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(ROUNDS):
        for name, run in (("ours", ours), ("bare", bare)):
            times[name].append(await _seconds(run))
    medians = {name: statistics.median(found) for name, found in times.items()}
    _say(
        f"{case.name:24} API {medians['ours'] * 1000:7.1f} ms   bare SQL {medians['bare'] * 1000:7.1f} ms   "
        f"ratio {medians['ours'] / medians['bare']:.2f}"
    )


async def _seconds(run: Callable[[], Awaitable[None]]) -> float:
    start = time.perf_counter()
    await run()
    return time.perf_counter() - start


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--credits", type=int, default=100_000)
    asyncio.run(main(parser.parse_args().credits))
