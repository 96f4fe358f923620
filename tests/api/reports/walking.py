"""Pages of a report, and walks over all of them."""

from typing import Any

from api.graphql.ids import Kind, decode_id
from domain.rules.enums import CreditOrderField, OrderDirection
from tests.api.caller import Caller

ROW = """creditId person { memberId name workEmail } certification { code title level } provider completedAt expiresAt
  countsFrom countsUntil status endReason ineligibleReason"""
CONTRIBUTIONS = "contributions { program programTitle edition track metric step role points reason }"
REPORT = f"""query ($first: Int, $after: String, $last: Int, $before: String, $filter: SkillsReportFilter,
    $orderBy: CreditOrder, $asOf: DateTime) {{ viewer {{ organization {{ skillsReport(first: $first, after: $after,
    last: $last, before: $before, filter: $filter, orderBy: $orderBy, asOf: $asOf) {{
      asOf totalCount nodes {{ {ROW} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }} }}"""
REPORT_WITH_CONTRIBUTIONS = REPORT.replace("ineligibleReason", f"ineligibleReason {CONTRIBUTIONS}")
ORDERS = [
    {"field": field.value, "direction": direction.value} for field in CreditOrderField for direction in OrderDirection
]


async def page(caller: Caller, query: str = REPORT, **variables: Any) -> dict[str, Any]:
    """Return a page."""
    found: dict[str, Any] = (await caller.ask(query, **variables))["viewer"]["organization"]["skillsReport"]
    return found


async def walk(
    caller: Caller, query: str = REPORT, *, backward: bool = False, size: int, **variables: Any
) -> list[dict[str, Any]]:
    """Return every row from a place on, page by page from one end."""
    rows: list[dict[str, Any]] = []
    while True:
        found = await page(caller, query, **{"last" if backward else "first": size}, **variables)
        rows = found["nodes"] + rows if backward else rows + found["nodes"]
        info = found["pageInfo"]
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            return rows
        variables |= {"before": info["startCursor"]} if backward else {"after": info["endCursor"]}


def ids(rows: list[dict[str, Any]]) -> list[str]:
    """Return the ids of rows' credits."""
    return [row["creditId"] for row in rows]


def number(row: dict[str, Any]) -> int:
    """Return the number of a row's credit."""
    found = decode_id(row["creditId"], Kind.CREDIT)
    assert found is not None
    return found
