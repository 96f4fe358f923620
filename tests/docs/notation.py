"""Compare an answer with the one that the documentation shows.

Everything is compared exactly but for two signs. ``…`` stands for any part of a text or of a list, and for a number
that is another one in each run. ``<some name>`` stands for a text that is; it is kept under its name, must be the same
wherever the name is used again, and takes its place in what is sent.
"""

import json
import re
from typing import Any

REST = "…"
_NAME = re.compile(r"<([a-z][a-z0-9 ']*)>", re.IGNORECASE)


class Different(Exception):
    """Where and how an answer is not the one shown."""


class Kept(dict[str, str]):
    """What the names of the documentation stand for in this run."""

    def filled(self, text: str) -> str:
        """Return a text with each name replaced by what it stands for, fit for a JSON string."""
        return _NAME.sub(lambda found: json.dumps(self[found[1]])[1:-1], text)

    def compare(self, shown: Any, given: Any, path: str = "") -> None:
        """Hold an answer against the one shown.

        Raises:
            Different: it is another.
        """
        if isinstance(shown, dict) and isinstance(given, dict):
            if shown.keys() != given.keys():
                raise Different(f"{path or 'the answer'} has {list(given)}, not {list(shown)}")
            for key in shown:
                self.compare(shown[key], given[key], f"{path}.{key}")
        elif isinstance(shown, list) and isinstance(given, list):
            self._compare_lists(shown, given, path)
        elif isinstance(shown, str) and isinstance(given, str):
            self.compare_text(shown, given, path)
        elif shown == REST and isinstance(given, int | float) and not isinstance(given, bool):
            return
        elif type(shown) is not type(given) or shown != given:
            raise Different(f"{path or 'the answer'} is {given!r}, not {shown!r}")

    def compare_text(self, shown: str, given: str, path: str) -> None:
        """Hold a text against the one shown.

        Raises:
            Different: it is another.
        """
        names: list[str] = []
        pattern = ""
        for part in re.split(rf"({_NAME.pattern.replace('(', '(?:')}|{REST})", shown, flags=re.IGNORECASE):
            if part == REST:
                pattern += ".*"
            elif _NAME.fullmatch(part):
                names.append(part[1:-1])
                pattern += r"(\S+)"
            else:
                pattern += re.escape(part)
        found = re.fullmatch(pattern, given, re.DOTALL)
        if found is None:
            raise Different(f"{path or 'the answer'} is {given!r}, not {shown!r}")
        for name, value in zip(names, found.groups(), strict=True):
            if self.setdefault(name, value) != value:
                raise Different(f"{path}: <{name}> was {self[name]!r} before, and is {value!r}")

    def _compare_lists(self, shown: list[Any], given: list[Any], path: str) -> None:
        """Hold items against those shown; what ``…`` leaves out ends where the next item is the one shown."""
        found, skips = 0, False
        for one in shown:
            if one == REST:
                skips = True
                continue
            while True:
                if found == len(given):
                    raise Different(f"{path} has {len(given)} items, and this one is not among them: {one!r}")
                kept = dict(self)
                try:
                    self.compare(one, given[found], f"{path}[{found}]")
                    break
                except Different:
                    self.clear()
                    self.update(kept)
                    if not skips:
                        raise
                    found += 1
            found, skips = found + 1, False
        if found < len(given) and not skips:
            raise Different(f"{path} has {len(given)} items, not {found}")
