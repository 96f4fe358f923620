"""`certlink explain` says why a credit counts, or not."""

import asyncio
import json
from typing import Any

import pytest

from api.graphql.ids import Kind, global_id
from domain.database.pool import open_database
from tests.certlink.conftest import Command
from tests.clock import START
from tests.factories import make_association, make_credit, make_member, make_organization

COUNTS = "2026-11-13T14:30:00Z"
MCID = "991204737"


@pytest.fixture
async def command(certlink: Command, database_url: str) -> Command:
    """Run ``certlink`` on a database with one credit."""
    await asyncio.to_thread(asyncio.run, _one_credit(database_url))
    return certlink


async def test_it_is_explained_in_lines(command: Command) -> None:
    result = await command("explain", "1", "--at", COUNTS)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "MB-310 of amara.osei@contoso.example for Contoso, 2026-11-13 14:30Z",
        "counting: Counts until 3 November 2027.",
        "what could keep it from counting:",
        "  does not not associated, since 2026-11-03 14:30Z",
        "      nobody: Nothing needs doing.",
        "  does not expired, expected to change 2027-11-03 14:30Z",
        "      person: Renew it before 3 November 2027, from 3 May 2027 on, and it keeps counting.",
        "  does not waiting, since 2026-11-13 14:30Z",
        "      nobody: Nothing needs doing.",
        "contributions:",
        "  Business Applications, smb, skilling intermediate, step 1: 4 points",
        "timeline:",
        "  2026-11-03 14:30Z: completed, recorded 2026-11-03 14:30Z",
        "  2026-11-03 14:30Z: associated, recorded 2026-11-03 14:30Z",
        "  2026-11-03 14:30Z: recorded, recorded 2026-11-03 14:30Z",
        "  2026-11-13 14:30Z: due",
        "  2026-11-13 14:30Z: counted",
        "  2027-05-03 14:30Z expected: renewal opens",
        "  2027-11-03 14:30Z expected: ended",
    ]
    assert MCID not in result.stdout


async def test_json_has_the_names_of_the_api(command: Command) -> None:
    result = await command("explain", global_id(Kind.CREDIT, 1), "--at", "2026-11-02T00:00:00Z", "--json")

    explained: dict[str, Any] = json.loads(result.stdout)
    assert (explained["id"], explained["status"]) == (global_id(Kind.CREDIT, 1), "PENDING")
    assert explained["explanation"]["countsFromEarliest"] == COUNTS
    assert [
        (reason["code"], reason["met"], reason["expectedAt"]) for reason in explained["explanation"]["reasons"][:2]
    ] == [
        ("NOT_ASSOCIATED", False, "2026-11-03T14:30:00Z"),
        ("WAITING", False, COUNTS),
    ]
    assert [line["reason"] for line in explained["contributions"]] == ["PENDING"]
    assert explained["timeline"][-1] == {
        "kind": "ENDED", "at": "2027-11-03T14:30:00Z", "recordedAt": None, "expected": True, "endReason": "EXPIRED"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("credit", "code", "words"),
    [
        ("2", 1, "nothing here"),
        ("0", 1, "nothing here"),
        ("nonsense", 2, "neither the number"),
        ("9" * 30, 2, "neither the number"),
        (global_id(Kind.MEMBER, 1), 2, "neither the number"),
    ],
)
async def test_what_is_no_credit_is_refused_in_one_line(command: Command, credit: str, code: int, words: str) -> None:
    result = await command("explain", credit)

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (code, "", 1)
    assert words in result.stderr


async def test_an_instant_without_an_offset_is_refused(command: Command) -> None:
    result = await command("explain", "1", "--at", "2026-11-13")

    assert (result.exit_code, result.stdout) == (2, "")


async def test_the_operator_sets_an_organization_s_track(command: Command) -> None:
    tracks = []
    for arguments in (["enterprise"], ["smb"], []):
        result = await command("organization", "track", "contoso.example", *arguments)
        explained = await command("explain", "1", "--at", COUNTS, "--json")
        tracks.append((result.exit_code, [line["track"] for line in json.loads(explained.stdout)["contributions"]]))

    assert tracks == [(0, ["ENTERPRISE"]), (0, ["SMB"]), (0, ["ENTERPRISE", "SMB"])]
    assert (await command("organization", "track", "contoso.example", "all")).exit_code == 1
    assert (await command("organization", "track", "nothing.example", "smb")).exit_code == 1


async def _one_credit(database_url: str) -> None:
    async with open_database(database_url, pool_size=2):
        organization = await make_organization(track="SMB")
        member = await make_member(organization, work_email="amara.osei@contoso.example")
        await make_credit(await make_association(member, profile_id=MCID), certification="MB-310", completed_at=START)
