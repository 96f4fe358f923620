"""People and certifications to score by the shipped catalog."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from domain.catalog import shipped_catalog
from domain.rules.attainment import Attainment, Holding, MetricAttainment, attainments
from domain.rules.editions import programs_at, programs_of
from domain.rules.enums import Metric, Track
from domain.rules.programs import Program

AT = datetime(2026, 11, 3, 14, 30, tzinfo=UTC)
EDITIONS = shipped_catalog().editions
PROGRAMS = programs_at(EDITIONS, AT)


def held(person: str, *certifications: str) -> list[Holding]:
    """Return certifications that count for a person from yesterday for a year."""
    return [
        Holding(
            person=person,
            certification=certification,
            counts_from=AT - timedelta(days=1),
            counts_until=AT + timedelta(days=365),
        )
        for certification in certifications
    ]


def everybody(people: Iterable[str], *certifications: str) -> list[Holding]:
    """Return certifications that count for each of the people, one letter each."""
    return [holding for person in people for holding in held(person, *certifications)]


def program(key: str, programs: Sequence[Program] = PROGRAMS) -> Program:
    """Return a program by its key."""
    return next(program for program in programs if program.key == key)


def scored(
    key: str, holdings: Iterable[Holding], *, track: Track = Track.ENTERPRISE, edition: str = "", at: datetime = AT
) -> Attainment:
    """Return the attainment of one program on one track, by an edition or by what is in force."""
    programs = programs_of(EDITIONS, edition, at) if edition else programs_at(EDITIONS, at)
    found = attainments(holdings, programs, at=at, track=track, either_track=False)
    return next(attainment for attainment in found if attainment.program.key == key)


def metric(attainment: Attainment, wanted: Metric) -> MetricAttainment:
    """Return one metric of an attainment."""
    return next(each for each in attainment.metrics if each.metric is wanted)
