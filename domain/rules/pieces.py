"""Pieces of a long computation, with pauses for others."""

from collections.abc import Generator
from typing import TypeVar

Result_co = TypeVar("Result_co", covariant=True)

# What is done up to each ``yield`` is a piece; the result is returned at the end.
Pieces = Generator[None, None, Result_co]
