"""Can this process serve?"""

from domain.database.pool import fetch_value
from domain.database.schema import missing_migrations
from domain.errors import Refusal


async def readiness() -> list[str]:
    """Return what is missing to serve; nothing where all is well."""
    try:
        await fetch_value("SELECT 1")
        missing = await missing_migrations()
    except Refusal:
        return ["the database does not answer"]
    return [f"migration {name} is missing" for name in missing]
