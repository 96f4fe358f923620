"""Which commands look after the catalog?"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from certlink.catalog_lines import difference, program_json, program_lines
from certlink.clock import programme_clock, real_now
from certlink.commands.surroundings import DEFAULT_DATA, FAILED, USAGE, Data, Json, instant_option, run, stop
from domain.catalog import Catalog, InvalidCatalog, load_catalog, shipped_catalog
from domain.operations.import_catalog import ImportedCatalog, import_catalog
from domain.queries.catalog import editions
from domain.rules.editions import Edition, EditionNotKnown, edition_at, in_order, programs_at, programs_of
from domain.settings import Settings

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
    """Check a catalog's files; what is wrong is told with file and line. Needs no database."""
    catalog = _catalog(folder)
    keys = ", ".join(edition.key for edition in catalog.editions)
    print(f"{len(catalog.certifications)} certifications and {len(catalog.editions)} editions are sound: {keys}")


def import_into_database(folder: Folder = None, data: Data = DEFAULT_DATA) -> None:
    """Write a catalog into the database, all or nothing; what is in force stays as it is."""
    catalog = _catalog(folder)

    async def work(settings: Settings) -> ImportedCatalog:
        return await import_catalog(now=programme_clock(settings)(), catalog=catalog, policy=settings.policy)

    imported = run(work, data)
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
    found = _imported(data) if imported else shipped_catalog().editions
    try:
        newest = edition_at(found, instant)
    except EditionNotKnown as error:
        stop(error.message, FAILED)
    programs = programs_at(found, instant)
    if as_json:
        print(json.dumps({"edition": newest.key, "programs": [program_json(program) for program in programs]}))
        return
    for edition in in_order(found):
        state = "in force" if edition.in_force_from <= instant else "not in force yet"
        print(f"edition {edition.key}: from {edition.in_force_from:%Y-%m-%d %H:%M} UTC, {state}")
    for program in programs:
        print("\n".join(program_lines(program)))


def diff(
    before: Annotated[str, typer.Argument(metavar="EDITION", help="The earlier edition's key.")],
    after: Annotated[str, typer.Argument(metavar="EDITION", help="The later edition's key.")],
    as_json: Json = False,
) -> None:
    """Tell what differs between the requirements of two editions of the shipped catalog."""
    found = shipped_catalog().editions
    try:
        changes = difference(_as_of(found, before), _as_of(found, after))
    except EditionNotKnown as error:
        stop(error.message, USAGE)
    if as_json:
        print(json.dumps(changes))
        return
    print("\n".join(f"{program}: {line}" for program, lines in changes.items() for line in lines) or "nothing differs")


def _as_of(found: Sequence[Edition], key: str) -> Any:
    # With all that the edition itself lets change later, but nothing of the next one.
    return programs_of(found, key, max(edition.in_force_from for edition in found))


def _imported(data: Path) -> Sequence[Edition]:
    async def work(_: Settings) -> Sequence[Edition]:
        return await editions()

    return run(work, data)


def _catalog(folder: Path | None) -> Catalog:
    try:
        return shipped_catalog() if folder is None else load_catalog(folder)
    except InvalidCatalog as error:
        stop(str(error), FAILED)
