"""Exports of the skills report as CSV and NDJSON."""

import asyncio
import csv
import io
import json
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from httpx2 import AsyncClient, Response

from api.exports.formats import COLUMNS, defused
from api.exports.parameters import PARAMETERS
from api.runtime import Runtime
from domain.database.pool import execute
from domain.models import Credit, Member
from domain.rules.contributions import ProgramContributions
from domain.rules.enums import MemberRole
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.api.reports.walking import REPORT_WITH_CONTRIBUTIONS, page, walk
from tests.clock import START
from tests.factories import make_association, make_credit, make_member, make_organization

CSV, NDJSON = "/exports/skills-report.csv", "/exports/skills-report.ndjson"
# What an address asks for, and the same as a filter.
CONDITIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"person": "amara"}, {"person": "amara"}),
    ({"certification": "AZ-305"}, {"certification": "AZ-305"}),
    ({"program": "security"}, {"program": "security"}),
    ({"provider": "MICROSOFT_LEARN"}, {"provider": "MICROSOFT_LEARN"}),
    ({"status": ["ENDED", "INELIGIBLE"]}, {"statuses": ["ENDED", "INELIGIBLE"]}),
    (
        {"completedAt.from": "2026-09-13T14:30:00Z", "completedAt.until": "2026-11-01T01:00:00+01:00"},
        {"completedAt": {"from": "2026-09-13T14:30:00Z", "until": "2026-11-01T00:00:00Z"}},
    ),
    ({"expiresAt.until": "2026-12-01T00:00:00Z"}, {"expiresAt": {"until": "2026-12-01T00:00:00Z"}}),
    ({"countsFrom.from": "2026-11-04T00:00:00Z"}, {"countsFrom": {"from": "2026-11-04T00:00:00Z"}}),
    ({"countsUntil.from": "2026-11-04T00:00:00Z"}, {"countsUntil": {"from": "2026-11-04T00:00:00Z"}}),
    ({"person": "nobody at all"}, {"person": "nobody at all"}),
]


async def get(client: AsyncClient, caller: Caller, path: str, **parameters: Any) -> Response:
    return await client.get(path, params=parameters, headers=caller.headers)


def lines(response: Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.text.splitlines()]


def cells(response: Response) -> list[dict[str, str]]:
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline=""), strict=True))


async def test_an_export_s_rows_are_those_of_the_pages_for_any_filter_and_instant(
    client: AsyncClient, caller: Caller, credits: list[Credit]
) -> None:
    instants = [None, START - timedelta(days=20), START + timedelta(days=30)]
    for instant in instants:
        as_of: dict[str, Any] = {} if instant is None else {"asOf": instant.isoformat()}
        for parameters, wanted in CONDITIONS:
            rows = await walk(caller, REPORT_WITH_CONTRIBUTIONS, size=7, filter=wanted, **as_of)

            ndjson = await get(client, caller, NDJSON, **parameters, **as_of)
            table = await get(client, caller, CSV, **parameters, **as_of)

            assert lines(ndjson) == rows, parameters
            assert [row["creditId"] for row in cells(table)] == [row["creditId"] for row in rows], parameters


