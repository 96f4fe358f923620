"""Faults of a catalog's files, each with file and path."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from domain.catalog import InvalidCatalog, load_catalog, shipped_catalog

CERTIFICATIONS, NEWEST, OLDEST = "certifications.toml", "editions/2026-08.toml", "editions/2023-10.toml"
SECURITY = "enterprise = { gate_people = 2, people_for_maximum = 6 }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped catalog."""
    with as_file(files("domain.catalog")) as shipped:
        shutil.copy(shipped / CERTIFICATIONS, tmp_path)
        shutil.copytree(shipped / "editions", tmp_path / "editions")
    return tmp_path


EXPERT, AI_ENGINEER, MODERN_WORK = "certification.AZ-305", "certification.AI-102", "designation.modern-work"
MEASURE, TRACK = "designation.security.measure[0]", "designation.security.measure[0].enterprise"
ADVANCED = "designation.infrastructure.measure[1]"
FAULTS = [
    (
        CERTIFICATIONS,
        'level = "expert"',
        'level = "master"',
        f"{EXPERT}.level",
        "must be one of fundamentals, associate, expert",
    ),
    (CERTIFICATIONS, 'title = "Azure AI Engineer Associate"', 'title = ""', f"{AI_ENGINEER}.title", "must be a text"),
    (CERTIFICATIONS, 'title = "Azure AI Engineer Associate"', 'title = " "', f"{AI_ENGINEER}.title", "must be a text"),
    (
        CERTIFICATIONS,
        'title = "Azure AI Engineer Associate"',
        "tilte = 1",
        f"{AI_ENGINEER}.tilte",
        "means nothing; known are title",
    ),
    (
        CERTIFICATIONS,
        "retires_on = 2026-06-30",
        "retires_on = 2026-06-30T00:00:00Z",
        f"{AI_ENGINEER}.retires_on",
        "must be a date",
    ),
    (
        CERTIFICATIONS,
        "retires_on = 2026-06-30",
        'retires_on = "2026-06-30"',
        f"{AI_ENGINEER}.retires_on",
        "must be a date",
    ),
    (CERTIFICATIONS, "retires_on = 2026-06-30", "", AI_ENGINEER, "a retirement needs retires_on"),
    (
        CERTIFICATIONS,
        "retires_on = 2026-06-30",
        "retires_on = 2026-06-30\neligible_until = 2026-06-30",
        AI_ENGINEER,
        "eligible_until goes with its retirement",
    ),
    (
        CERTIFICATIONS,
        'after_any = ["AZ-104"]',
        'after_any = ["AZ-999"]',
        f"{EXPERT}.after_any[0]",
        "the catalog knows no AZ-999",
    ),
    (
        CERTIFICATIONS,
        "valid_months = 12",
        "valid_months = 0",
        "level.associate.valid_months",
        "must be a whole number, at least 1",
    ),
    (CERTIFICATIONS, "valid_months = 12", "", "level.associate", "says either all of a renewal or nothing"),
    (CERTIFICATIONS, "[level.other]", "", "level", "lacks other"),
    (CERTIFICATIONS, "[level.other]", "[level.master]", "level.master", "must be one of fundamentals"),
    (NEWEST, 'key = "2026-08"', 'key = "2026-09"', "key", "must be the file's name"),
    (
        NEWEST,
        "effective_from = 2026-08-01",
        "effective_from = 2025-04-01",
        "effective_from",
        "must be after edition 2025-04",
    ),
    (NEWEST, 'title = "Modern Work"', "", f"{MODERN_WORK}.title", "is missing"),
    (
        NEWEST,
        'track = "by_setting"\nmaxima',
        'track = "By_Setting"\nmaxima',
        "designation.data-ai.track",
        "must be one of by_setting, higher_total",
    ),
    (
        NEWEST,
        'gates = [["AZ-104"], ["AZ-305"]]',
        'gates = [["AZ-104"], ["AZ-306"]]',
        "designation.data-ai.measure[0].gates[1][0]",
        "the catalog knows no AZ-306",
    ),
    (
        NEWEST,
        'gates = [["AZ-104"], ["AZ-305"]]',
        'gates = [["AZ-104"], "AZ-305"]',
        "designation.data-ai.measure[0].gates[1]",
        "must be a list",
    ),
    (
        NEWEST,
        'electives = ["AZ-140", "AZ-120"]',
        'electives = ["AZ-140", "AZ-140"]',
        f"{ADVANCED}.electives",
        "says one thing twice",
    ),
    (NEWEST, 'electives = ["AZ-140", "AZ-120"]', "electives = []", f"{ADVANCED}.electives", "must be a list of texts"),
    (NEWEST, 'electives = ["AZ-140", "AZ-120"]', "electives = [140]", f"{ADVANCED}.electives[0]", "must be a text"),
    (NEWEST, SECURITY, "enterprise = { gate_people = 2 }", f"{TRACK}.people_for_maximum", "is missing"),
    (NEWEST, SECURITY, "enterprise = { people_for_maximum = 6 }", MEASURE, "gate_people is missing for enterprise"),
    (
        NEWEST,
        'gates = [["AZ-500", "SC-500"], ["SC-200"]]',
        "",
        MEASURE,
        "gate_people and gate_points for enterprise mean nothing without gates",
    ),
    (NEWEST, SECURITY, SECURITY.replace("2", "true"), f"{TRACK}.gate_people", "must be a whole number, at least 1"),
    (
        NEWEST,
        SECURITY,
        SECURITY.replace("2", "2, gate_points = -1"),
        f"{TRACK}.gate_points",
        "must be a whole number, at least 0",
    ),
    (
        NEWEST,
        SECURITY,
        SECURITY.replace("2", "2, gate_points = 20"),
        "designation.security",
        "the gates leave no points",
    ),
    (NEWEST, SECURITY, "enterprise = 2", TRACK, "must be a table"),
    (
        NEWEST,
        "usage_growth = 20, deployments = 20 }",
        "usage_growth = 30, deployments = 20 }",
        "designation.security.maxima",
        "no score is more than 100",
    ),
    (
        NEWEST,
        "usage_growth = 20, deployments = 20 }",
        "growth = 20 }",
        "designation.security.maxima.growth",
        "must be one of net_customer_adds",
    ),
    (
        NEWEST,
        'metric = "skilling_advanced"\nelectives = ["MS-102"',
        'metric = "knowledge"\nelectives = ["MS-102"',
        MODERN_WORK,
        "the designation's maxima do not have knowledge",
    ),
    (
        NEWEST,
        'needs_any = ["security"]',
        'needs_any = ["safety"]',
        "specialization.data-security.needs_any[0]",
        "the catalog knows no safety",
    ),
    (
        NEWEST,
        'replaces = "information-protection"',
        'replaces = "protection"',
        "specialization.data-security.replaces",
        "no edition before this one has it",
    ),
    (
        NEWEST,
        'any_of = ["SC-401"] }',
        'any_of = ["SC-401"], note = "or another" }',
        "specialization.data-security.groups[0]",
        "a group says any_of which certifications, or in a note",
    ),
    (
        NEWEST,
        '"https://learn.microsoft.com/partner-center/announcements/2026-august",',
        '"page 5",',
        "sources[5]",
        "is no https address",
    ),
    (OLDEST, "since = 2023-12-01", "", "designation.security", "two measures say how one metric is scored"),
]


