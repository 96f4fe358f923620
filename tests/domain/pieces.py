"""Do work that comes in pieces at once."""

from typing import TypeVar

from domain.rules.forecast import Pieces

Result = TypeVar("Result")


def do_whole(pieces: Pieces[Result]) -> Result:
    """Do all pieces one after the other and return the result."""
    while True:
        try:
            next(pieces)
        except StopIteration as done:
            result: Result = done.value
            return result
