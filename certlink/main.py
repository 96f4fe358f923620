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
for module in (serve, work, database, organizations, members, api_keys, scim, catalog, score, explain, exports):
    module.add_to(app)
for extension in entry_points(group="certlink.commands"):
    # The image has the project's metadata, but not the packages that it does not need.
    if find_spec(extension.module.partition(".")[0]):
        extension.load()(app)


def show_version(asked: bool) -> None:
    """Print the version and end."""
    if asked:
        print(version("certlink"))
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Take the options that no command has."""


def main() -> None:
    """Run the command that the arguments name."""
    app()
