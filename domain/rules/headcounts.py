"""How many people have any of some certifications, as time goes on?

Counted anew at each instant, a long forecast of a large organization would take minutes: here each change of each
credit is counted once, in those sets of certifications that have been asked for.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from domain.rules.attainment import Holding, Person


class Headcounts:
    """The people of an organization at an instant (aware, UTC) that only moves forward."""

    def __init__(self, holdings: Iterable[Holding], at: datetime) -> None:
        self._at = at
        self._by_code: dict[str, _Headcount] = defaultdict(_Headcount)
        self._by_set: dict[frozenset[str], _Headcount] = {}
        self._sets_with: dict[str, list[_Headcount]] = defaultdict(list)
        changes: list[tuple[datetime, bool, int, Holding]] = []
        for number, holding in enumerate(holdings):
            if holding.is_pending(at):
                self._change(holding, counting=0, pending=1)
                changes.append((holding.counts_from, True, number, holding))
            elif holding.is_counting(at):
                self._change(holding, counting=1, pending=0)
            else:
                continue
            if holding.counts_until is not None:
                changes.append((holding.counts_until, False, number, holding))
        self._changes = sorted(changes, key=lambda change: change[:3], reverse=True)

    @property
    def at(self) -> datetime:
        """Return the instant."""
        return self._at

    def advance_to(self, at: datetime) -> None:
        """Let everything happen until an instant, inclusive."""
        while self._changes and self._changes[-1][0] <= at:
            _, begins, _, holding = self._changes.pop()
            if begins:
                self._change(holding, counting=1, pending=-1)
            else:
                self._change(holding, counting=-1, pending=0)
        self._at = at

    def counting(self, certifications: frozenset[str]) -> int:
        """Return for how many people any of the certifications counts."""
        return len(self._headcount(certifications).counting)

    def pending(self, certifications: frozenset[str]) -> int:
        """Return how many people come on top once what is pending counts."""
        return self._headcount(certifications).on_top

    def _headcount(self, certifications: frozenset[str]) -> "_Headcount":
        found = self._by_set.get(certifications)
        if found is None:
            found = self._by_set[certifications] = _Headcount()
            for code in certifications:
                found.add(self._by_code[code])
                self._sets_with[code].append(found)
        return found

    def _change(self, holding: Holding, *, counting: int, pending: int) -> None:
        code = holding.certification
        for headcount in (self._by_code[code], *self._sets_with[code]):
            headcount.change(holding.person, counting=counting, pending=pending)


class _Headcount:
    """How many certifications of a set count for each person, and how many are pending."""

    def __init__(self) -> None:
        self.counting: dict[Person, int] = {}
        self.pending: dict[Person, int] = {}
        self.on_top = 0

    def add(self, other: "_Headcount") -> None:
        for person, number in other.counting.items():
            self.change(person, counting=number, pending=0)
        for person, number in other.pending.items():
            self.change(person, counting=0, pending=number)

    def change(self, person: Person, *, counting: int, pending: int) -> None:
        self.on_top -= self._is_on_top(person)
        _add(self.counting, person, counting)
        _add(self.pending, person, pending)
        self.on_top += self._is_on_top(person)

    def _is_on_top(self, person: Person) -> bool:
        return person in self.pending and person not in self.counting


def _add(numbers: dict[Person, int], person: Person, change: int) -> None:
    if change:
        number = numbers.get(person, 0) + change
        if number:
            numbers[person] = number
        else:
            del numbers[person]
