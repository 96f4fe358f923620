"""Readiness of a process to serve."""

from domain.database.schema import missing_migrations
from domain.errors import TryAgain


async def readiness() -> list[str]:
    """Return what keeps the process from serving, if anything does."""
    try:
        return [f"migration {name} is missing" for name in await missing_migrations()]
    except TryAgain:
        return ["the database does not answer"]