async def test_contributions_are_computed_in_a_thread_in_the_organization_s_turn(
    client: AsyncClient,
    runtime: Runtime,
    admin: Member,
    caller: Caller,
    credits: list[Credit],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[tuple[str, int]] = []

    def noting(name: str) -> None:
        original = getattr(ProgramContributions, name)

        def noted(*args: Any, **named: Any) -> Any:
            computed.append((name, threading.get_ident()))
            return original(*args, **named)

        monkeypatch.setattr(ProgramContributions, name, noted)

    noting("__init__")
    noting("of")
    organization = await admin.organization
    async with runtime.scoring_slots.turn(organization.id):
        export = asyncio.create_task(get(client, caller, NDJSON))
        async with asyncio.timeout(10):
            # The export has joined whoever has the turn.
            while runtime.scoring_slots._queues[organization.id].users < 2:
                await asyncio.sleep(0.005)
        meanwhile = list(computed)
    rows = lines(await export)

    assert meanwhile == []
    assert rows
    assert [name for name, _ in computed] == ["__init__", "of"]
    assert threading.get_ident() not in {thread for _, thread in computed}
    assert len(runtime.scoring_slots) == 0


async def test_csv_has_the_documented_columns_and_lines_end_as_rfc_4180_says(
    client: AsyncClient, caller: Caller, credits: list[Credit]
) -> None:
    await execute("UPDATE member SET name = 'Osei, \"Amara\"' || chr(10) || 'Ämilia' WHERE name = 'Amara Osei'")

    response = await get(client, caller, CSV)

    told = (await page(caller, REPORT_WITH_CONTRIBUTIONS, first=100))["nodes"]
    rows = cells(response)
    assert tuple(rows[0]) == COLUMNS
    assert response.content.count(b"\r\n") == len(rows) + 1 == 13
    assert response.content.endswith(b"\r\n")
    assert '"Osei, ""Amara""\nÄmilia"'.encode() in response.content
    assert {row["asOf"] for row in rows} == {"2026-11-03T14:30:00Z"}
    plain = ("completedAt", "expiresAt", "countsFrom", "countsUntil", "status", "endReason", "ineligibleReason")
    assert [[row[name] for name in plain] for row in rows] == [[row[name] or "" for name in plain] for row in told]
    assert [row["personName"] for row in rows] == [row["person"]["name"] or "" for row in told]
    assert [row["contributions"].count(";") + 1 for row in rows if row["contributions"]] == [
        len(row["contributions"]) for row in told if row["contributions"]
    ]


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-Amara", "'-Amara"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("a;=1+1", "a;'=1+1"),
        ("Amara Osei-Tutu", "Amara Osei-Tutu"),
        ("O'Neil + Sons = 2", "O'Neil + Sons = 2"),
        ("", ""),
    ],
)
def test_no_cell_begins_a_formula(name: str, cell: str) -> None:
    assert defused(name) == cell


async def test_a_name_that_is_a_formula_is_defused_in_csv_and_told_as_it_is_in_ndjson(
    client: AsyncClient, caller: Caller, admin: Member
) -> None:
    name = '=HYPERLINK("http://evil.example";"Click")'
    await execute("UPDATE member SET name = $1 WHERE id = $2", name, admin.id)
    await make_credit(await make_association(admin))

    table, ndjson = await get(client, caller, CSV), await get(client, caller, NDJSON)

    assert cells(table)[0]["personName"] == "'" + name
    assert lines(ndjson)[0]["person"]["name"] == name


