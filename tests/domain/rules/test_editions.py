"""Editions in force, and editions that may be imported (R15)."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from domain.rules.certifications import start_of_day
from domain.rules.editions import (
    Edition,
    EditionInForce,
    EditionNotKnown,
    changes_of_requirements,
    edition_at,
    editions_to_write,
    programs_at,
    programs_of,
)
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND
from tests.domain.rules.catalog import EDITIONS, program

BEGINNING = EDITIONS[0].in_force_from
NEW = start_of_day(date(2026, 8, 1))
NEXT = replace(EDITIONS[-1], key="2027-02", effective_from=date(2027, 2, 1))


def edition_of(key: str, at: datetime) -> str:
    return program(key, programs_at(EDITIONS, at)).edition


def test_an_instant_selects_for_each_program_the_newest_edition_that_mentions_it() -> None:
    assert [edition_of("data-ai", at) for at in (BEGINNING, NEW - MICROSECOND, NEW)] == [
        "2023-10",
        "2023-10",
        "2026-08",
    ]
    assert [edition_of("threat-protection", at) for at in (BEGINNING, NEW - 30 * DAY, NEW)] == [
        "2023-10",
        "2025-04",
        "2025-04",
    ]


def test_before_the_first_edition_nothing_is_in_force() -> None:
    assert programs_at(EDITIONS, BEGINNING - MICROSECOND) == ()
    with pytest.raises(EditionNotKnown, match="the first begins on 2023-10-01"):
        edition_at(EDITIONS, BEGINNING - MICROSECOND)


def test_an_edition_can_be_asked_for_by_its_key_whenever_it_is_in_force() -> None:
    old = programs_of(EDITIONS, "2023-10", START)

    assert program("data-ai", old).edition == "2023-10"
    assert not program("threat-protection", old).is_published
    with pytest.raises(EditionNotKnown, match='no edition "2022-01"; there are 2023-10, 2024-06'):
        programs_of(EDITIONS, "2022-01", START)


def test_several_editions_may_lie_in_the_future_and_each_is_known_as_a_change() -> None:
    later = replace(NEXT, key="2027-03", effective_from=date(2027, 3, 1))
    editions = [replace(each, in_force_from=start_of_day(each.effective_from)) for each in (later, *EDITIONS, NEXT)]

    changes = changes_of_requirements(editions, after=START, until=START + 365 * DAY)

    assert [key for _, key in changes] == ["2027-02", "2027-03"]
    assert edition_at(editions, START).key == "2026-08"
    assert edition_at(editions, START + 365 * DAY).key == "2027-03"


def test_what_an_edition_lets_change_later_is_a_change_of_its_own() -> None:
    change = datetime(2023, 12, 1, tzinfo=UTC)

    assert changes_of_requirements(EDITIONS, after=BEGINNING, until=change) == ((change, "2023-10"),)
    assert changes_of_requirements(EDITIONS, after=change, until=change + DAY) == ()


def test_the_first_import_is_in_force_from_the_beginning() -> None:
    assert editions_to_write([], EDITIONS, now=START) == list(EDITIONS)


def test_a_new_edition_with_a_date_in_the_future_is_in_force_from_its_date() -> None:
    written = editions_to_write(EDITIONS, [*EDITIONS, NEXT], now=START)

    assert written == [*EDITIONS, replace(NEXT, in_force_from=start_of_day(NEXT.effective_from))]


def test_an_edition_that_arrives_late_is_in_force_from_its_arrival() -> None:
    """Nothing is back-dated: what was answered between its date and its arrival stays the answer."""
    arrival = start_of_day(NEXT.effective_from) + 15 * DAY

    written = editions_to_write(EDITIONS, [NEXT], now=arrival)
    after = [*EDITIONS, *written]

    for at in (BEGINNING, START, arrival - MICROSECOND):
        assert programs_at(after, at) == programs_at(EDITIONS, at)
    assert edition_at(after, arrival).key == "2027-02"


def changed(edition: Edition) -> Edition:
    """Return the edition with one designation that needs a person more."""
    designation = program("data-ai", edition.programs)
    measure = designation.measures[0]
    requirement = replace(measure.requirements[0], needed=measure.requirements[0].needed + 1)
    measure = replace(measure, requirements=(requirement, *measure.requirements[1:]))
    other = replace(designation, measures=(measure, *designation.measures[1:]))
    return replace(edition, programs=tuple(other if each is designation else each for each in edition.programs))


@pytest.mark.parametrize("wanted", [changed(EDITIONS[0]), replace(EDITIONS[1], effective_from=date(2024, 6, 2))])
def test_an_edition_in_force_cannot_change(wanted: Edition) -> None:
    with pytest.raises(EditionInForce, match=f"Edition {wanted.key} has been in force since"):
        editions_to_write(EDITIONS, [wanted], now=START)


def test_an_edition_cannot_come_before_one_that_is_in_force() -> None:
    early = replace(NEXT, key="2025-01", effective_from=date(2025, 1, 1))

    with pytest.raises(EditionInForce, match="would begin on 2025-01-01, before edition 2026-08"):
        editions_to_write(EDITIONS, [early], now=START)


def test_an_edition_that_is_not_in_force_yet_may_change() -> None:
    future = replace(NEXT, in_force_from=start_of_day(NEXT.effective_from))

    written = editions_to_write([*EDITIONS, future], [changed(NEXT)], now=START)

    assert written == [replace(changed(NEXT), in_force_from=future.in_force_from)]


def test_a_title_may_be_corrected_at_any_time() -> None:
    first, *others = EDITIONS[0].programs
    corrected = replace(EDITIONS[0], programs=(replace(first, title="Data and AI"), *others))

    assert editions_to_write(EDITIONS, [corrected], now=START) == [corrected]
