"""Command that scores a file of completions without a database."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from api.instants import instant_of
from certlink.clock import real_now
from certlink.commands.runner import Json, enum_words, instant_option, print_result, stop
from certlink.readiness import USAGE
from domain.catalog import Catalog, shipped_catalog
from domain.rules.attainment import Attainment, Holding, MetricAttainment, attainments, holding_by_catalog, shown_points
from domain.rules.editions import EditionNotKnown, edition_at, programs_at, programs_of
from domain.rules.enums import RequirementRole, Track

FIELDS = ("person", "certification", "completedAt", "expiresAt")


@dataclass(frozen=True, kw_only=True, slots=True)
class CompletionRow:
    """One completion of the file, with its number in the list, from 1."""

    number: int
    person: str
    certification: str
    completed_at: datetime
    expires_at: datetime | None


class UnreadableFile(Exception):
    """The file holds no list of completions; there is one line for each thing that is wrong."""


def score(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A JSON list of completions, or - for stdin.")],
    at: Annotated[str, typer.Option(metavar="INSTANT", help="The instant to score at; now, unless given.")] = "",
    edition: Annotated[str, typer.Option(help="The edition to score by; the one in force, unless given.")] = "",
    designation: Annotated[str, typer.Option(help="Only this designation or specialization.")] = "",
    track: Annotated[Track | None, typer.Option(case_sensitive=False, help="Only this track.")] = None,
    as_json: Json = False,
) -> None:
    """Score a file of completions: {"person", "certification", "completedAt", "expiresAt"?}."""
    catalog = shipped_catalog()
    instant = instant_option(at) or real_now()
    try:
        if edition:
            programs = programs_of(catalog.editions, edition, instant)
        else:
            edition_at(catalog.editions, instant)
            programs = programs_at(catalog.editions, instant)
    except EditionNotKnown as error:
        stop(error.message, USAGE)
    by_key = {program.key: program for program in programs}
    if designation and designation not in by_key:
        stop(f'there is no "{designation}"; there are {", ".join(by_key)}', USAGE)
    if designation and not by_key[designation].is_published:
        print(f"certlink: the requirements of {designation} are not published in this edition", file=sys.stderr)
    try:
        rows = completion_rows(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())
    except OSError as error:
        stop(f"{file}: {error.strerror}", USAGE)
    except UnreadableFile as error:
        stop(str(error), USAGE)
    scored = attainments(_holdings(rows, catalog), programs, at=instant, track=track, either_track=track is None)
    chosen = [attainment for attainment in scored if designation in {"", attainment.program.key}]
    shown = [_metric_json(attainment, metric) for attainment in chosen for metric in attainment.metrics]
    print_result(shown, (line for attainment in chosen for line in _lines(attainment)), as_json=as_json)


def completion_rows(content: bytes) -> list[CompletionRow]:
    """Return the rows of a JSON list of completions.

    Raises:
        UnreadableFile: it is no JSON list, or rows are wrong: then there is one line for each of them.
    """
    try:
        entries = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"this is no JSON: {error}") from None
    if not isinstance(entries, list):
        raise UnreadableFile("the file must hold a list of completions")
    rows, problems = [], []
    for number, entry in enumerate(entries, 1):
        try:
            rows.append(_row(number, entry))
        except ValueError as error:
            problems.append(f"row {number}: {error}")
    if problems:
        raise UnreadableFile("\n".join(problems))
    return rows


def _row(number: int, entry: object) -> CompletionRow:
    if not isinstance(entry, dict):
        raise ValueError("must be an object")
    if unknown := [str(key) for key in entry if key not in FIELDS]:
        raise ValueError(f"{', '.join(unknown)} means nothing; known are {', '.join(FIELDS)}")
    # All but the expiry is required.
    for key in FIELDS[:-1]:
        if entry.get(key) is None:
            raise ValueError(f"{key} is missing")
    for key in FIELDS[:2]:
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise ValueError(f"{key} must be a text")
    completed_at = _instant("completedAt", entry["completedAt"])
    expires_at = None if entry.get("expiresAt") is None else _instant("expiresAt", entry["expiresAt"])
    if expires_at is not None and expires_at <= completed_at:
        raise ValueError("expiresAt must be after completedAt")
    return CompletionRow(
        number=number,
        person=entry["person"],
        certification=entry["certification"],
        completed_at=completed_at,
        expires_at=expires_at,
    )


def _instant(key: str, value: object) -> datetime:
    try:
        return instant_of(value)
    except ValueError:
        raise ValueError(f"{key} must be an instant with an offset, such as 2026-11-23T09:30:00Z") from None


def _holdings(rows: Iterable[CompletionRow], catalog: Catalog) -> Iterator[Holding]:
    # Told once each: a file may name one unknown certification a thousand times.
    unknown: dict[str, int] = {}
    for row in rows:
        facts = catalog.certifications.get(row.certification)
        if facts is None:
            unknown.setdefault(row.certification, row.number)
            continue
        holding = holding_by_catalog(
            person=row.person,
            certification=facts,
            level=catalog.levels[facts.level],
            completed_at=row.completed_at,
            expires_at=row.expires_at,
        )
        if holding is not None:
            yield holding
    for certification, number in unknown.items():
        print(f'certlink: row {number}: "{certification}" is not in the catalog and counts nowhere', file=sys.stderr)


def _metric_json(attainment: Attainment, metric: MetricAttainment) -> dict[str, Any]:
    return {
        "program": attainment.program.key,
        "edition": attainment.program.edition,
        "track": attainment.track.lower(),
        "metric": metric.metric.lower(),
        "points": _number(metric.points),
        "maxPoints": _number(metric.max_points),
        "attained": metric.attained,
        "requirements": [
            {
                "step": requirement.requirement.step,
                "needed": requirement.requirement.needed,
                "counting": requirement.counting,
                "met": requirement.met,
                "points": _number(requirement.points),
            }
            for requirement in metric.requirements
        ],
    }


def _lines(attainment: Attainment) -> Iterator[str]:
    program = attainment.program
    verdict = "attained" if attainment.attained else "not attained"
    yield f"{program.title} ({program.key}), edition {program.edition}, track {attainment.track.lower()}: {verdict}"
    for metric in attainment.metrics:
        yield f"  {metric.metric.lower()}: {_number(metric.points)} of {_number(metric.max_points)} points"
        for scored in metric.requirements:
            requirement = scored.requirement
            state = "met" if scored.met else f"{scored.missing} missing"
            what = requirement.note or ", ".join(sorted(requirement.certifications or requirement.designations))
            of_what = "designations" if requirement.role is RequirementRole.DESIGNATION else "people"
            count = f"{scored.counting} of {requirement.needed} {of_what}, {state}, {_number(scored.points)} points"
            yield f"    step {requirement.step}, {enum_words(requirement.role)}: {count} ({what})"


def _number(points: Fraction) -> int | float:
    shown = shown_points(points)
    return int(shown) if shown.is_integer() else shown
