"""Designation points from people's certifications (R13)."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from domain.rules.attainment import Holding, attainments, shown_points
from domain.rules.enums import Metric, RequirementRole, Track
from tests.domain.instants import MICROSECOND
from tests.domain.rules.catalog import AT, PROGRAMS, everybody, held, metric, program, scored

INTERMEDIATE, ADVANCED = Metric.SKILLING_INTERMEDIATE, Metric.SKILLING_ADVANCED
ENTERPRISE, SMB, ALL = Track.ENTERPRISE, Track.SMB, Track.ALL
# As the programme's pages print them: who completed the first step, the second, the third, and the points.
WORKED_EXAMPLES = [
    ("2026-08", "data-ai", INTERMEDIATE, ENTERPRISE, ["AB", "AB", "AB"], 8),
    ("2026-08", "data-ai", INTERMEDIATE, ENTERPRISE, ["AB", "", "CD"], 0),
    ("2026-08", "data-ai", INTERMEDIATE, SMB, ["AB", "CD", "EFG"], 20),
    ("2026-08", "data-ai", INTERMEDIATE, SMB, ["AB", "", "CD"], 4),
    ("2026-08", "infrastructure", INTERMEDIATE, SMB, ["A", "BC"], 12),
    ("2026-08", "digital-app-innovation", ADVANCED, ENTERPRISE, ["AB", "AB"], 8),
    ("2026-08", "security", INTERMEDIATE, ENTERPRISE, ["AB", "CD", "EFG"], 20),
    ("2026-08", "security", INTERMEDIATE, ENTERPRISE, ["AB", "AB", "AB"], 13.3),
    ("2026-08", "security", INTERMEDIATE, SMB, ["AB", "CD", "EFG"], 32),
    ("2023-10", "data-ai", INTERMEDIATE, ALL, ["AB", "CD", "EFG"], 12),
]
DATA_AI_GATES = everybody("AB", "AZ-104", "AZ-305")


@pytest.mark.parametrize(("edition", "key", "wanted", "track", "steps", "points"), WORKED_EXAMPLES)
def test_every_worked_example_of_the_programme_comes_out_as_printed(
    edition: str, key: str, wanted: Metric, track: Track, steps: list[str], points: float
) -> None:
    measure = metric(scored(key, [], track=track, edition=edition), wanted).measure
    holdings = [
        holding
        for requirement, people in zip(measure.requirements, steps, strict=True)
        for holding in everybody(people, min(requirement.certifications))
    ]

    found = metric(scored(key, holdings, track=track, edition=edition), wanted)

    assert shown_points(found.points) == points


@pytest.mark.parametrize(
    ("key", "wanted", "track", "certification", "points"),
    [
        # The page prints 2.14 for each person; seven of them give all fifteen.
        ("business-applications", ADVANCED, ENTERPRISE, "AB-100", [0, 2.1, 4.3, 6.4, 8.6, 10.7, 12.9, 15, 15]),
        ("business-applications", ADVANCED, SMB, "AB-100", [0, 7.5, 15, 15]),
        ("business-applications", INTERMEDIATE, SMB, "PL-400", [0, 4, 8, 12, 16, 20, 20]),
        ("modern-work", INTERMEDIATE, ENTERPRISE, "MD-102", [0, 2.5, 5, 7.5, 10, 10]),
        ("modern-work", ADVANCED, SMB, "PU-TEAMS-MEETINGS-ROOMS", [0, 15, 15]),
    ],
)
def test_each_person_gives_an_equal_share_of_the_maximum_and_no_more(
    key: str, wanted: Metric, track: Track, certification: str, points: list[float]
) -> None:
    found = [
        metric(scored(key, everybody("ABCDEFGH"[:people], certification), track=track), wanted)
        for people in range(len(points))
    ]

    assert [shown_points(each.points) for each in found] == points
    assert found[-1].points == found[-1].max_points


def test_points_are_exact_until_they_are_shown() -> None:
    found = scored("business-applications", everybody("ABC", "MB-820"))

    assert found.points == Fraction(45, 7)
    assert (shown_points(found.points), shown_points(Fraction(1, 20)), shown_points(Fraction(49, 1000))) == (
        6.4,
        0.1,
        0,
    )


def test_a_person_counts_once_in_a_step_whatever_they_hold() -> None:
    found = scored("data-ai", [*DATA_AI_GATES, *held("C", "DP-300", "DP-600", "DP-700"), *held("C", "DP-300")])

    assert found.points == 4
    assert found.metrics[0].requirements[2].counting == 1


def test_a_person_may_count_in_several_steps_and_in_both_metrics() -> None:
    found = scored("digital-app-innovation", everybody("AB", "AZ-104", "AZ-305", "AZ-204", "AZ-400"))

    assert [each.points for each in found.metrics] == [8, 8]


def test_two_joined_exams_are_one_certification() -> None:
    both = scored("infrastructure", [*everybody("AB", "AZ-104"), *held("C", "AZ-800+AZ-801")])
    apart = scored("infrastructure", [*everybody("AB", "AZ-104"), *held("C", "AZ-800", "AZ-801")])

    assert [both.points, apart.points] == [4, 0]


def test_a_later_gate_gives_nothing_while_an_earlier_one_is_unmet() -> None:
    """R13, our decision: the pages have no example of it."""
    found = scored("data-ai", [*held("A", "AZ-305"), *held("B", "DP-600")], track=SMB)

    assert [each.met for each in found.metrics[0].requirements] == [False, True, False]
    assert found.points == 0


def test_a_requirement_tells_who_counts_who_is_on_the_way_and_who_is_missing() -> None:
    soon = [Holding(person=person, certification="AZ-104", counts_from=AT + MICROSECOND) for person in "ABCD"]

    found = scored("data-ai", [*everybody("A", "AZ-104"), *everybody("ABC", "AZ-305"), *soon]).metrics[0]

    assert [(each.counting, each.pending, each.missing, each.spare) for each in found.requirements] == [
        (1, 3, 1, 0),
        (3, 0, 0, 1),
        (0, 0, 10, 0),
    ]


def test_pending_points_are_what_comes_on_top_once_everything_pending_counts() -> None:
    gate = Holding(person="B", certification="AZ-104", counts_from=AT + timedelta(days=3))
    counting = [*held("A", "AZ-104", "DP-600"), *everybody("AB", "AZ-305")]

    found = scored("data-ai", [*counting, gate])

    assert [found.points, found.pending_points] == [0, 4]


@pytest.mark.parametrize(
    ("counts_from", "counts_until", "points"),
    [
        (AT, None, 2.5),
        (AT, AT + MICROSECOND, 2.5),
        (AT + MICROSECOND, None, 0),
        (AT - MICROSECOND, AT, 0),
        (AT, AT, 0),
    ],
)
def test_what_counts_counts_from_its_instant_until_its_end_which_is_exclusive(
    counts_from: datetime, counts_until: datetime | None, points: float
) -> None:
    holding = Holding(person="A", certification="MD-102", counts_from=counts_from, counts_until=counts_until)

    assert scored("modern-work", [holding]).points == points


def test_where_both_tracks_are_scored_the_higher_total_counts_whatever_the_setting() -> None:
    found = {
        setting: attainments(everybody("AB", "AZ-500", "SC-200", "SC-100"), PROGRAMS, at=AT, track=setting)
        for setting in (None, ENTERPRISE, SMB)
    }

    for each in found.values():
        security = [attainment for attainment in each if attainment.program.key == "security"]
        assert [(attainment.track, int(attainment.points)) for attainment in security] == [(SMB, 24)]


def test_elsewhere_the_track_is_the_organizations_setting() -> None:
    holdings = everybody("AB", "AZ-104", "AZ-305", "DP-600")

    found = {
        setting: [
            (attainment.track, int(attainment.points))
            for attainment in attainments(holdings, PROGRAMS, at=AT, track=setting)
            if attainment.program.key == "data-ai"
        ]
        for setting in (ENTERPRISE, SMB, None)
    }

    assert found == {ENTERPRISE: [(ENTERPRISE, 8)], SMB: [(SMB, 16)], None: [(ENTERPRISE, 8), (SMB, 16)]}


def test_an_edition_without_tracks_is_scored_alike_for_everybody() -> None:
    found = [scored("data-ai", DATA_AI_GATES, track=track, edition="2023-10").track for track in Track]

    assert found == [ALL, ALL, ALL]


@pytest.mark.parametrize(
    ("electives", "attained"),
    [("", False), ("CD", False), ("CDE", True)],
)
def test_a_designation_is_attained_when_its_threshold_is_within_reach(electives: str, attained: bool) -> None:
    """8 of 40 points and all 60 of the other metrics are 68, and 70 are needed; 12 are enough."""
    found = scored("data-ai", [*DATA_AI_GATES, *everybody(electives, "DP-600")])

    assert (found.attained, found.metrics[0].attained) == (attained, attained)
    assert found.needed_points == 10


def test_a_designation_is_attained_only_when_every_skilling_metric_exceeds_zero() -> None:
    intermediate = everybody("ABCDE", "AZ-104", "AZ-700")
    advanced = everybody("AB", "AZ-305", "AZ-140")

    found = [scored("infrastructure", holdings) for holdings in (intermediate, [*intermediate, *advanced])]

    assert [[each.attained for each in attainment.metrics] for attainment in found] == [[True, False], [True, True]]
    assert [attainment.attained for attainment in found] == [False, True]


def test_a_metric_whose_gate_is_unmet_is_not_attained_though_it_has_points() -> None:
    found = scored("data-ai", held("A", "AZ-104"), track=SMB)

    assert found.points == 4
    assert not found.attained


def test_what_no_edition_has_published_is_left_out() -> None:
    found = {attainment.program.key for attainment in attainments([], PROGRAMS, at=AT)}

    assert {each.key for each in PROGRAMS if not each.is_published} & found == set()
    assert not program("finance").is_published


def test_the_security_change_of_december_2023_takes_effect_at_its_midnight() -> None:
    """From then on two people are needed at each gate, and SC-200 opens a gate and gives no points."""
    change = datetime(2023, 12, 1, tzinfo=UTC)
    holdings = [
        Holding(person=person, certification=certification, counts_from=datetime(2023, 1, 1, tzinfo=UTC))
        for person, certification in [
            ("A", "AZ-500"),
            ("B", "SC-200"),
            ("C", "SC-300"),
            ("D", "AZ-500"),
            ("E", "MS-500"),
        ]
    ]

    points = [
        [shown_points(scored("security", found, at=at).points) for at in (change - MICROSECOND, change)]
        for found in (holdings[:3], holdings)
    ]

    assert points == [[13.3, 0], [13.3, 6.7]]


def test_every_step_says_what_it_is() -> None:
    measures = [measure for each in PROGRAMS for measure in each.measures if measure.metric is not Metric.KNOWLEDGE]

    assert len(measures) == 20
    for measure in measures:
        assert [requirement.step for requirement in measure.requirements] == list(
            range(1, len(measure.requirements) + 1)
        )
        assert measure.requirements[-1].role is RequirementRole.ELECTIVE
