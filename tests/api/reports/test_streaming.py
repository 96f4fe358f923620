"""Streaming of a long export."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.fernet import Fernet
from httpx2 import AsyncClient

from api.exports import streaming
from api.exports.formats import Ndjson
from api.runtime import Runtime
from bench.rows import fill
from bench.unlimited import NoRateLimit
from domain.database.pool import connection, fetch_value, open_database
from domain.notifications import NotificationListener
from domain.providers.oidc import Issuers
from domain.rules.enums import MemberRole
from domain.settings import Settings
from local.engines import Engines
from tests.api.conftest import DOCUMENTS, application, sign_in
from tests.api.serving import served
from tests.clock import START, FrozenClock
from tests.factories import make_member, make_organization

ROWS = 200_000
NDJSON = "/exports/skills-report.ndjson"
MEBIBYTE = 1024 * 1024
EXPORTING = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL
    AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


@pytest.fixture(scope="module")
async def many(engines: Engines, template_database: str) -> AsyncIterator[tuple[str, str]]:
    """Serve an organization with very many credits; gives the address and its admin's session."""
    async with AsyncExitStack() as stack:
        root = await asyncpg.connect(engines.database_url)
        stack.push_async_callback(root.close)
        await root.execute(f"CREATE DATABASE many TEMPLATE {template_database}")
        url = engines.database_url.replace("/certlink?", "/many?")
        await stack.enter_async_context(open_database(url, pool_size=6))
        organization = await make_organization()
        async with connection() as current:
            await fill(current, organization_id=organization.id, members=2000, credits_each=ROWS // 2000, at=START)
        settings = Settings(
            database_url=url,
            redis_url=engines.redis_url,
            secret_key=Fernet.generate_key().decode(),
            sandbox=True,
            pool_size=6,
        )
        runtime = Runtime(
            settings=settings,
            clock=FrozenClock(),
            issuers=Issuers(settings=settings),
            notifications=NotificationListener(url),
            rate_limit=NoRateLimit(settings),
            documents=DOCUMENTS,
        )
        address = await stack.enter_async_context(served(application(runtime)))
        admin = await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)
        caller = await sign_in(AsyncClient(), admin)
        yield address, caller.headers["Cookie"]


class Download:
    """A client that reads as fast as it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def headers(self) -> tuple[int, str]:
        """Return the status and the rest of the head."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        return int(head.split(" ", 2)[1]), head.lower()

    async def chunk(self) -> bytes | None:
        """Return the next chunk: empty if it is the last, nothing if the connection was cut before it."""
        try:
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            return (await self._reader.readexactly(size + 2))[:-2]
        except (asyncio.IncompleteReadError, ConnectionError):
            return None


@asynccontextmanager
async def download(many: tuple[str, str], query: str = "", *, version: str = "1.1") -> AsyncIterator[Download]:
    host, _, port = many[0].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (f"GET {NDJSON}{query} HTTP/{version}", f"Host: {host}", "Sec-Fetch-Site: same-origin", f"Cookie: {many[1]}")
    writer.write("\r\n".join([*head, "", ""]).encode())
    try:
        yield Download(reader, writer)
    finally:
        writer.close()


async def until_nobody_exports() -> None:
    async with asyncio.timeout(10):
        while await fetch_value(EXPORTING):
            await asyncio.sleep(0.02)


