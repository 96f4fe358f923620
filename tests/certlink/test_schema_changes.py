"""Notes and dates for schema changes that break clients."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.graphql.schema import sdl
from certlink.main import app
from certlink.schema_changes import Verdict, judge_changes

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RELEASED = """
type Query { member(id: ID!, at: String): Member, found: Found }
type Member { name: String, role: Role, credits(first: Int): [String!] }
type Team { name: String }
union Found = Member | Team
enum Role { MEMBER ADMIN }
input Filter { text: String }
directive @once on FIELD
"""
BREAKING = [
    ("name: String, role", "role", "Member.name"),
    ("credits(first: Int): [String!]", "credits(first: Int): [String]", "Member.credits"),
    ("credits(first: Int)", "credits", "Member.credits(first:)"),
    ("credits(first: Int)", "credits(first: Int, by: Role!)", "Member.credits(by:)"),
    ("at: String", "at: Role", "Query.member(at:)"),
    ("MEMBER ADMIN", "MEMBER", "Role.ADMIN"),
    ("text: String", "text: String, by: Role!", "Filter.by"),
    ("union Found = Member | Team", "union Found = Member", "Found"),
    ("directive @once on FIELD", "", "@once"),
]


def judged(present: str, *, changelog: str = "", released: str = RELEASED) -> Verdict:
    return judge_changes(released=released, present=present, changelog=changelog, now=NOW)


@pytest.mark.parametrize(("before", "after", "coordinate"), BREAKING)
def test_a_breaking_change_passes_only_with_its_note(before: str, after: str, coordinate: str) -> None:
    present = RELEASED.replace(before, after)

    unnoted = judged(present)
    noted = judged(present, changelog=f"## Unreleased\n\n### Breaking\n\n- `{coordinate}` is another.\n")

    assert [f"`{coordinate}`" in problem for problem in unnoted.problems] == [True]
    assert noted.problems == ()


@pytest.mark.parametrize(
    "changelog",
    [
        "## Unreleased\n\n- `Member.name` is gone.\n",
        "## Unreleased\n\n### Breaking\n\n- `Member` has another name.\n\n### Added\n\n- `Member.name`.\n",
        "## Unreleased\n\n## 1.0.0\n\n### Breaking\n\n- `Member.name` is gone.\n",
    ],
)
def test_a_note_counts_only_in_its_place(changelog: str) -> None:
    verdict = judged(RELEASED.replace("name: String, role", "role"), changelog=changelog)

    assert len(verdict.problems) == 1


def test_a_removed_type_is_named_with_whatever_used_it() -> None:
    verdict = judged(RELEASED.replace("type Team { name: String }", "").replace(" | Team", ""))

    assert [name in "; ".join(verdict.problems) for name in ("`Team`", "`Found`")] == [True, True]


def test_a_dangerous_change_is_told_and_passes() -> None:
    verdict = judged(RELEASED.replace("MEMBER ADMIN", "MEMBER ADMIN OWNER"))

    assert verdict.problems == ()
    assert verdict.dangers == ("Enum value Role.OWNER was added.",)


@pytest.mark.parametrize(
    ("element", "coordinate"),
    [
        ("name: String,", "Member.name"),
        ("first: Int", "Member.credits(first:)"),
        ("ADMIN", "Role.ADMIN"),
        ("text: String", "Filter.text"),
    ],
)
def test_whatever_is_deprecated_needs_the_date_of_its_removal(element: str, coordinate: str) -> None:
    verdict = judged(RELEASED.replace(element, f"{element} @deprecated"))

    assert [problem.partition(" ")[0] for problem in verdict.problems] == [coordinate]


@pytest.mark.parametrize("reason", ["Use another.", "Removed on 2027-02-30.", "Removed on June 1.", "By 2027-06-01."])
def test_a_date_has_one_form(reason: str) -> None:
    verdict = judged(RELEASED.replace("ADMIN", f'ADMIN @deprecated(reason: "{reason}")'))

    assert [problem.partition(" ")[0] for problem in verdict.problems] == ["Role.ADMIN"]


@pytest.mark.parametrize(("day", "is_overdue"), [("2026-11-23", True), ("2026-11-24", False)])
def test_what_was_to_be_gone_by_now_is_told(day: str, is_overdue: bool) -> None:
    deprecated = f'ADMIN @deprecated(reason: "Use another. Removed on {day}.")'

    verdict = judged(RELEASED.replace("ADMIN", deprecated))

    assert verdict.problems == ()
    assert verdict.overdue == ((f"Role.ADMIN was to be removed on {day}",) if is_overdue else ())


def test_the_check_fails_on_a_breaking_change_and_a_release_is_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = tmp_path / "schema.released.graphql"
    released.write_text(sdl() + "\ntype Gone { id: ID }\n")
    (tmp_path / "CHANGELOG.md").write_text("## Unreleased\n")
    monkeypatch.chdir(tmp_path)

    refused = CliRunner().invoke(app, ["check", "--write", "--release"])
    (tmp_path / "CHANGELOG.md").write_text("## Unreleased\n\n### Breaking\n\n- `Gone` is gone.\n")
    passed = CliRunner().invoke(app, ["check", "--release"])

    assert refused.exit_code == 1
    assert "breaks clients: Gone was removed (keep it, or name `Gone`" in refused.stderr
    assert passed.exit_code == 0, passed.stderr
    assert released.read_text() == sdl()
