"""Rows that a viewer may see, by their ids."""

from collections.abc import Collection
from typing import Protocol, TypeVar

from domain.database.pool import fetch_rows
from domain.rules.enums import Scope
from domain.rules.visibility import Viewer


class HasId(Protocol):
    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=HasId)


def seen_by(viewer: Viewer, scope: Scope) -> tuple[int, int | None, bool]:
    """Return the parameters of a condition of visibility: organization, member, and whether all of it may be seen."""
    return viewer.organization_id, viewer.member_id, viewer.may(scope)


async def rows_by_id(kind: type[Row], sql: str, *arguments: object, ids: Collection[int]) -> dict[int, Row]:
    """Run a query as ``fetch_rows`` does, with ids as its last parameter, and return its rows by id."""
    return {row.id: row for row in await fetch_rows(kind, sql, *arguments, list(ids))}
