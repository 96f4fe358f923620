"""Which commands does certlink have?"""

import typer

from certlink.commands import api_keys, catalog, database, explain, exports, members, organizations, score
from local import commands, sandbox_commands

app = typer.Typer(
    name="certlink",
    help="Links people's learning accounts to their partner organization and says what counts, since when and why not.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
commands.add_to(app)
database.add_to(app)
organizations.add_to(app)
members.add_to(app)
api_keys.add_to(app)
catalog.add_to(app)
score.add_to(app)
explain.add_to(app)
exports.add_to(app)
sandbox_commands.add_to(app)


def main() -> None:
    """Run the command that the arguments name."""
    app()
