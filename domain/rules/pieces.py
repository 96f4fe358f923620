"""Pieces of a long computation, with pauses for others."""

from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)

# What is done up to each ``yield`` is a piece; the result is returned at the end.
Pieces = Generator[None, None, Result_co]


def do_whole(pieces: Pieces[Result]) -> Result:
    """Do all pieces one after the other and return the result."""
    while True:
        try:
            next(pieces)
        except StopIteration as done:
            result: Result = done.value
            return result
