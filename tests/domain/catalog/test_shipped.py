"""The shipped catalog, compared with the programme's published facts."""

from collections import Counter

import pytest

from domain.catalog import shipped_catalog, stored_edition
from domain.rules.editions import programs_at
from domain.rules.enums import (
    CertificationLevel,
    LearningProvider,
    Metric,
    ProgramKind,
    RequirementRole,
    RetirementRule,
    Track,
)
from domain.rules.programs import Program
from tests.clock import START

CATALOG = shipped_catalog()
FIRST, *_, NEWEST = CATALOG.editions
DESIGNATIONS = [program for program in NEWEST.programs if program.kind is ProgramKind.DESIGNATION]


def test_it_has_every_certification_with_its_level() -> None:
    facts = CATALOG.certifications.values()

    assert Counter(each.level for each in facts) == {
        CertificationLevel.ASSOCIATE: 47,
        CertificationLevel.EXPERT: 8,
        CertificationLevel.SPECIALTY: 5,
        CertificationLevel.FUNDAMENTALS: 2,
        CertificationLevel.OTHER: 6,
    }
    assert [each.code for each in facts if each.provider is LearningProvider.PARTNER_UNIVERSITY] == [
        "PU-TEAMS-MEETINGS-ROOMS"
    ]
    assert Counter(each.retirement_rule for each in facts)[RetirementRule.ELIGIBLE_UNTIL] == 6


def test_it_has_the_editions_that_are_known_and_their_sources() -> None:
    assert [edition.key for edition in CATALOG.editions] == ["2023-10", "2024-06", "2025-04", "2026-08"]
    assert all('"sources": ["https://' in document for document in CATALOG.documents.values())


@pytest.mark.parametrize("program", DESIGNATIONS, ids=lambda program: program.key)
def test_a_designations_metrics_have_a_hundred_points_in_all(program: Program) -> None:
    skilling = {measure.metric: measure.max_points for measure in program.measures}

    assert sum(maximum for _, maximum in program.maxima) == 100
    assert skilling == {metric: maximum for metric, maximum in program.maxima if metric in skilling}
    assert program.tracks == (Track.ENTERPRISE, Track.SMB)


def test_the_skilling_of_each_designation_has_the_points_that_the_programme_gives_it() -> None:
    found = {
        program.key: [int(maximum) for metric, maximum in program.maxima if "SKILLING" in metric]
        for program in DESIGNATIONS
    }

    assert found == {
        "data-ai": [40],
        "infrastructure": [20, 20],
        "digital-app-innovation": [20, 20],
        "business-applications": [20, 15],
        "modern-work": [10, 15],
        "security": [40],
    }


def test_gates_and_electives_give_the_points_that_the_pages_print() -> None:
    """Points once for a gate and points for each person, on the enterprise and on the SMB track."""
    found = {
        (program.key, measure.metric, measure.track): [
            round(float(each.points if each.role is RequirementRole.GATE else each.points_each), 2)
            for each in measure.requirements
        ]
        for program in DESIGNATIONS
        for measure in program.measures
    }

    enterprise = {key[:2]: points for key, points in found.items() if key[2] is Track.ENTERPRISE}
    smb = {key[:2]: points for key, points in found.items() if key[2] is Track.SMB}
    first, second = Metric.SKILLING_INTERMEDIATE, Metric.SKILLING_ADVANCED
    assert enterprise == {
        ("data-ai", first): [0, 0, 4],
        ("infrastructure", first): [0, 4],
        ("infrastructure", second): [0, 4],
        ("digital-app-innovation", first): [0, 4],
        ("digital-app-innovation", second): [0, 4],
        ("business-applications", first): [1],
        ("business-applications", second): [2.14],
        ("modern-work", first): [2.5],
        ("modern-work", second): [7.5],
        ("security", first): [0, 0, 6.67],
    }
    assert smb == {
        ("data-ai", first): [4, 4, 4],
        ("infrastructure", first): [4, 4],
        ("infrastructure", second): [4, 4],
        ("digital-app-innovation", first): [4, 4],
        ("digital-app-innovation", second): [4, 4],
        ("business-applications", first): [4],
        ("business-applications", second): [7.5],
        ("modern-work", first): [5],
        ("modern-work", second): [15],
        ("security", first): [4, 4, 8],
    }


def test_it_names_every_specialization_and_knows_the_requirements_of_those_that_are_published() -> None:
    first = [program for program in FIRST.programs if program.kind is ProgramKind.SPECIALIZATION]
    now = [program for program in programs_at(CATALOG.editions, START) if program.kind is ProgramKind.SPECIALIZATION]

    assert len(first) == 31
    assert all(program.designations for program in first)
    assert not any(program.is_published for program in first)
    assert {program.key: program.edition for program in now if program.is_published} == {
        "ai-ml": "2024-06",
        "threat-protection": "2025-04",
        "cloud-security": "2025-04",
        "identity-access": "2025-04",
        "data-security": "2026-08",
        "agentic-business-solutions": "2026-08",
    }


def test_an_edition_is_the_same_read_from_its_file_and_from_what_is_stored() -> None:
    stored = [stored_edition(CATALOG.documents[each.key], each.in_force_from) for each in CATALOG.editions]

    assert stored == list(CATALOG.editions)
