"""How are sums of products written down so that filling in the variables is cheap, whatever they were made from?

As a list of steps, each a constant and multiples of earlier steps: what is used many times is computed once. Sums stop
at ``PLENTY``, since a chain of fragments that doubles at each link would make numbers of hundreds of digits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.limits.page_sizes import Size, Variables

PLENTY = 1_000_000_000.0


@dataclass(frozen=True)
class Sum:
    """A constant and multiples of steps."""

    constant: float = 0.0
    multiples: tuple[tuple[float | Size, int], ...] = ()


ZERO = Sum()


class Steps:
    """The steps of one document; each uses earlier ones only."""

    def __init__(self) -> None:
        self._steps: list[Sum] = []

    def __len__(self) -> int:
        """Return how many steps there are."""
        return len(self._steps)

    def add(self, total: Sum) -> int:
        """Make a sum a step and return its number."""
        self._steps.append(total)
        return len(self._steps) - 1

    def sum(self, sums: Sequence[Sum]) -> Sum:
        """Return the sum of sums; one of many parts becomes a step, so that using it again costs nothing."""
        constant = min(sum(each.constant for each in sums), PLENTY)
        multiples = tuple(part for each in sums for part in each.multiples)
        total = Sum(constant, multiples)
        return total if len(multiples) <= 1 else Sum(0.0, ((1.0, self.add(total)),))

    def times(self, total: Sum, size: float | Size) -> Sum:
        """Return a sum so many times."""
        if not isinstance(size, float | int):
            return ZERO if total == ZERO else Sum(0.0, ((size, self.add(total)),))
        if not total.multiples:
            return Sum(min(total.constant * size, PLENTY))
        return Sum(0.0, ((float(size), self.add(total)),))

    def value(self, number: int, variables: Variables) -> float:
        """Return what a step comes to with a request's variables."""
        values: list[float] = []
        for step in self._steps[: number + 1]:
            value = step.constant
            for size, used in step.multiples:
                value += (size if isinstance(size, float) else size.of(variables)) * values[used]
            values.append(min(value, PLENTY))
        return values[number]
