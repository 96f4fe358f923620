"""What completions does a file to score hold, and what is wrong with its rows?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from graphql import GraphQLError

from api.graphql.scalars import instant_of

FIELDS = ("person", "certification", "completedAt", "expiresAt")


@dataclass(frozen=True, kw_only=True, slots=True)
class CompletionRow:
    """One completion of the file, with its number in the list, from 1."""

    number: int
    person: str
    certification: str
    completed_at: datetime
    expires_at: datetime | None


class UnreadableFile(Exception):
    """The file holds no list of completions; there is one line for each thing that is wrong."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def completion_rows(content: bytes) -> list[CompletionRow]:
    """Return the rows of a JSON list of completions.

    Raises:
        UnreadableFile: it is no JSON list, or rows are wrong: then there is one line for each of them.
    """
    try:
        entries = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"this is no JSON: {error}") from None
    if not isinstance(entries, list):
        raise UnreadableFile("the file must hold a list of completions")
    rows, problems = [], []
    for number, entry in enumerate(entries, 1):
        try:
            rows.append(_row(number, entry))
        except ValueError as error:
            problems.append(f"row {number}: {error}")
    if problems:
        raise UnreadableFile(*problems)
    return rows


def _row(number: int, entry: object) -> CompletionRow:
    if not isinstance(entry, dict):
        raise ValueError("must be an object")
    if unknown := [str(key) for key in entry if key not in FIELDS]:
        raise ValueError(f"{', '.join(unknown)} means nothing; known are {', '.join(FIELDS)}")
    completed_at = _instant(entry, "completedAt")
    expires_at = None if entry.get("expiresAt") is None else _instant(entry, "expiresAt")
    if expires_at is not None and expires_at <= completed_at:
        raise ValueError("expiresAt must be after completedAt")
    return CompletionRow(
        number=number,
        person=_text(entry, "person"),
        certification=_text(entry, "certification"),
        completed_at=completed_at,
        expires_at=expires_at,
    )


def _text(entry: Mapping[str, object], key: str) -> str:
    value = _present(entry, key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} must be a text")
    return value


def _instant(entry: Mapping[str, object], key: str) -> datetime:
    try:
        return instant_of(_present(entry, key))
    except GraphQLError:
        raise ValueError(f"{key} must be an instant with an offset, such as 2026-11-23T09:30:00Z") from None


def _present(entry: Mapping[str, object], key: str) -> object:
    if entry.get(key) is None:
        raise ValueError(f"{key} is missing")
    return entry[key]
