"""File formats of the skills report: CSV and NDJSON.

``docs/exports.md`` documents both formats; their names and columns stay as they are.
"""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from typing_extensions import override

from api.graphql.ids import Kind, global_id
from api.instants import instant_text
from domain.queries.contributions import CreditContributions
from domain.queries.skills_report import SkillsReportRow
from domain.rules.attainment import shown_points
from domain.rules.contributions import ProgramContribution
from domain.rules.enums import Track

COLUMNS = (
    "creditId",
    "memberId",
    "personName",
    "workEmail",
    "certification",
    "certificationTitle",
    "level",
    "provider",
    "completedAt",
    "expiresAt",
    "countsFrom",
    "countsUntil",
    "status",
    "endReason",
    "ineligibleReason",
    "contributions",
    "asOf",
)
# The beginning of a formula in a spreadsheet, also after what a spreadsheet may take for the end of a cell.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@\t\r\n＝＋－＠])")
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
# A long report has many of few different values.
_points = lru_cache(1000)(shown_points)


class Format(Protocol):
    extension: str
    media_type: str
    head: bytes

    def encoded(self, rows: Sequence[SkillsReportRow], contributions: CreditContributions) -> bytes: ...


@dataclass(frozen=True)
class Csv(Format):
    """RFC 4180 in UTF-8 for spreadsheets, with a byte order mark and without formulas."""

    extension: str = "csv"
    media_type: str = "text/csv; charset=utf-8; header=present"
    head: bytes = b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n"

    @override
    def encoded(self, rows: Sequence[SkillsReportRow], contributions: CreditContributions) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerows(
            [
                global_id(Kind.CREDIT, row.id),
                global_id(Kind.MEMBER, row.member_id),
                # What others have written; everything else in a row is made of our own words.
                *(
                    defused(text or "")
                    for text in (row.member_name, row.member_work_email, row.certification, row.certification_title)
                ),
                row.certification_level or "",
                row.provider,
                instant_text(row.completed_at),
                _instant(row.expires_at) or "",
                _instant(row.counts_from) or "",
                _instant(row.counts_until) or "",
                row.status,
                row.end_reason or "",
                row.ineligible_reason or "",
                "; ".join(map(_phrase, contributions.get(row.id, ()))),
                instant_text(row.as_of),
            ]
            for row in rows
        )
        return text.getvalue().encode()


@dataclass(frozen=True)
class Ndjson(Format):
    """One JSON object a line for programs, with the names of GraphQL."""

    extension: str = "ndjson"
    media_type: str = "application/x-ndjson"
    head: bytes = b""

    @override
    def encoded(self, rows: Sequence[SkillsReportRow], contributions: CreditContributions) -> bytes:
        objects = (
            {
                "creditId": global_id(Kind.CREDIT, row.id),
                "person": {
                    "memberId": global_id(Kind.MEMBER, row.member_id),
                    "name": row.member_name,
                    "workEmail": row.member_work_email,
                },
                "certification": {
                    "code": row.certification,
                    "title": row.certification_title,
                    "level": row.certification_level,
                },
                "provider": row.provider,
                "completedAt": instant_text(row.completed_at),
                "expiresAt": _instant(row.expires_at),
                "countsFrom": _instant(row.counts_from),
                "countsUntil": _instant(row.counts_until),
                "status": row.status,
                "endReason": row.end_reason,
                "ineligibleReason": row.ineligible_reason,
                "contributions": [
                    {
                        "program": contribution.program.key,
                        "programTitle": contribution.program.title,
                        "edition": contribution.program.edition,
                        "track": contribution.track,
                        "metric": contribution.metric,
                        "step": contribution.step,
                        "role": contribution.role,
                        "points": _points(contribution.points),
                        "reason": contribution.reason,
                    }
                    for contribution in contributions.get(row.id, ())
                ],
            }
            for row in rows
        )
        return "".join(f"{_JSON.encode(value)}\n" for value in objects).encode()


FORMATS: tuple[Format, ...] = (Csv(), Ndjson())


def defused(cell: str) -> str:
    """Return a cell without formulas: an apostrophe stands before what would begin one."""
    return _FORMULA.sub(r"\1'", cell)


def _phrase(contribution: ProgramContribution) -> str:
    track = "" if contribution.track is Track.ALL else f" {contribution.track}"
    outcome = contribution.reason or f"{_points(contribution.points)} points"
    return f"{contribution.program.key} {contribution.metric}{track} step {contribution.step}: {outcome}"


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant_text(instant)
