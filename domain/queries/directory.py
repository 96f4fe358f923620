"""Users of an organization's directory, and the directory's tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hmac import compare_digest
from uuid import UUID

from domain.database.pool import fetch_row, fetch_rows, fetch_value, row_or_raise
from domain.queries.api_clients import SHOWN_KEYS
from domain.rules.administration import Directory, Operator
from domain.rules.api_clients import prefix_of
from domain.rules.directory import SCIM_MARK
from domain.secrets import hash_token


@dataclass(frozen=True, kw_only=True)
class DirectoryUserRow:
    """A user as the directory sent it; only what it deleted is gone."""

    id: UUID
    is_active: bool
    resource_json: str
    version: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class ScimTokenRow:
    """A token that is valid at an instant."""

    id: int
    organization_id: int
    token_hash: bytes = field(repr=False)
    last_used_at: datetime | None

    @property
    def directory(self) -> Directory:
        """Return the directory that sends the token."""
        return Directory(organization_id=self.organization_id)


@dataclass(frozen=True, kw_only=True)
class ScimTokenSummary:
    """A token without its secret, of which only the hash is stored."""

    id: int
    prefix: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    last_used_at: datetime | None


class Matched(StrEnum):
    """What users can be looked up by."""

    ID = "ID"
    USER_NAME = "USER_NAME"
    EXTERNAL_ID = "EXTERNAL_ID"
    ACTIVE = "ACTIVE"
    EMAIL = "EMAIL"
    WORK_EMAIL = "WORK_EMAIL"


_CONDITIONS = {
    Matched.ID: "id::text = lower({}::text)",
    Matched.USER_NAME: "lower(user_name) = lower({}::text)",
    Matched.EXTERNAL_ID: "external_id = {}::text",
    Matched.ACTIVE: "is_active = {}::boolean",
    Matched.EMAIL: """EXISTS (SELECT FROM jsonb_array_elements(resource -> 'emails') e
        WHERE lower(e ->> 'value') = lower({}::text))""",
    Matched.WORK_EMAIL: """EXISTS (SELECT FROM jsonb_array_elements(resource -> 'emails') e
        WHERE lower(e ->> 'type') = 'work' AND lower(e ->> 'value') = lower({}::text))""",
}
_COLUMNS = "id, is_active, resource::text AS resource_json, version, created_at, changed_at"
_LIVE = "FROM directory_user WHERE organization_id = $1 AND deleted_at IS NULL"


async def get_directory_user_or_raise(directory: Directory, directory_user_id: UUID) -> DirectoryUserRow:
    """Return a user of a directory.

    Raises:
        NotFound: there is none, or the directory has deleted it.
    """
    return row_or_raise(
        await fetch_row(
            DirectoryUserRow,
            f"SELECT {_COLUMNS} {_LIVE} AND id = $2",
            directory.organization_id,
            directory_user_id,
        )
    )


async def directory_users(
    directory: Directory, *, matching: Sequence[tuple[Matched, str | bool]], offset: int, limit: int
) -> tuple[int, list[DirectoryUserRow]]:
    """Return how many users of a directory match everything, and some of them in the order of their creation."""
    conditions = [_CONDITIONS[matched].format(f"${number}") for number, (matched, _) in enumerate(matching, start=2)]
    users = " AND ".join([_LIVE, *conditions])
    arguments = [directory.organization_id, *(value for _, value in matching)]
    total: int = await fetch_value(f"SELECT count(*) {users}", *arguments)
    if limit == 0 or offset >= total:
        return total, []
    rows = await fetch_rows(
        DirectoryUserRow,
        f"SELECT {_COLUMNS} {users} ORDER BY created_at, id OFFSET {offset:d} LIMIT {limit:d}",
        *arguments,
    )
    return total, rows


async def scim_token(text: str, *, now: datetime) -> ScimTokenRow | None:
    """Return the token with a text, if it is valid at an instant (aware, UTC)."""
    prefix = prefix_of(text, mark=SCIM_MARK)
    if prefix is None:
        return None
    row = await fetch_row(
        ScimTokenRow,
        """SELECT id, organization_id, token_hash, last_used_at FROM scim_token
           WHERE prefix = $1 AND ended_at IS NULL AND expires_at > $2""",
        prefix,
        now,
    )
    return row if row is not None and compare_digest(row.token_hash, hash_token(text)) else None


async def scim_tokens_of_operator(operator: Operator) -> list[ScimTokenSummary]:
    """Return the latest tokens of an organization's directory, those that have not ended first."""
    return await fetch_rows(
        ScimTokenSummary,
        """SELECT id, prefix, created_at, expires_at, ended_at, last_used_at FROM scim_token
           WHERE organization_id = $1 ORDER BY ended_at IS NOT NULL, id DESC LIMIT $2""",
        operator.organization_id,
        SHOWN_KEYS,
    )
