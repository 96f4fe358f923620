"""Commands about the catalog of certifications and requirements."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from certlink.clock import programme_clock, real_now
from certlink.commands.runner import DEFAULT_DATA, Data, Json, instant_option, run, stop
from certlink.readiness import FAILED, USAGE
from domain.catalog import Catalog, InvalidCatalog, load_catalog, shipped_catalog
from domain.operations.catalog import import_catalog
from domain.queries.catalog import editions as imported_editions
from domain.rules.attainment import shown_points
from domain.rules.editions import EditionNotKnown, edition_at, in_order, programs_at, programs_of
from domain.rules.enums import RequirementRole
from domain.rules.programs import Program, Requirement

Folder = Annotated[
    Path | None, typer.Argument(metavar="[FOLDER]", help="A catalog's folder; the shipped catalog, unless given.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands about the catalog."""
    catalog = typer.Typer(help="Look after the catalog of certifications and requirements.", no_args_is_help=True)
    catalog.command("check")(check_catalog)
    catalog.command("import")(import_into_database)
    catalog.command("show")(show)
    catalog.command("diff")(diff)
    app.add_typer(catalog, name="catalog")


def check_catalog(folder: Folder = None) -> None:
    """Check a catalog's files; every fault is told with its file and its path. Needs no database."""
    catalog = _catalog(folder)
    keys = ", ".join(edition.key for edition in catalog.editions)
    print(f"{len(catalog.certifications)} certifications and {len(catalog.editions)} editions are sound: {keys}")


def import_into_database(folder: Folder = None, data: Data = DEFAULT_DATA) -> None:
    """Write a catalog into the database, all or nothing; what is in force stays as it is."""
    catalog = _catalog(folder)
    imported = run(
        lambda settings: import_catalog(now=programme_clock(settings)(), catalog=catalog, policy=settings.policy), data
    )
    print(f"{imported.certifications} certifications, {imported.editions} editions")


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
        heading = f"{program.kind.lower()} {program.key}: {program.title}"
        print(
            f"{heading}, edition {program.edition}"
            if program.is_published
            else f"{heading}: requirements not published"
        )
        for position, requirement in _requirements(program).items():
            print(f"  {position}: {requirement}")


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
        changes = _difference(programs_of(editions, before, end), programs_of(editions, after, end))
    except EditionNotKnown as error:
        stop(error.message, USAGE)
    if as_json:
        print(json.dumps(changes))
        return
    print("\n".join(f"{program}: {line}" for program, lines in changes.items() for line in lines) or "nothing differs")


def _catalog(folder: Path | None) -> Catalog:
    try:
        return shipped_catalog() if folder is None else load_catalog(folder)
    except InvalidCatalog as error:
        stop(str(error), FAILED)


def _difference(before: Sequence[Program], after: Sequence[Program]) -> Mapping[str, list[str]]:
    """Return for each program that differs what was removed (-) and added (+)."""
    old, new = ({program.key: program for program in programs} for programs in (before, after))
    changes = {key: _changes(old.get(key), new.get(key)) for key in sorted({*old, *new})}
    return {key: lines for key, lines in changes.items() if lines}


def _changes(before: Program | None, after: Program | None) -> list[str]:
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
    """Return a program's requirements as sentences, by their positions."""
    return {
        f"{measure.metric.lower()}, {measure.track.lower()}, step {requirement.step}": _sentence(requirement)
        for measure in program.measures
        for requirement in measure.requirements
    }


def _sentence(requirement: Requirement) -> str:
    role = requirement.role.lower().replace("_", " ")
    points = f" for {shown_points(requirement.points):g} points" if requirement.points else ""
    what = requirement.note or ", ".join(sorted(requirement.certifications or requirement.designations))
    who = "person" if requirement.needed == 1 else "people"
    if requirement.role is RequirementRole.DESIGNATION:
        who = "of these"
    return f"{role}, {requirement.needed} {who}{points}: {what}"


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
                "requirements": [_requirement_json(requirement) for requirement in measure.requirements],
            }
            for measure in program.measures
        ],
    }


def _requirement_json(requirement: Requirement) -> dict[str, Any]:
    return {
        "step": requirement.step,
        "role": requirement.role.lower(),
        "needed": requirement.needed,
        "points": shown_points(requirement.points),
        "certifications": sorted(requirement.certifications),
        "designations": sorted(requirement.designations),
        "note": requirement.note,
    }
