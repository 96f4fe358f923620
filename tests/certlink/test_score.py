"""`certlink score` scores a file without a database."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from certlink.main import app

AT = "2026-11-03T14:30:00Z"


@pytest.fixture(autouse=True)
def _no_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "CERTLINK_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def completion(person: str, certification: str, **fields: object) -> dict[str, Any]:
    return {"person": person, "certification": certification, "completedAt": "2026-05-01T00:00:00Z"} | fields


def held(people: str, *certifications: str) -> list[dict[str, Any]]:
    return [completion(person, certification) for person in people for certification in certifications]


def run(content: object, *arguments: str) -> Result:
    text = content if isinstance(content, str) else json.dumps(content)
    return CliRunner().invoke(app, ["score", "-", *arguments], input=text)


def scored(content: object, *arguments: str, at: str = AT) -> list[dict[str, Any]]:
    result = run(content, "--at", at, "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def points(rows: Iterable[dict[str, Any]]) -> dict[str, float]:
    return {f"{row['program']} {row['metric']} {row['track']}": row["points"] for row in rows if row["points"]}


def test_a_worked_example_of_the_programme_is_scored_step_by_step() -> None:
    content = [*held("AB", "SC-500"), *held("CD", "SC-200"), *held("EFG", "SC-300")]

    assert scored(content, "--designation", "security", "--track", "enterprise") == [
        {
            "program": "security",
            "edition": "2026-08",
            "track": "enterprise",
            "metric": "skilling_intermediate",
            "points": 20,
            "maxPoints": 40,
            "attained": True,
            "requirements": [
                {"step": 1, "needed": 2, "counting": 2, "met": True, "points": 0},
                {"step": 2, "needed": 2, "counting": 2, "met": True, "points": 0},
                {"step": 3, "needed": 6, "counting": 3, "met": False, "points": 20},
            ],
        }
    ]


def test_points_are_shown_with_one_decimal() -> None:
    rows = scored(held("AB", "SC-500", "SC-200", "SC-300"), "--designation", "security", "--track", "ENTERPRISE")

    assert [row["points"] for row in rows] == [13.3]


def test_without_a_track_each_is_scored_or_the_higher_where_that_counts() -> None:
    rows = scored(held("AB", "AZ-104", "AZ-305", "DP-600", "AZ-500", "SC-200", "SC-100"))

    assert {key: value for key, value in points(rows).items() if key.split()[0] in {"data-ai", "security"}} == {
        "data-ai skilling_intermediate enterprise": 8,
        "data-ai skilling_intermediate smb": 16,
        "security skilling_intermediate smb": 24,
    }


def test_the_instant_selects_the_edition_and_a_key_overrides_it() -> None:
    content = [
        completion(person, code, completedAt="2023-05-01T00:00:00Z")
        for person in "ABC"
        for code in ("AZ-104", "AZ-305", "DP-203")
    ]
    now = [completion(person, code) for person in "ABC" for code in ("AZ-104", "AZ-305", "DP-203")]

    then = scored(content, "--designation", "data-ai", at="2023-11-03T00:00:00Z")
    by_key = scored(now, "--designation", "data-ai", "--edition", "2023-10")
    by_instant = scored(now, "--designation", "data-ai", "--track", "enterprise")

    assert [(row["edition"], row["track"], row["points"]) for row in (*then, *by_key, *by_instant)] == [
        ("2023-10", "all", 12),
        ("2023-10", "all", 12),
        ("2026-08", "enterprise", 0),
    ]


def test_specializations_are_scored_with_the_designation_that_they_need() -> None:
    content = [*held("ABCDEF", "SC-200"), *held("AB", "SC-500", "SC-300", "SC-100"), *held("C", "SC-100")]

    (row,) = scored(content, "--designation", "threat-protection")

    assert (row["metric"], row["track"], row["points"], row["maxPoints"], row["attained"]) == (
        "knowledge",
        "all",
        6,
        6,
        True,
    )
    assert row["requirements"][-1] == {"step": 2, "needed": 1, "counting": 1, "met": True, "points": 0}


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True),
        ({"expiresAt": None}, True),
        ({"completedAt": "2025-11-03T14:30:00Z"}, False),
        ({"completedAt": "2025-11-03T14:30:00.000001Z"}, True),
        ({"completedAt": AT}, True),
        ({"completedAt": "2026-11-03T15:30:00+01:00"}, True),
        ({"completedAt": "2026-11-03T14:30:01Z"}, False),
        ({"expiresAt": AT}, False),
        ({"completedAt": "2024-01-01T00:00:00Z", "expiresAt": "2027-01-01T00:00:00Z"}, True),
        ({"certification": "PL-500", "completedAt": "2026-06-29T23:59:59Z"}, True),
        ({"certification": "PL-500", "completedAt": "2026-06-30T00:00:00Z"}, False),
    ],
)
def test_a_completion_counts_from_its_instant_until_it_expires_or_is_retired(
    fields: dict[str, Any], counts: bool
) -> None:
    row = completion("A", "MB-310") | fields

    rows = scored([row], "--designation", "business-applications", "--track", "smb")

    assert points(rows) == ({"business-applications skilling_intermediate smb": 4} if counts else {})


def test_what_the_catalog_does_not_know_counts_nowhere_and_is_told_once() -> None:
    result = run(held("AB", "AZ-900", "MD-102"), "--at", AT, "--json", "--designation", "modern-work")

    assert (result.exit_code, result.stderr) == (
        0,
        'certlink: row 1: "AZ-900" is not in the catalog and counts nowhere\n',
    )
    assert points(json.loads(result.stdout)) == {"modern-work skilling_intermediate smb": 10}


BAD_ROWS = [
    (17, "must be an object"),
    ({"person": "A", "completedAt": AT}, "certification is missing"),
    (completion("", "AZ-104"), "person must be a text"),
    (completion("A", "AZ-104") | {"person": 7}, "person must be a text"),
    (completion("A", "AZ-104", completedAt="2026-05-01"), "completedAt must be an instant with an offset"),
    (completion("A", "AZ-104", completedAt="2026-05-01T00:00:00"), "completedAt must be an instant with an offset"),
    (completion("A", "AZ-104", completedAt="2026-02-30T00:00:00Z"), "completedAt must be an instant with an offset"),
    (
        completion("A", "AZ-104", completedAt="0001-01-01T00:00:00+14:00"),
        "completedAt must be an instant with an offset",
    ),
    (completion("A", "AZ-104", expiresAt="soon"), "expiresAt must be an instant with an offset"),
    (completion("A", "AZ-104", expiresAt="2026-05-01T00:00:00Z"), "expiresAt must be after completedAt"),
    (completion("A", "AZ-104", expiredAt=AT), "expiredAt means nothing; known are person, certification"),
]


@pytest.mark.parametrize(("row", "problem"), BAD_ROWS)
def test_a_bad_row_is_told_with_its_number_and_nothing_is_scored(row: object, problem: str) -> None:
    result = run([completion("A", "AZ-104"), row], "--json")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"certlink: row 2: {problem}")


def test_each_bad_row_has_one_line() -> None:
    result = run([row for row, _ in BAD_ROWS], "--json")

    assert (result.exit_code, result.stdout) == (2, "")
    assert [line.split(":")[1] for line in result.stderr.splitlines()] == [
        f" row {number}" for number in range(1, len(BAD_ROWS) + 1)
    ]


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, '{"person": "A"}', "null", "\ud800"])
def test_a_file_that_holds_no_list_is_refused_in_one_line(content: str, tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    file.write_bytes(content.encode("utf-8", "surrogatepass"))

    result = CliRunner().invoke(app, ["score", str(file)])

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--edition", "2020-01"], 'There is no edition "2020-01"; there are 2023-10, 2024-06, 2025-04, 2026-08.'),
        (["--designation", "data"], 'there is no "data"; there are business-applications, data-ai'),
        (["--at", "2026-11-03"], '"2026-11-03" is no instant'),
        (["--at", "2020-01-01T00:00:00Z"], "No edition is in force at 2020-01-01 00:00 UTC"),
        (["--track", "large"], "large"),
    ],
)
def test_an_option_that_means_nothing_is_refused(arguments: list[str], problem: str) -> None:
    result = run([], *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in result.stderr


def test_a_missing_file_is_refused() -> None:
    result = CliRunner().invoke(app, ["score", "nowhere.json"])

    assert (result.exit_code, result.stderr) == (2, "certlink: nowhere.json: No such file or directory\n")


def test_what_is_not_published_in_an_edition_has_no_rows_and_says_so() -> None:
    result = run([], "--designation", "modern-work", "--edition", "2023-10", "--json")

    assert (result.exit_code, result.stdout) == (0, "[]\n")
    assert "the requirements of modern-work are not published in this edition" in result.stderr


def test_people_read_it_in_lines() -> None:
    result = run(held("AB", "AZ-104", "AZ-305", "DP-600"), "--at", AT, "--designation", "data-ai", "--track", "smb")

    assert result.stdout.splitlines()[:3] == [
        "Data & AI (Azure) (data-ai), edition 2026-08, track smb: attained",
        "  skilling_intermediate: 16 of 40 points",
        "    step 1, gate: 2 of 1 people, met, 4 points (AZ-104)",
    ]


def test_ten_thousand_people_with_five_certifications_take_a_few_seconds_at_most() -> None:
    codes = ["AZ-104", "AZ-305", "AZ-500", "SC-200", "DP-600", "AZ-204", "MB-310", "MD-102", "GH-300", "AZ-700"]
    content = [
        completion(f"person {number}", codes[(number + step * 3) % len(codes)])
        for number in range(10_000)
        for step in range(5)
    ]
    text = json.dumps(content)

    begun = time.perf_counter()
    rows = scored(text)

    assert time.perf_counter() - begun < 5
    assert any(row["points"] == row["maxPoints"] for row in rows)