@pytest.mark.parametrize(("path", "media_type"), [(CSV, "text/csv"), (NDJSON, "application/x-ndjson")])
async def test_a_file_is_named_by_its_instant_and_nobody_stores_it(
    client: AsyncClient, caller: Caller, path: str, media_type: str
) -> None:
    response = await get(client, caller, path, asOf="2026-01-31T23:00:00-05:00")

    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == media_type
    assert response.headers["content-disposition"] == (
        f'attachment; filename="skills-report-20260201T040000Z.{path.rpartition(".")[2]}"'
    )
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.content == ((b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n") if path == CSV else b"")


@pytest.mark.parametrize("path", [CSV, NDJSON])
async def test_only_an_admin_exports_and_only_their_own_organization(
    client: AsyncClient, nobody: Caller, caller: Caller, admin: Member, credits: list[Credit], path: str
) -> None:
    member = await make_member(await admin.organization)
    foreign = await make_member(await make_organization("Fabrikam"), role=MemberRole.GLOBAL_ADMIN)
    callers = [nobody, await sign_in(client, member), caller, await sign_in(client, foreign)]

    answers = [await get(client, each, path) for each in callers]

    assert [answer.status_code for answer in answers] == [401, 403, 200, 200]
    assert [code(answer) for answer in answers[:2]] == ["NOT_AUTHENTICATED", "FORBIDDEN"]
    assert answers[0].headers["www-authenticate"].startswith("Bearer")
    assert "contoso" not in answers[3].text
    assert "contoso" in answers[2].text


def code(response: Response) -> str:
    (error,) = response.json()["errors"]
    assert error["message"]
    found: str = error["extensions"]["code"]
    return found


async def test_a_cookie_counts_only_for_our_own_pages(client: AsyncClient, caller: Caller) -> None:
    for site in ("cross-site", "same-site"):
        caller.headers["Sec-Fetch-Site"] = site
        assert code(await get(client, caller, CSV)) == "CROSS_SITE_REQUEST"

    del caller.headers["Sec-Fetch-Site"]
    response = await get(client, caller, CSV)

    assert (response.status_code, code(response)) == (403, "CROSS_SITE_REQUEST")


async def test_a_bearer_token_that_proves_nothing_is_told_so(client: AsyncClient, database: str) -> None:
    response = await get(client, Caller(client, bearer="nonsense"), CSV)

    assert (response.status_code, code(response)) == (401, "NOT_AUTHENTICATED")


@pytest.mark.parametrize(
    "query",
    [
        "order=person",
        "asOf=2026-01-01",
        "asOf=2026-01-01T00:00:00",
        "asOf=",
        "asOf=2026-01-01T00:00:00+01:00",
        "asOf=2026-01-01T00:00:00Z&asOf=2026-01-01T00:00:00Z",
        "status=counting",
        "status=COUNTING&status=x",
        "provider=x",
        "program=no-such-program",
        f"certification={'x' * 101}",
        "certification=%00",
        "person=%00",
        f"person={'x' * 400}",
        "completedAt.from=2026-01-02T00:00:00Z&completedAt.until=2026-01-01T00:00:00Z",
        "completedAt=2026-01-02T00:00:00Z",
    ],
)
async def test_a_parameter_that_cannot_be_understood_is_refused(
    client: AsyncClient, caller: Caller, query: str
) -> None:
    response = await client.get(f"{CSV}?{query}", headers=caller.headers)

    assert (response.status_code, code(response)) == (400, "INVALID_INPUT")


async def test_only_get_is_answered(client: AsyncClient, caller: Caller) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        response = await client.request(method, CSV, headers=caller.headers)

        assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")
        assert response.headers["allow"] == "GET"


async def test_front_ends_may_fetch_with_a_token_of_their_own(wire: AsyncClient) -> None:
    response = await wire.options(
        CSV,
        headers={
            "Origin": "https://front.contoso.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        },
    )

    assert response.headers["access-control-allow-origin"] == "https://front.contoso.example"
    assert "access-control-allow-credentials" not in response.headers


async def test_a_database_that_is_away_is_told_before_anything_is_sent(
    client: AsyncClient, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(self: object, *arguments: object, **named: object) -> None:
        raise asyncpg.ConnectionDoesNotExistError

    monkeypatch.setattr(asyncpg.Connection, "cursor", lost)

    response = await get(client, caller, CSV)

    assert (response.status_code, code(response)) == (503, "TRY_AGAIN")
    assert response.headers["retry-after"]


def test_every_column_and_every_parameter_is_documented_and_no_other() -> None:
    text = (Path(__file__).parents[3] / "docs" / "exports.md").read_text()
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")}

    def named(section: str) -> list[str]:
        cells = re.findall(r"^\| (`.*?) \|", sections[section], re.MULTILINE)
        return [name for cell in cells for name in re.findall(r"`([A-Za-z.]+)`", cell)]

    assert tuple(named("CSV")) == COLUMNS
    assert tuple(named("Parameters")) == PARAMETERS
