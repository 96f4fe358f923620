"""Fragility of attained programs (R13, R14)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.rules.attainment import Attainment, Holding, attainments
from domain.rules.editions import programs_at
from domain.rules.enums import RequirementRole, Track, TrackRule
from domain.rules.fragility import FragilityFinding, fragility
from domain.rules.programs import Program
from tests.domain.instants import DAY
from tests.domain.rules.catalog import AT, EDITIONS, PROGRAMS, everybody, held
from tests.domain.rules.test_attainment_laws import people, tracks

# Enough of the same certifications for programs to be attained, by few.
CODES = ["AZ-104", "AZ-305", "AZ-140", "AZ-700", "AZ-500", "SC-200", "SC-100", "SC-300", "MS-102", "MS-700", "AZ-120"]


@st.composite
def crowds(draw: st.DrawFn) -> list[Holding]:
    """Return what some people hold: a core that attains something by itself, and anything besides."""
    size = draw(st.integers(1, 5))
    core = everybody("ABCDE"[:size], *CODES[: draw(st.integers(0, len(CODES)))])
    one = st.builds(
        lambda person, code, ends: Holding(
            person=person, certification=code, counts_from=AT - DAY, counts_until=AT + ends * DAY
        ),
        people,
        st.sampled_from(CODES),
        st.sampled_from([0, 1, 100]),
    )
    added = [*core, *draw(st.lists(one, max_size=25))]
    dropped = draw(st.sets(st.integers(0, len(added)), max_size=6))
    return [holding for number, holding in enumerate(added) if number not in dropped]


def scored(holdings: Iterable[Holding], track: Track | None, programs: Sequence[Program] = PROGRAMS) -> set[object]:
    return {identity(each) for each in attainments(holdings, programs, at=AT, track=track) if each.attained}


def identity(attainment: Attainment) -> object:
    is_free = attainment.program.track_rule is TrackRule.HIGHER_TOTAL
    return attainment.program.key, None if is_free else attainment.track


@settings(max_examples=40)
@given(crowds(), tracks)
def test_removing_a_person_breaks_exactly_what_they_are_named_for(holdings: list[Holding], track: Track | None) -> None:
    found = fragility(holdings, PROGRAMS, at=AT, track=track)

    assert {identity(each.attainment) for each in found} == scored(holdings, track)
    for person in {holding.person for holding in holdings}:
        left = scored([each for each in holdings if each.person != person], track)
        for finding in found:
            assert (person in finding.people) == (identity(finding.attainment) not in left)


@settings(max_examples=40)
@given(crowds(), tracks)
def test_the_lapse_of_a_credit_breaks_exactly_what_it_is_named_for(
    holdings: list[Holding], track: Track | None
) -> None:
    found = fragility(holdings, PROGRAMS, at=AT, track=track)

    for number, holding in enumerate(holdings):
        left = scored([*holdings[:number], *holdings[number + 1 :]], track)
        for finding in found:
            is_named = any(each is holding for each in finding.credits)
            assert is_named == (identity(finding.attainment) not in left)


@settings(max_examples=40)
@given(crowds(), tracks)
def test_so_many_of_a_requirement_s_people_can_be_spared_and_not_one_more(
    holdings: list[Holding], track: Track | None
) -> None:
    for finding in fragility(holdings, PROGRAMS, at=AT, track=track):
        for margin in finding.margins:
            requirement = margin.attainment.requirement
            if requirement.role is RequirementRole.DESIGNATION:
                assert margin.spare == margin.attainment.counting - 1
                continue
            assert 0 <= margin.attainment.spare <= margin.spare <= margin.attainment.counting


@pytest.mark.parametrize(("number", "spare"), [(1, 0), (2, 1), (3, 2)])
def test_a_gate_hangs_on_its_last_person(number: int, spare: int) -> None:
    holdings = [*everybody("ABC"[:number], "AZ-104"), *everybody("DEFG", "AZ-305", "AZ-140", "AZ-700")]

    finding = one(holdings, "infrastructure")

    gate = next(each for each in finding.margins if "AZ-104" in each.attainment.requirement.certifications)
    assert (gate.spare, "A" in finding.people) == (spare, number == 1)
    assert [each.certification for each in finding.credits if each.person == "A"] == ["AZ-104"] * (number == 1)


def test_whoever_holds_what_is_needed_twice_can_lose_one_and_not_go() -> None:
    security = [*everybody("ABCD", "SC-100"), *held("A", "AZ-500", "SC-500"), *everybody("BC", "SC-200")]

    finding = one(security, "security")

    assert "A" in finding.people
    assert {each.certification for each in finding.credits if each.person == "A"}.isdisjoint({"AZ-500", "SC-500"})


def test_a_specialization_hangs_on_whoever_its_designation_hangs_on() -> None:
    identity_access = [*everybody("ABCDEF", "SC-300"), *held("G", "AZ-500"), *held("H", "SC-200")]

    finding = one(identity_access, "identity-access")

    # The six of its own group, and the gates of the designation that it needs.
    assert set(finding.people) == set("ABCDEFGH")
    designation = finding.margins[-1]
    assert (designation.attainment.requirement.role, designation.spare) == (RequirementRole.DESIGNATION, 0)
    assert "ABCDEF".find(str(one(identity_access, "security").people[0])) == -1


def test_an_elective_can_do_without_people_as_long_as_the_points_are_enough() -> None:
    """35 points at most, so 5 are needed, and more than nothing in each of the two metrics."""
    holdings = [*everybody("ABCDE", "MB-310"), *everybody("FG", "MB-335")]

    finding = one(holdings, "business-applications")

    assert [margin.spare for margin in finding.margins] == [4, 1]
    assert (finding.people, finding.credits) == ((), ())


def test_nothing_hangs_on_what_is_not_attained() -> None:
    assert fragility(held("A", "AZ-104"), PROGRAMS, at=AT) == ()


def one(holdings: list[Holding], key: str, at: datetime = AT) -> FragilityFinding:
    found = fragility(holdings, programs_at(EDITIONS, at), at=at, track=Track.SMB)
    return next(each for each in found if each.attainment.program.key == key)
