"""Contributions of people to a metric (R13)."""

from datetime import timedelta

from domain.rules.attainment import Holding
from domain.rules.contributions import contributions
from domain.rules.enums import NoPointsReason, Track
from tests.domain.rules.catalog import AT, everybody, held, scored

PENDING, GATE_UNMET, MORE_PEOPLE_NEEDED, CAP_REACHED, ALREADY_COUNTED = NoPointsReason
Told = list[tuple[int, int | str, str, float, NoPointsReason | None]]


def told(key: str, holdings: list[Holding], *, track: Track = Track.ENTERPRISE) -> Told:
    metric = scored(key, holdings, track=track).metrics[0]
    return [
        (each.requirement.step, each.holding.person, each.holding.certification, float(each.points), each.reason)
        for each in contributions(metric, holdings, at=AT)
    ]


def since(days: int, person: str, certification: str) -> Holding:
    return Holding(person=person, certification=certification, counts_from=AT - timedelta(days=days))


def test_each_counting_certification_gives_its_points_and_a_gate_may_give_none() -> None:
    found = told("digital-app-innovation", [*everybody("AB", "AZ-104"), *held("A", "AZ-204")])

    assert found == [
        (1, "A", "AZ-104", 0, None),
        (1, "B", "AZ-104", 0, None),
        (2, "A", "AZ-204", 4, None),
    ]


def test_behind_an_unmet_gate_nothing_counts_and_the_gate_needs_more_people() -> None:
    found = told("digital-app-innovation", held("A", "AZ-104", "AZ-204"))

    assert found == [(1, "A", "AZ-104", 0, MORE_PEOPLE_NEEDED), (2, "A", "AZ-204", 0, GATE_UNMET)]


def test_a_later_gate_waits_for_an_earlier_one() -> None:
    found = told("data-ai", held("A", "AZ-305"), track=Track.SMB)

    assert found == [(2, "A", "AZ-305", 0, GATE_UNMET)]


def test_a_second_certification_of_a_person_gives_a_step_nothing_more() -> None:
    found = told("business-applications", [since(2, "A", "MB-310"), since(1, "A", "PL-400")])

    assert found == [(1, "A", "MB-310", 1, None), (1, "A", "PL-400", 0, ALREADY_COUNTED)]


def test_who_counted_first_keeps_the_points_when_the_cap_is_reached() -> None:
    holdings = [since(1, "C", "AB-900"), since(3, "A", "AB-900"), since(2, "B", "MD-102")]

    found = told("modern-work", holdings, track=Track.SMB)

    assert found == [
        (1, "A", "AB-900", 5, None),
        (1, "B", "MD-102", 5, None),
        (1, "C", "AB-900", 0, CAP_REACHED),
    ]


def test_what_is_pending_says_so_and_what_has_ended_or_does_not_matter_is_left_out() -> None:
    holdings = [
        since(-1, "A", "AB-900"),
        Holding(person="B", certification="AB-900", counts_from=AT - timedelta(days=2), counts_until=AT),
        since(1, "C", "AZ-104"),
    ]

    assert told("modern-work", holdings) == [(1, "A", "AB-900", 0, PENDING)]


def test_a_contribution_leads_back_to_its_credit() -> None:
    holding = Holding(person=7, certification="MD-102", counts_from=AT, credit_id=41)

    found = contributions(scored("modern-work", [holding]).metrics[0], [holding], at=AT)

    assert [each.holding.credit_id for each in found] == [41]
