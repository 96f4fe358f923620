"""On which line of a TOML text does each value begin?

The standard parser keeps no lines. But a text that it accepts is a row of statements, each the shortest run of whole
lines that it accepts on its own.
"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]


def lines_of(text: str) -> Mapping[Path, int]:
    """Return the line, from 1, on which each table and each key of a valid TOML text begins."""
    lines: dict[Path, int] = {}
    table: Path = ()
    lengths: dict[Path, int] = {}
    for number, statement in _statements(text):
        document = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            table = _header(document, lengths)
            lines.setdefault(table, number)
        else:
            for path in _keys(document, table):
                lines.setdefault(path, number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    statement, begun = "", 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        begun = begun if statement else number
        statement += line
        try:
            found = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if found:
            yield begun, statement
        statement = ""


def _header(document: Mapping[str, Any], lengths: dict[Path, int]) -> Path:
    """Return the path of a header; the index of a table in an array goes into it after the array's name."""
    path: Path = ()
    value: Any = document
    while value:
        name, value = next(iter(value.items()))
        path = (*path, name)
        if isinstance(value, list):
            lengths[path] = lengths.get(path, 0) + 1
            value = value[0]
        if path in lengths:
            path = (*path, lengths[path] - 1)
    return path


def _keys(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from _keys(inner, (*path, name))
