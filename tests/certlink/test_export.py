"""The export command."""

import asyncio
import csv
import io
import json
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from api.exports.formats import COLUMNS
from bench.rows import fill
from certlink.atomic_file import NotWritten, atomic_file
from domain.database.pool import connection, fetch_value
from domain.models import Organization
from domain.settings import Settings
from tests.clock import START
from tests.factories import make_association, make_credit, make_member, make_organization

AS_OF = ("--as-of", "2026-11-03T14:30:00Z")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int | None
    out: bytes
    error: str


@pytest.fixture
async def organization(database: str) -> Organization:
    """An organization with two credits, and what never counts, which is its person's alone (R17)."""
    organization = await make_organization()
    association = await make_association(await make_member(organization, name="=Amara"))
    for code in ("AZ-104", "AZ-305", "NO-SUCH-CODE"):
        await make_credit(association, certification=code)
    return organization


@pytest.fixture
def environment(settings: Settings) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "CERTLINK_SECRET_KEY": settings.secret_key.get_secret_value(),
    }


async def start(environment: Mapping[str, str], *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "certlink", "export", "skills-report", *arguments,
        env=dict(environment), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def run(environment: Mapping[str, str], *arguments: str) -> Ended:
    process = await start(environment, *arguments)
    out, error = await process.communicate()
    return Ended(process.returncode, out, error.decode())


async def test_rows_go_to_the_standard_output_and_progress_elsewhere(
    organization: Organization, environment: Mapping[str, str]
) -> None:
    ended = await run(environment, "contoso.example", "--format", "ndjson", *AS_OF)

    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 0, ended.error
    assert [row["certification"]["code"] for row in rows] == ["AZ-104", "AZ-305"]
    assert [row["status"] for row in rows] == ["PENDING", "PENDING"]
    assert rows[0]["person"]["name"] == "=Amara"
    assert ended.error.endswith("2 rows\n")


async def test_a_file_is_for_its_owner_alone_and_takes_the_place_of_an_older_one(
    organization: Organization, environment: Mapping[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "report.csv"
    file.write_text("older")

    ended = await run(environment, "CONTOSO.example", "--output", str(file), *AS_OF)

    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))
    assert (ended.code, ended.out) == (0, b""), ended.error
    assert tuple(rows[0]) == COLUMNS
    assert [row["personName"] for row in rows] == ["'=Amara"] * 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


async def test_what_cannot_be_done_is_told_in_a_line(
    organization: Organization, environment: Mapping[str, str]
) -> None:
    expected = {
        ("nowhere.example",): (1, "certlink: There is no organization with this mail domain."),
        ("contoso.example", "--as-of", "2026-11-03"): (2, 'certlink: "2026-11-03" is no instant'),
        ("contoso.example", "--format", "pdf"): (2, "Invalid value for '--format'"),
        ("contoso.example", "--output", "/no/such/report.csv"): (1, "certlink: /no/such/report.csv cannot be written"),
        ("contoso.example", "--output", "/"): (1, "certlink: / is a folder"),
    }

    every = await asyncio.gather(*(run(environment, *arguments) for arguments in expected))

    for ended, (code, line) in zip(every, expected.values(), strict=True):
        assert (ended.code, ended.out) == (code, b""), line
        assert line in ended.error
        assert "Traceback" not in ended.error


async def test_a_database_that_fails_midway_leaves_no_file(
    organization: Organization, environment: Mapping[str, str], tmp_path: Path
) -> None:
    async with connection() as current:
        await fill(current, organization_id=organization.id, members=400, credits_each=100, at=START)
    process = await start(environment, "contoso.example", "--output", str(tmp_path / "report.csv"), *AS_OF)
    async with asyncio.timeout(20):
        while not list(tmp_path.iterdir()):
            await asyncio.sleep(0.01)

    await fetch_value(
        """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
           WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"""
    )
    _, error = await process.communicate()

    assert process.returncode == 3
    assert b"Traceback" not in error
    assert list(tmp_path.iterdir()) == []


async def test_a_reader_that_goes_away_ends_the_command_in_a_line(
    organization: Organization, environment: Mapping[str, str]
) -> None:
    async with connection() as current:
        await fill(current, organization_id=organization.id, members=100, credits_each=100, at=START)
    read, written = os.pipe()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "certlink", "export", "skills-report", "contoso.example",
        "--as-of", (START - timedelta(days=1)).isoformat(),
        env=dict(environment), stdout=written, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    os.close(written)
    os.close(read)

    _, error = await process.communicate()

    assert process.returncode == 1
    assert b"certlink: - cannot be written: Broken pipe" in error
    assert b"Traceback" not in error


def test_what_fails_while_a_file_is_written_leaves_the_older_one(tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes(b"older")

    with pytest.raises(RuntimeError), atomic_file(str(file)) as writing:
        writing.write(b"newer")
        raise RuntimeError

    assert file.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [file]


def test_a_place_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotWritten), atomic_file(str(tmp_path / "missing" / "report.csv")):
        raise AssertionError
