"""In which pieces does a report become a file?"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from api.exports.formats import Format
from domain.queries.skills_report import SkillsReport


@dataclass(frozen=True, slots=True)
class Piece:
    """So many rows as they are written."""

    data: bytes
    rows: int


async def pieces(report: SkillsReport, form: Format) -> AsyncGenerator[Piece, None]:
    """Yield a report piece by piece; there is always a first one, and by then the database has answered."""
    head = form.head
    async with aclosing(report.batches()) as batches:
        async for rows, contributions in batches:
            yield Piece(head + form.encoded(rows, contributions), len(rows))
            head = b""
    yield Piece(head, 0)
