"""Commands that run in the tests' own process."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """What a command sets up for its own process, and this one has no use for: its stderr is closed afterwards."""
    yield
    structlog.reset_defaults()