def resident() -> int:
    """Return the process's resident memory in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="measures memory as Linux tells it")
async def test_200_000_rows_are_streamed_with_flat_memory(many: tuple[str, str]) -> None:
    rows = size = 0
    before = peak = resident()

    async with download(many) as file:
        status, head = await file.headers()
        while chunk := await file.chunk():
            rows += chunk.count(b"\n")
            size += len(chunk)
            peak = max(peak, resident())

    assert (status, rows, chunk) == (200, ROWS, b"")
    assert "content-length" not in head
    assert size > 64 * MEBIBYTE
    assert peak - before < 24 * MEBIBYTE
    await until_nobody_exports()


async def test_a_client_that_does_not_read_holds_the_export_back(
    many: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0
    encoded = Ndjson.encoded

    def counted(self: Ndjson, rows: Any, contributions: Any) -> bytes:
        nonlocal written
        written += len(rows)
        return encoded(self, rows, contributions)

    monkeypatch.setattr(Ndjson, "encoded", counted)
    async with download(many) as file:
        await file.headers()
        await asyncio.sleep(1)

    # Buffers of the sockets take some megabytes.
    assert 0 < written < ROWS / 4
    await until_nobody_exports()


async def test_a_client_that_goes_away_frees_the_connection_at_once(many: tuple[str, str]) -> None:
    for _ in range(4):
        async with download(many, "?person=person%201") as file:
            await file.headers()
            await file.chunk()
            assert await fetch_value(EXPORTING) == 1

        await until_nobody_exports()


async def test_a_client_that_takes_nothing_for_long_is_given_up(
    many: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "STALLED_SECONDS", 0.3)

    async with download(many) as file:
        await file.headers()
        await until_nobody_exports()
        chunks = [chunk async for chunk in _all(file)]

    assert chunks[-1] is None


async def test_a_database_that_fails_midway_leaves_no_file_that_looks_whole(many: tuple[str, str]) -> None:
    async with download(many) as file:
        await file.headers()
        await file.chunk()
        await fetch_value(EXPORTING.replace("count(*)", "count(pg_terminate_backend(pid))"))
        chunks = [chunk async for chunk in _all(file)]

    assert chunks[-1] is None
    async with download(many, "?status=PENDING&certification=AZ-104") as file:
        assert (await file.headers())[0] == 200
        assert [chunk async for chunk in _all(file)][-1] == b""


async def _all(file: Download) -> AsyncIterator[bytes | None]:
    while chunk := await file.chunk():
        yield chunk
    yield chunk


async def test_a_file_is_one_state_of_the_database(many: tuple[str, str]) -> None:
    lines = b""

    async with download(many, "?status=PENDING") as file:
        await file.headers()
        lines += await file.chunk() or b""
        assert await fetch_value(EXPORTING) == 1
        async with connection() as current:
            await current.execute("UPDATE member SET name = 'changed meanwhile' WHERE name LIKE 'Person 1%'")
            await current.execute(
                "UPDATE credit SET counts_from = counts_from - interval '9 days' WHERE counts_from > $1", START
            )
        while chunk := await file.chunk():
            lines += chunk

    rows = [json.loads(line) for line in lines.splitlines()]
    assert chunk == b""
    assert {row["status"] for row in rows} == {"PENDING"}
    assert not [row for row in rows if row["person"]["name"] == "changed meanwhile"]
    assert len({row["creditId"] for row in rows}) == len(rows) == ROWS / 10


async def test_exports_leave_connections_to_others_and_one_place_to_another_organization(many: tuple[str, str]) -> None:
    other = await make_organization("Fabrikam")
    async with connection() as current:
        await fill(current, organization_id=other.id, members=300, credits_each=100, at=START)
    theirs = await sign_in(AsyncClient(), await make_member(other, role=MemberRole.ACCOUNT_ADMIN))
    others = (many[0], theirs.headers["Cookie"])
    heads = []

    async with AsyncExitStack() as stack:
        for who in (many, many, many, others, others):
            file = await stack.enter_async_context(download(who))
            heads.append(await file.headers())

    assert [status for status, _ in heads] == [200, 200, 503, 200, 503]
    assert all(re.search(r"retry-after: \d+", head) for status, head in heads if status == 503)
    await until_nobody_exports()


async def test_http_1_0_is_refused_since_there_a_part_looks_whole(many: tuple[str, str]) -> None:
    async with download(many, version="1.0") as file:
        status, head = await file.headers()

    assert status == 426
    assert "upgrade: http/1.1" in head