@pytest.mark.parametrize(("name", "before", "after", "path", "problem"), FAULTS)
def test_a_fault_is_told_with_its_file_and_its_path(
    folder: Path, name: str, before: str, after: str, path: str, problem: str
) -> None:
    text = (folder / name).read_text()
    assert before in text
    (folder / name).write_text(text.replace(before, after, 1))

    with pytest.raises(InvalidCatalog) as refused:
        load_catalog(folder)

    lines = str(refused.value).split("\n")
    assert any(line.startswith(f"{name}: {path}: {problem}") for line in lines)


def test_every_fault_of_a_file_is_told_in_one_line(folder: Path) -> None:
    text = (folder / NEWEST).read_text()
    text = text.replace('title = "Modern Work"', '"of two\\nlines" = 1').replace(SECURITY, "enterprise = 2")
    (folder / NEWEST).write_text(text)

    with pytest.raises(InvalidCatalog) as refused:
        load_catalog(folder)

    assert str(refused.value).split("\n") == [
        f"{NEWEST}: {MODERN_WORK}.title: is missing",
        f"{NEWEST}: {MODERN_WORK}.of two lines: means nothing; known are title, track, maxima, measure",
        f"{NEWEST}: {TRACK}: must be a table",
    ]


@pytest.mark.parametrize(
    ("break_it", "problem"),
    [
        (lambda folder: (folder / CERTIFICATIONS).unlink(), "certifications.toml: cannot be read"),
        (lambda folder: (folder / CERTIFICATIONS).write_bytes(b"\xff"), "certifications.toml: cannot be read"),
        (lambda folder: shutil.rmtree(folder / "editions"), "editions: the catalog has no edition"),
        (
            lambda folder: (folder / OLDEST).write_text('key = "2023-10"\neffective_from = 2023-10-0'),
            "editions/2023-10.toml: Expected newline or end of document after a statement (at line 2, column 22)",
        ),
        (
            lambda folder: (folder / NEWEST).write_text("sources = [\n\n"),
            "editions/2026-08.toml: Invalid value (at end of document)",
        ),
        (lambda folder: (folder / NEWEST).write_text(""), "editions/2026-08.toml: key: is missing"),
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
