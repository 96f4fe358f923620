"""Editions of the requirements, and those in force at an instant (R15)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from domain.errors import InvalidInput, Refusal
from domain.rules.certifications import start_of_day
from domain.rules.programs import Measure, Program


class EditionNotKnown(InvalidInput):
    """No edition has the key, or none is in force yet at the instant."""


class EditionInForce(Refusal):
    """A catalog would change what has been answered already."""

    code = "EDITION_IN_FORCE"


@dataclass(frozen=True, kw_only=True)
class Edition:
    """The requirements in force from an instant on, which is aware and in UTC."""

    key: str
    effective_from: date
    in_force_from: datetime
    programs: tuple[Program, ...]


def programs_at(editions: Sequence[Edition], at: datetime) -> tuple[Program, ...]:
    """Return every program as it is in force at an instant, designations first, then by title."""
    return _programs([edition for edition in in_order(editions) if edition.in_force_from <= at], at)


def programs_of(editions: Sequence[Edition], key: str, at: datetime) -> tuple[Program, ...]:
    """Return every program as one edition has it, whenever that is in force; its measures are as at the instant.

    Raises:
        EditionNotKnown: no edition has the key.
    """
    ordered = in_order(editions)
    keys = [edition.key for edition in ordered]
    if key not in keys:
        raise EditionNotKnown(f'There is no edition "{key}"; there are {", ".join(keys)}.')
    return _programs(ordered[: keys.index(key) + 1], at)


def edition_at(editions: Sequence[Edition], at: datetime) -> Edition:
    """Return the newest edition that is in force at an instant.

    Raises:
        EditionNotKnown: none is in force yet.
    """
    ordered = in_order(editions)
    in_force = [edition for edition in ordered if edition.in_force_from <= at]
    if not in_force:
        first = f"; the first begins on {ordered[0].effective_from}" if ordered else ""
        raise EditionNotKnown(f"No edition is in force at {at:%Y-%m-%d %H:%M} UTC{first}.")
    return in_force[-1]


def changes_of_requirements(
    editions: Sequence[Edition], *, after: datetime, until: datetime
) -> tuple[tuple[datetime, str], ...]:
    """Return the instants after one and until another, inclusive, at which requirements change, and their editions."""
    changes = {(edition.in_force_from, edition.key) for edition in editions} | {
        (max(edition.in_force_from, start_of_day(measure.since)), edition.key)
        for edition in editions
        for program in edition.programs
        for measure in program.measures
        if measure.since is not None
    }
    return tuple(sorted(change for change in changes if after < change[0] <= until))


def in_order(editions: Sequence[Edition]) -> list[Edition]:
    return sorted(editions, key=lambda edition: (edition.in_force_from, edition.effective_from))


def editions_to_write(imported: Sequence[Edition], catalog: Sequence[Edition], *, now: datetime) -> list[Edition]:
    """Return a catalog's editions, each with the instant from which it is in force.

    Raises:
        EditionInForce: an edition that is in force was changed, or another begins before it.
    """
    past = {edition.key: edition for edition in imported if edition.in_force_from <= now}
    newest = max(past.values(), key=lambda edition: edition.effective_from, default=None)
    editions = []
    for edition in catalog:
        if edition.key in past:
            before = past[edition.key]
            if _requirements(before) != _requirements(edition):
                raise EditionInForce(
                    f"Edition {before.key} has been in force since {before.in_force_from:%Y-%m-%d} and cannot change. "
                    "Write what changes as a new edition with a date in the future."
                )
            editions.append(replace(edition, in_force_from=before.in_force_from))
            continue
        if newest is not None and edition.effective_from <= newest.effective_from:
            raise EditionInForce(
                f"Edition {edition.key} would begin on {edition.effective_from}, before edition {newest.key}, which is "
                "in force. Give it a later date."
            )
        # Only a first import may reach into the past: nothing was answered before it.
        begins = start_of_day(edition.effective_from)
        editions.append(replace(edition, in_force_from=max(begins, now) if imported else begins))
    return editions


def _programs(editions: Sequence[Edition], at: datetime) -> tuple[Program, ...]:
    # An edition holds what changes on a day: a program that it does not mention stays as the edition before had it.
    day = at.astimezone(UTC).date()
    programs: dict[str, Program] = {}
    for edition in editions:
        for program in edition.programs:
            if program.replaces is not None:
                programs.pop(program.replaces, None)
            measures: dict[tuple[str, str], Measure] = {}
            for measure in sorted(program.measures, key=lambda measure: measure.since or date.min):
                if measure.since is None or measure.since <= day:
                    measures[measure.metric, measure.track] = measure
                else:
                    # Where none applies yet, the first one tells what is to come.
                    measures.setdefault((measure.metric, measure.track), measure)
            programs[program.key] = replace(program, measures=tuple(measures.values()))
    return tuple(sorted(programs.values(), key=lambda program: (program.kind, program.title.casefold())))


def _requirements(edition: Edition) -> object:
    # Titles decide nothing, so they may be corrected.
    programs = {program.key: replace(program, title="") for program in edition.programs}
    return edition.effective_from, programs
