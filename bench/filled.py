"""Start engines and fill a database for the read benchmarks.

An embedded PostgreSQL and Redis of its own, with one organization that has very many credits.
"""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.rows import fill
from domain.database import schema
from domain.database.pool import connection, open_database
from domain.operations.catalog import import_catalog
from domain.operations.organizations import IssuerSettings, create_organization
from domain.rules.enums import MemberRole
from domain.rules.visibility import MemberViewer
from domain.settings import Settings
from local.engines import embedded_engines
from local.services import secret_key

NOW = datetime(2026, 11, 3, tzinfo=UTC)
ISSUER = "https://login.contoso.example"
CREDITS_EACH = 50


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Where the credits are, who may see them all, and a folder for what else is needed."""

    settings: Settings
    admin: MemberViewer
    folder: Path


@asynccontextmanager
async def filled_service(credits: int, *, credits_each: int = CREDITS_EACH) -> AsyncIterator[Filled]:
    """Run the engines for as long as the block runs, and write so many credits of one organization."""
    with tempfile.TemporaryDirectory(prefix="certlink-bench-", dir="/tmp") as folder:
        async with embedded_engines(Path(folder), durable=False, say=lambda _: None) as engines:
            settings = Settings(
                database_url=engines.database_url,
                redis_url=engines.redis_url,
                secret_key=secret_key(Path(folder) / "secret-key"),
                sandbox=True,
                # Nobody who measures is to be refused.
                max_cost=1_000_000_000,
                rate_limit=1_000_000_000,
                organization_rate_limit=1_000_000_000,
            )
            admin = await _fill(settings, max(1, credits // credits_each), credits_each)
            yield Filled(settings=settings, admin=admin, folder=Path(folder))


async def _fill(settings: Settings, members: int, credits_each: int) -> MemberViewer:
    async with open_database(settings.database_url):
        await schema.migrate()
        await import_catalog(now=NOW)
        organization_id = await create_organization(
            name="Contoso",
            domain="contoso.example",
            issuer=IssuerSettings(issuer=ISSUER, client_id="certlink"),
            now=NOW,
            settings=settings,
        )
        async with connection() as current:
            await fill(current, organization_id=organization_id, members=members, credits_each=credits_each, at=NOW)
            member_id: int = await current.fetchval(
                "UPDATE member SET role = 'ACCOUNT_ADMIN' WHERE id = (SELECT min(id) FROM member) RETURNING id"
            )
    return MemberViewer(member_id=member_id, organization_id=organization_id, role=MemberRole.ACCOUNT_ADMIN)
