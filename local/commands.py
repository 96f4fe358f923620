"""Commands that run a whole certlink on one machine."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from certlink.clock import programme_clock
from certlink.commands.runner import DEFAULT_DATA, Json, settings_of_environment, stop
from certlink.commands.serve import LAST_PORT
from certlink.logs import configure_logs
from domain.database import schema
from domain.database.pool import open_database
from domain.operations.catalog import import_catalog
from local.demo import demo
from local.sandbox_commands import sandbox_commands
from local.seed import seed
from local.services import sandbox_url
from local.up import up


def add_to(app: typer.Typer) -> None:
    # The entry point that the command line of the product loads.
    app.command("up")(run_up)
    app.command("demo")(run_demo)
    app.add_typer(sandbox_commands, name="sandbox")


def run_up(
    port: Annotated[
        int, typer.Option(min=1, max=LAST_PORT - 1, help="The pages' port; the sandbox takes the next.")
    ] = 8000,
    data: Annotated[Path, typer.Option(help="The folder that keeps everything.")] = DEFAULT_DATA,
) -> None:
    """Start everything in sandbox mode and keep it until Ctrl-C: engines, sandbox, API and worker."""
    configure_logs("console")
    raise typer.Exit(asyncio.run(up(port=port, data=data, prepare=prepare)))


def run_demo(as_json: Json = False) -> None:
    """Run the whole story in a temporary folder and print it step by step."""
    code = asyncio.run(demo(as_json=as_json))
    if code:
        stop("the story did not hold", code)


async def prepare(environment: dict[str, str]) -> None:
    """Migrate, load the catalog and, in sandbox mode, the sandbox's people."""
    os.environ.update(environment)
    settings = settings_of_environment()
    async with open_database(settings.database_url, pool_size=4):
        await schema.migrate()
        await import_catalog(now=programme_clock(settings)(), policy=settings.policy)
        if settings.sandbox:
            await seed(settings, sandbox_url=sandbox_url())
