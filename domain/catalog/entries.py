"""How is an entry of a catalog file read, so that whatever is wrong with it is told with file and line?"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from domain.catalog.lines import Path, lines_of

Word = TypeVar("Word", bound=StrEnum)


class InvalidCatalog(Exception):
    """A data file of the catalog says something that cannot be; the message names the file and the line."""


class Entry:
    """A table of a catalog file, or of a stored edition, which has no lines."""

    def __init__(self, values: Mapping[str, Any], *, file: str, path: Path, lines: Mapping[Path, int]) -> None:
        self._values = values
        self._file = file
        self._path = path
        self._lines = lines

    @property
    def name(self) -> str:
        """Return the entry's own key."""
        return str(self._path[-1])

    @property
    def keys(self) -> Collection[str]:
        """Return the keys that the entry has."""
        return self._values.keys()

    def wrong(self, problem: str, key: str | None = None) -> InvalidCatalog:
        """Return what to raise for a problem of the entry, or of one of its keys."""
        path = self._path if key is None else (*self._path, key)
        line = next((self._lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self._lines), None)
        place = self._file if line is None else f"{self._file}:{line}"
        return InvalidCatalog(f"{place}: {_written(path)}: {problem}" if path else f"{place}: {problem}")

    def check_keys(self, *known: str) -> None:
        """Refuse keys that mean nothing."""
        for key in self._values:
            if key not in known:
                raise self.wrong(f"means nothing; known are {', '.join(known)}", key)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that is not empty."""
        value = self._value(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong("must be a text", key)
        return value

    def number(self, key: str, default: int | None = None, *, least: int = 1) -> int:
        """Return a whole number."""
        value = self._value(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self.wrong(f"must be a whole number, at least {least}", key)
        return value

    def day(self, key: str) -> date:
        """Return a date; in a stored edition it is a text."""
        value = self._value(key)
        try:
            return date.fromisoformat(value) if isinstance(value, str) and not self._lines else _date(value)
        except (ValueError, TypeError):
            raise self.wrong("must be a date", key) from None

    def word(self, key: str, kind: type[Word], default: Word | None = None) -> Word:
        """Return one of the programme's words, which files write in small letters."""
        value = self._value(key, default and default.value.lower())
        for known in kind:
            if value == known.value.lower():
                return known
        raise self.wrong(f"must be one of {', '.join(known.value.lower() for known in kind)}", key)

    def texts(self, key: str, *, known: Collection[str] | None = None) -> tuple[str, ...]:
        """Return a list of different texts, each of them known."""
        return self._texts(self._value(key), key, known)

    def lists(self, key: str, *, known: Collection[str] | None = None) -> tuple[tuple[str, ...], ...]:
        """Return a list of lists of texts; none where the key is missing."""
        value = self._value(key, [])
        if not isinstance(value, list):
            raise self.wrong("must be a list of lists", key)
        return tuple(self._texts(inner, key, known) for inner in value)

    def entry(self, key: str) -> "Entry":
        """Return the table under a key."""
        return self._entry(self._value(key), key)

    def entries(self, key: str) -> Iterator["Entry"]:
        """Yield the tables under a key, which may be missing: those of a list, or those that a table holds."""
        value = self._value(key, {})
        if isinstance(value, list):
            for number, inner in enumerate(value):
                yield self._entry(inner, key, number)
        else:
            table = self._entry(value, key)
            for name in table.keys:
                yield table.entry(name)

    def _entry(self, value: object, *steps: str | int) -> "Entry":
        if not isinstance(value, dict):
            raise self.wrong("must be a table", str(steps[0]))
        return Entry(value, file=self._file, path=(*self._path, *steps), lines=self._lines)

    def _value(self, key: str, default: Any = None) -> Any:
        value = self._values.get(key, default)
        if value is None:
            raise self.wrong(f"{key} is missing")
        return value

    def _texts(self, value: object, key: str, known: Collection[str] | None) -> tuple[str, ...]:
        if not isinstance(value, list) or not value or not all(isinstance(text, str) and text for text in value):
            raise self.wrong("must be a list of texts", key)
        if len(set(value)) < len(value):
            raise self.wrong("says one thing twice", key)
        if known is not None and (unknown := [text for text in value if text not in known]):
            raise self.wrong(f"the catalog knows no {', '.join(unknown)}", key)
        return tuple(value)


def entry_of(text: str, *, file: str) -> tuple[Entry, dict[str, Any]]:
    """Return a TOML file's text as an entry, and as what it says.

    Raises:
        InvalidCatalog: it is no TOML.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidCatalog(_located(file, text, str(error))) from None
    return Entry(document, file=file, path=(), lines=lines_of(text)), document


def _located(file: str, text: str, problem: str) -> str:
    """Bring the parser's words into the form of ours: file, line, problem."""
    what, _, place = problem.rpartition(" (at ")
    found = re.match(r"line (\d+)", place)
    return f"{file}:{found[1] if found else len(text.splitlines())}: {what}"


def _date(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError
    return value


def _written(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
