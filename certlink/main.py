"""The command line: the product's commands, and those of other packages."""

from importlib.metadata import entry_points, version
from importlib.util import find_spec
from typing import Annotated

import typer

from certlink.commands import (
    api_keys,
    catalog,
    database,
    explain,
    exports,
    members,
    organizations,
    scim,
    score,
    serve,
    work,
)

app = typer.Typer(
    name="certlink",
    help="Links people's learning accounts to their partner organization and says what counts, since when and why not.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    serve.serve,
    work.work,
    database.migrate,
    database.check,
    database.verify,
    database.reseal,
    database.config,
    score.score,
    explain.explain,
):
    app.command()(command)
for name, group in {
    "audit": database.audit_commands,
    "organization": organizations.organization_commands,
    "member": members.member_commands,
    "api-key": api_keys.api_key_commands,
    "scim": scim.scim_commands,
    "catalog": catalog.catalog_commands,
    "export": exports.export_commands,
}.items():
    app.add_typer(group, name=name)
for extension in entry_points(group="certlink.commands"):
    # The image has the project's metadata, but not the packages that it does not need.
    if find_spec(extension.module.partition(".")[0]):
        extension.load()(app)


def show_version(is_requested: bool) -> None:
    if is_requested:
        print(version("certlink"))
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass


def main() -> None:
    app()
