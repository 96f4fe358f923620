"""Which commands start something?"""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from certlink.clock import programme_clock
from certlink.commands.surroundings import DEFAULT_DATA, Json, load_settings, stop
from certlink.demo import demo
from certlink.logs import configure_logs
from certlink.seed import seed
from certlink.serve import serve_until_stopped
from certlink.up import up
from domain import schema
from domain.database import open_database
from domain.operations.import_catalog import import_catalog
from domain.settings import Settings
from workers.main import work

LAST_PORT = 65_535


def add_to(app: typer.Typer) -> None:
    """Add the commands that start something."""
    app.command("up")(run_up)
    app.command("serve")(run_serve)
    app.command("work")(run_work)
    app.command("demo")(run_demo)


def run_up(
    port: Annotated[
        int, typer.Option(min=1, max=LAST_PORT - 1, help="The pages' port; the sandbox takes the next.")
    ] = 8000,
    data: Annotated[Path, typer.Option(help="The folder that keeps everything.")] = DEFAULT_DATA,
) -> None:
    """Start everything in sandbox mode and keep it until Ctrl-C: engines, sandbox, API and worker."""
    configure_logs("console")
    raise typer.Exit(asyncio.run(up(port=port, data=data, prepare=prepare)))


def run_serve(
    port: Annotated[int, typer.Option(min=0, max=LAST_PORT, help="The port to listen on.")] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve the API and the pages."""
    settings = load_settings()
    serve_until_stopped(settings, host=host, port=port)


def run_work() -> None:
    """Work on what is due: take callbacks, let credits take effect."""
    settings = load_settings()
    asyncio.run(work(settings, programme_clock(settings)))


def run_demo(as_json: Json = False) -> None:
    """Run the whole story in a temporary folder and print it step by step."""
    code = asyncio.run(demo(as_json=as_json))
    if code:
        stop("the story did not hold", code)


async def prepare(environment: dict[str, str]) -> None:
    """Migrate, load the catalog and, in sandbox mode, the sandbox's people."""
    os.environ.update(environment)
    settings = Settings()
    async with open_database(settings.database_url, pool_size=4):
        await schema.migrate()
        await import_catalog()
        if settings.sandbox:
            await seed(settings)
