"""Which part of a list is asked for, and what came before and after it?

Lists are walked by key, not by position, so they stay stable while rows change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.database import connection, typed_row

Row = TypeVar("Row")

DEFAULT_SIZE = 25
MAX_SIZE = 100


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """The rows after and before a key, at most ``size``; ``backward`` takes the last of them instead of the first."""

    size: int = DEFAULT_SIZE
    after: int | None = None
    before: int | None = None
    backward: bool = False


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Row]):
    """A part of a list in the list's order, and how long the whole is."""

    rows: Sequence[Row]
    total: int
    has_next: bool
    has_previous: bool


async def fetch_page(kind: type[Row], listed: str, *arguments: object, page: PageRequest) -> Page[Row]:
    """Run one statement that reads a page of a list, newest first, and counts the list.

    ``listed`` selects the whole list with a column ``id``; its parameters are ``arguments``.
    """
    after, before, limit = (f"${len(arguments) + number}" for number in (1, 2, 3))
    async with connection() as current:
        records = await current.fetch(
            f"""WITH listed AS ({listed})
                SELECT page.*, counted.total AS list_total
                FROM (SELECT count(*) AS total FROM listed) counted
                LEFT JOIN (
                    SELECT * FROM listed
                    WHERE ({after}::bigint IS NULL OR id < {after}) AND ({before}::bigint IS NULL OR id > {before})
                    ORDER BY id {"ASC" if page.backward else "DESC"} LIMIT {limit}
                ) page ON true ORDER BY page.id DESC""",
            *arguments,
            page.after,
            page.before,
            page.size + 1,
        )
    found = [dict(record) for record in records]
    total = found[0]["list_total"]
    for record in found:
        del record["list_total"]
    return _cut([typed_row(kind, record) for record in found if record["id"] is not None], page, total)


def _cut(rows: list[Row], page: PageRequest, total: int) -> Page[Row]:
    more = len(rows) > page.size
    if page.backward:
        kept = rows[1:] if more else rows
        return Page(rows=kept, total=total, has_next=page.before is not None, has_previous=more)
    return Page(rows=rows[: page.size], total=total, has_next=more, has_previous=page.after is not None)
