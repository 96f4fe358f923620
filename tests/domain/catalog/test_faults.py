"""Error messages for wrong catalog files."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from domain.catalog import InvalidCatalog, load_catalog, shipped_catalog
from domain.catalog.lines import lines_of

CERTIFICATIONS, NEWEST, OLDEST = "certifications.toml", "editions/2026-08.toml", "editions/2023-10.toml"
SECURITY = "enterprise = { gate_people = 2, people_for_maximum = 6 }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped catalog."""
    with as_file(files("domain.catalog")) as shipped:
        shutil.copy(shipped / CERTIFICATIONS, tmp_path)
        shutil.copytree(shipped / "editions", tmp_path / "editions")
    return tmp_path


FAULTS = [
    (CERTIFICATIONS, 'level = "expert"', 'level = "master"', "must be one of fundamentals, associate, expert"),
    (CERTIFICATIONS, 'title = "Azure AI Engineer Associate"', 'title = ""', "must be a text"),
    (CERTIFICATIONS, 'title = "Azure AI Engineer Associate"', "tilte = 1", "means nothing; known are title"),
    (CERTIFICATIONS, "retires_on = 2026-06-30", "retires_on = 2026-06-30T00:00:00Z", "must be a date"),
    (CERTIFICATIONS, "retires_on = 2026-06-30", 'retires_on = "2026-06-30"', "must be a date"),
    (CERTIFICATIONS, 'after_any = ["AZ-104"]', 'after_any = ["AZ-999"]', "the catalog knows no AZ-999"),
    (CERTIFICATIONS, "valid_months = 12", "valid_months = 0", "must be a whole number, at least 1"),
    (NEWEST, 'key = "2026-08"', 'key = "2026-09"', "must be the file's name"),
    (NEWEST, "effective_from = 2026-08-01", "effective_from = 2025-04-01", "must be after edition 2025-04"),
    (NEWEST, 'title = "Modern Work"', "", "title is missing"),
    (NEWEST, 'track = "by_setting"\nmaxima', 'track = "By_Setting"\nmaxima', "must be one of by_setting, higher_total"),
    (NEWEST, 'gates = [["AZ-104"], ["AZ-305"]]', 'gates = [["AZ-104"], ["AZ-306"]]', "the catalog knows no AZ-306"),
    (NEWEST, 'electives = ["AZ-140", "AZ-120"]', 'electives = ["AZ-140", "AZ-140"]', "says one thing twice"),
    (NEWEST, 'electives = ["AZ-140", "AZ-120"]', "electives = []", "must be a list of texts"),
    (NEWEST, SECURITY, "enterprise = { gate_people = 2 }", "people_for_maximum is missing"),
    (NEWEST, SECURITY, SECURITY.replace("2", "true"), "must be a whole number, at least 1"),
    (NEWEST, SECURITY, SECURITY.replace("2", "2, gate_points = 20"), "the gates leave no points"),
    (NEWEST, SECURITY, "enterprise = 2", "must be a table"),
    (
        NEWEST,
        "usage_growth = 20, deployments = 20 }",
        "usage_growth = 30, deployments = 20 }",
        "no score is more than 100",
    ),
    (NEWEST, 'needs_any = ["security"]', 'needs_any = ["safety"]', "the catalog knows no safety"),
    (NEWEST, 'replaces = "information-protection"', 'replaces = "protection"', "no edition before this one has it"),
    (
        NEWEST,
        '"https://learn.microsoft.com/partner-center/announcements/2026-august",',
        '"page 5",',
        "is no https address",
    ),
    (OLDEST, "since = 2023-12-01", "", "two measures say how one metric is scored"),
    (OLDEST, "effective_from = 2023-10-01", "effective_from = 2023-10-0", "Expected newline"),
]


# What is missing is told where its table begins, and what is wrong in a list, or between two tables, where those do.
LINES_ABOVE = {"title is missing": 1, "is no https address": 6, "two measures say how one metric is scored": 12}


@pytest.mark.parametrize(("name", "before", "after", "problem"), FAULTS)
def test_a_fault_is_told_with_its_file_and_its_line(
    folder: Path, name: str, before: str, after: str, problem: str
) -> None:
    path = folder / name
    text = path.read_text()
    assert before in text
    line = text[: text.index(before)].count("\n") + 1
    path.write_text(text.replace(before, after, 1))

    with pytest.raises(InvalidCatalog) as refused:
        load_catalog(folder)

    place, _, said = str(refused.value).partition(": ")
    assert problem in said
    assert place.rpartition(":")[0] == name
    assert line - int(place.rpartition(":")[2]) == LINES_ABOVE.get(problem, 0)


@pytest.mark.parametrize(
    ("break_it", "problem"),
    [
        (lambda folder: (folder / CERTIFICATIONS).unlink(), "certifications.toml: cannot be read"),
        (lambda folder: (folder / CERTIFICATIONS).write_bytes(b"\xff"), "certifications.toml: cannot be read"),
        (lambda folder: shutil.rmtree(folder / "editions"), "editions: the catalog has no edition"),
        (lambda folder: (folder / NEWEST).write_text("sources = [\n\n"), "editions/2026-08.toml:2: "),
        (lambda folder: (folder / NEWEST).write_text(""), "editions/2026-08.toml: key is missing"),
    ],
)
def test_a_file_that_is_missing_or_no_toml_is_told_by_its_name(folder: Path, break_it: object, problem: str) -> None:
    assert callable(break_it)
    break_it(folder)

    with pytest.raises(InvalidCatalog) as refused:
        load_catalog(folder)

    assert problem in str(refused.value)


def test_a_copy_of_the_shipped_catalog_is_the_same(folder: Path) -> None:
    assert load_catalog(folder) == shipped_catalog()


def test_every_table_and_key_has_the_line_on_which_it_begins() -> None:
    text = '''# A comment.
top = """
[not.a.header]
"""

[table."dotted.name"]
list = [
  ["[no.header]"],
]
inline = { one = 1, two = { three = 3 } }

[[table.array]]
same = 1
[[table.array]]
same = 2
[table.array.inner]
dotted.key = 3
'''

    assert lines_of(text) == {
        ("top",): 2,
        ("table", "dotted.name"): 6,
        ("table", "dotted.name", "list"): 7,
        ("table", "dotted.name", "inline"): 10,
        ("table", "dotted.name", "inline", "one"): 10,
        ("table", "dotted.name", "inline", "two"): 10,
        ("table", "dotted.name", "inline", "two", "three"): 10,
        ("table", "array", 0): 12,
        ("table", "array", 0, "same"): 13,
        ("table", "array", 1): 14,
        ("table", "array", 1, "same"): 15,
        ("table", "array", 1, "inner"): 16,
        ("table", "array", 1, "inner", "dotted"): 17,
        ("table", "array", 1, "inner", "dotted", "key"): 17,
    }
