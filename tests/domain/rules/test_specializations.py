"""Specializations (R14)."""

from datetime import UTC, datetime

import pytest

from domain.rules.attainment import Holding, attainments
from domain.rules.editions import programs_at
from domain.rules.enums import Metric, RequirementRole
from tests.domain.instants import MICROSECOND
from tests.domain.rules.catalog import AT, EDITIONS, PROGRAMS, everybody, held, scored

SECURITY = everybody("UVWXYZ", "AZ-500", "SC-100") + everybody("UV", "SC-200")
DATA_AI = everybody("UV", "AZ-104", "AZ-305") + everybody("UVW", "DP-600")


@pytest.mark.parametrize(("people", "attained"), [("ABC", False), ("ABCD", True), ("ABCDE", True)])
def test_at_least_so_many_people_are_needed_with_any_of_a_groups_certifications(people: str, attained: bool) -> None:
    """Two of the six come with the designation."""
    found = scored("threat-protection", [*SECURITY, *everybody(people, "SC-200")])

    assert (found.attained, found.metrics[0].metric) == (attained, Metric.KNOWLEDGE)


def test_every_group_is_needed_and_one_person_may_be_in_several() -> None:
    one = scored("cloud-security", [*SECURITY, *everybody("ABCDEF", "AZ-500")])
    both = scored("cloud-security", [*SECURITY, *everybody("ABCD", "AZ-500", "SC-200")])

    assert [(each.counting, each.met) for each in one.metrics[0].requirements] == [(12, True), (2, False), (1, True)]
    assert (one.attained, both.attained) == (False, True)


@pytest.mark.parametrize(
    ("holdings", "attained"),
    [
        (held("A", "DP-100", "AI-102"), False),
        ([*held("A", "DP-100", "AI-102"), *held("B", "DP-100")], False),
        ([*held("A", "DP-100"), *held("B", "AI-102"), *held("C", "AI-102")], True),
        (everybody("ABC", "DP-100"), False),
    ],
)
def test_distinct_people_are_counted_over_all_groups(holdings: list[Holding], attained: bool) -> None:
    found = scored("ai-ml", [*DATA_AI, *holdings])

    assert found.attained is attained


def test_any_of_the_needed_designations_is_enough_and_none_is_not() -> None:
    people = [*held("A", "DP-100"), *held("B", "AI-102"), *held("C", "AI-102")]
    digital = everybody("UVWXY", "AZ-104", "AZ-204") + everybody("UV", "AZ-305", "AZ-400")

    found = [scored("ai-ml", [*people, *more]) for more in ([], DATA_AI, digital)]

    assert [each.attained for each in found] == [False, True, True]
    last = found[0].metrics[0].requirements[-1]
    assert (last.requirement.role, last.missing, last.requirement.designations) == (
        RequirementRole.DESIGNATION,
        1,
        frozenset({"data-ai", "digital-app-innovation"}),
    )


def test_a_specialization_counts_one_point_for_each_person_needed() -> None:
    """Our decision: the programme knows no points here."""
    found = scored("threat-protection", [*SECURITY, *everybody("AB", "SC-200")])

    assert [found.points, found.max_points, found.needed_points] == [4, 6, 6]


def test_where_no_designation_is_known_to_be_needed_the_groups_decide() -> None:
    people = everybody("ABCDE", "AB-620") + everybody("AB", "PL-400", "AB-100")

    assert scored("agentic-business-solutions", people).attained
    assert not scored("agentic-business-solutions", people[1:]).attained


def test_a_group_whose_certifications_nobody_published_is_never_met_and_says_so() -> None:
    found = scored("data-security", [*SECURITY, *everybody("ABCDEF", "SC-401")])

    first, second, designation = found.metrics[0].requirements
    assert (first.met, second.met, designation.met, found.attained) == (True, False, True, False)
    assert second.requirement.note is not None


def test_information_protection_is_data_security_from_its_edition_on() -> None:
    names = {"information-protection", "data-security"}
    change = datetime(2026, 8, 1, tzinfo=UTC)

    before, after = ({each.key for each in programs_at(EDITIONS, at)} & names for at in (change - MICROSECOND, change))

    assert (before, after) == ({"information-protection"}, {"data-security"})


def test_a_designation_that_is_attained_on_any_track_is_enough_where_no_track_is_set() -> None:
    smb = held("A", "AZ-104", "AZ-305", "DP-600")
    people = [*held("A", "DP-100"), *held("B", "AI-102"), *held("C", "AI-102")]

    found = attainments([*smb, *people], PROGRAMS, at=AT)

    assert [each.attained for each in found if each.program.key == "ai-ml"] == [True]
