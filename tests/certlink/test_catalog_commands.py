"""The catalog's commands."""

import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from certlink.main import app


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["catalog", *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped catalog."""
    with as_file(files("domain.catalog")) as shipped:
        shutil.copy(shipped / "certifications.toml", tmp_path)
        shutil.copytree(shipped / "editions", tmp_path / "editions")
    return tmp_path


@pytest.mark.parametrize("where", ["shipped", "elsewhere"])
def test_a_sound_catalog_is_told_to_be(where: str, folder: Path) -> None:
    result = run("check", *([] if where == "shipped" else [str(folder)]))

    assert (result.exit_code, result.stdout) == (
        0,
        "68 certifications and 4 editions are sound: 2023-10, 2024-06, 2025-04, 2026-08\n",
    )


def test_every_fault_of_a_file_is_told_in_a_line_with_its_path(folder: Path) -> None:
    file = folder / "editions" / "2025-04.toml"
    text = file.read_text().replace("people = 6", "people = 0", 1)
    file.write_text(text.replace('title = "Cloud Security"', 'tilte = "Cloud Security"'))

    result = run("check", str(folder))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "certlink: editions/2025-04.toml: specialization.threat-protection.groups[0].people: "
        "must be a whole number, at least 1\n"
        "certlink: editions/2025-04.toml: specialization.cloud-security.title: is missing\n"
        "certlink: editions/2025-04.toml: specialization.cloud-security.tilte: "
        "means nothing; known are title, needs_any, distinct_people, groups, replaces\n"
    )


@pytest.mark.parametrize(
    ("at", "edition", "people"), [("2023-11-30T23:59:59Z", "2023-10", 1), ("2023-12-01T00:00:00Z", "2023-10", 2)]
)
def test_what_is_in_force_at_an_instant_is_shown(at: str, edition: str, people: int) -> None:
    result = run("show", "--at", at, "--json")

    shown = json.loads(result.stdout)
    security = next(program for program in shown["programs"] if program["program"] == "security")
    assert shown["edition"] == edition
    assert security["measures"][0]["requirements"][0] == {
        "step": 1,
        "role": "gate",
        "needed": people,
        "points": 0,
        "certifications": ["AZ-500"],
        "designations": [],
        "note": None,
    }


def test_people_read_requirements_in_lines_and_which_are_not_published() -> None:
    lines = run("show", "--at", "2026-11-03T00:00:00Z").stdout.splitlines()

    assert "  skilling_intermediate, smb, step 1: gate, 1 person for 4 points: AZ-104" in lines
    assert "specialization finance: Finance: requirements not published" in lines


def test_what_differs_between_two_editions_is_told_program_by_program() -> None:
    result = run("diff", "2025-04", "2026-08")

    lines = result.stdout.splitlines()
    assert "data-security: + is new" in lines
    assert "information-protection: - is no more" in lines
    assert "modern-work: + its requirements are published" in lines
    assert "data-ai: - skilling_intermediate, all, step 2: gate, 2 people: AZ-104" in lines
    assert not any(line.startswith("threat-protection") for line in lines)


def test_an_edition_does_not_differ_from_itself() -> None:
    assert run("diff", "2026-08", "2026-08").stdout == "nothing differs\n"
    assert json.loads(run("diff", "2026-08", "2026-08", "--json").stdout) == {}


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["diff", "2025-04", "2099-01"], 2, 'There is no edition "2099-01"'),
        (["show", "--at", "yesterday"], 2, '"yesterday" is no instant'),
        (["show", "--at", "2001-01-01T00:00:00Z"], 1, "No edition is in force"),
        (["check", "nowhere"], 1, "certifications.toml: cannot be read"),
    ],
)
def test_what_cannot_be_answered_is_refused(arguments: list[str], code: int, problem: str) -> None:
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (code, "")
    assert problem in result.stderr
