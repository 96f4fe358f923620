"""Commands about the catalog of certifications and requirements."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from certlink.clock import programme_clock, real_now
from certlink.commands.runner import DEFAULT_DATA, Data, Json, enum_words, instant_option, print_result, run, stop
from certlink.readiness import FAILED, USAGE
from domain.catalog import Catalog, InvalidCatalog, load_catalog, shipped_catalog
from domain.operations.catalog import import_catalog
from domain.queries.catalog import editions as imported_editions
from domain.rules.attainment import shown_points
from domain.rules.editions import EditionNotKnown, edition_at, in_order, programs_at, programs_of
from domain.rules.enums import RequirementRole
from domain.rules.programs import Program

Folder = Annotated[
    Path | None, typer.Argument(metavar="[FOLDER]", help="A catalog's folder; the shipped catalog, unless given.")
]

catalog_commands = typer.Typer(help="Look after the catalog of certifications and requirements.", no_args_is_help=True)


@catalog_commands.command("check")
def check_catalog(folder: Folder = None) -> None:
    """Check a catalog's files; every fault is told with its file and its path. Needs no database."""
    catalog = _catalog(folder)
    keys = ", ".join(edition.key for edition in catalog.editions)
    print(f"{len(catalog.certifications)} certifications and {len(catalog.editions)} editions are sound: {keys}")


@catalog_commands.command("import")
def import_into_database(folder: Folder = None, data: Data = DEFAULT_DATA) -> None:
    """Write a catalog into the database, all or nothing; what is in force stays as it is."""
    catalog = _catalog(folder)
    imported = run(
        lambda settings: import_catalog(now=programme_clock(settings)(), catalog=catalog, policy=settings.policy), data
    )
    print(f"{imported.certifications} certifications, {imported.editions} editions")


@catalog_commands.command("show")
def show(
    at: Annotated[str, typer.Option(metavar="INSTANT", help="The instant to show; now, unless given.")] = "",
    imported: Annotated[
        bool, typer.Option("--imported", help="What the database holds, in place of what is shipped.")
    ] = False,
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Show the requirements that are in force at an instant."""
    instant = instant_option(at) or real_now()
    editions = run(lambda _: imported_editions(), data) if imported else shipped_catalog().editions
    try:
        newest = edition_at(editions, instant)
    except EditionNotKnown as error:
        stop(error.message, FAILED)
    programs = programs_at(editions, instant)
    if as_json:
        print(json.dumps({"edition": newest.key, "programs": [_program_json(program) for program in programs]}))
        return
    for edition in in_order(editions):
        state = "in force" if edition.in_force_from <= instant else "not in force yet"
        print(f"edition {edition.key}: from {edition.in_force_from:%Y-%m-%d %H:%M} UTC, {state}")
    for program in programs:
        state = f", edition {program.edition}" if program.is_published else ": requirements not published"
        print(f"{program.kind.lower()} {program.key}: {program.title}{state}")
        for position, requirement in _requirements(program).items():
            print(f"  {position}: {requirement}")


@catalog_commands.command("diff")
def diff(
    before: Annotated[str, typer.Argument(metavar="EDITION", help="The earlier edition's key.")],
    after: Annotated[str, typer.Argument(metavar="EDITION", help="The later edition's key.")],
    as_json: Json = False,
) -> None:
    """Tell what differs between the requirements of two editions of the shipped catalog."""
    editions = shipped_catalog().editions
    # With all that an edition itself lets change later, but nothing of the next one.
    end = max(edition.in_force_from for edition in editions)
    try:
        old, new = ({program.key: program for program in programs_of(editions, key, end)} for key in (before, after))
    except EditionNotKnown as error:
        stop(error.message, USAGE)
    changes = {key: lines for key in sorted({*old, *new}) if (lines := _changes(old.get(key), new.get(key)))}
    sentences = [f"{program}: {line}" for program, lines in changes.items() for line in lines]
    print_result(changes, sentences or ["nothing differs"], as_json=as_json)


def _catalog(folder: Path | None) -> Catalog:
    try:
        return shipped_catalog() if folder is None else load_catalog(folder)
    except InvalidCatalog as error:
        stop(str(error), FAILED)


def _changes(before: Program | None, after: Program | None) -> list[str]:
    """Return what was removed from a program (-) and added to it (+)."""
    if before is None or after is None:
        return ["+ is new"] if before is None else ["- is no more"]
    old, new = _requirements(before), _requirements(after)
    if bool(old) != bool(new):
        return ["+ its requirements are published" if new else "- not published any more"]
    return [
        f"{sign} {position}: {requirements[position]}"
        for position in dict.fromkeys([*old, *new])
        if old.get(position) != new.get(position)
        for sign, requirements in (("-", old), ("+", new))
        if position in requirements
    ]


def _requirements(program: Program) -> Mapping[str, str]:
    sentences = {}
    for measure in program.measures:
        for requirement in measure.requirements:
            points = f" for {shown_points(requirement.points):g} points" if requirement.points else ""
            what = requirement.note or ", ".join(sorted(requirement.certifications or requirement.designations))
            who = "person" if requirement.needed == 1 else "people"
            if requirement.role is RequirementRole.DESIGNATION:
                who = "of these"
            position = f"{measure.metric.lower()}, {measure.track.lower()}, step {requirement.step}"
            sentences[position] = f"{enum_words(requirement.role)}, {requirement.needed} {who}{points}: {what}"
    return sentences


def _program_json(program: Program) -> dict[str, Any]:
    return {
        "program": program.key,
        "kind": program.kind.lower(),
        "title": program.title,
        "edition": program.edition,
        "published": program.is_published,
        "measures": [
            {
                "metric": measure.metric.lower(),
                "track": measure.track.lower(),
                "maxPoints": shown_points(measure.max_points),
                "requirements": [
                    {
                        "step": requirement.step,
                        "role": requirement.role.lower(),
                        "needed": requirement.needed,
                        "points": shown_points(requirement.points),
                        "certifications": sorted(requirement.certifications),
                        "designations": sorted(requirement.designations),
                        "note": requirement.note,
                    }
                    for requirement in measure.requirements
                ],
            }
            for measure in program.measures
        ],
    }
