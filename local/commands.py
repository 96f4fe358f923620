"""Which commands start something?"""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from api.documents.trusted import DocumentsNotAccepted
from certlink.clock import programme_clock, real_now
from certlink.commands.runner import DEFAULT_DATA, NOT_READY, Json, load_settings, settings_of_environment, stop
from certlink.logs import configure_logs
from certlink.serve import serve_until_stopped
from domain.database import schema
from domain.database.pool import open_database
from domain.operations.catalog import import_catalog
from domain.settings import Settings
from local.demo import demo
from local.seed import seed
from local.up import up
from workers.main import work

LAST_PORT = 65_535
# One look may take as long as six slow calls of a provider.
HEARTBEAT_GRACE_SECONDS = 120


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
    try:
        serve_until_stopped(settings, host=host, port=port)
    except DocumentsNotAccepted as error:
        stop(f"CERTLINK_DOCUMENTS_FILE: {error}", NOT_READY)


def run_work(
    check: Annotated[bool, typer.Option("--check", help="Only tell whether the worker beside this one works.")] = False,
) -> None:
    """Work on what is due: take callbacks, let credits take effect."""
    settings = load_settings()
    if check:
        stop_unless_beating(settings)
        return
    asyncio.run(work(settings, programme_clock(settings)))


def run_demo(as_json: Json = False) -> None:
    """Run the whole story in a temporary folder and print it step by step."""
    code = asyncio.run(demo(as_json=as_json))
    if code:
        stop("the story did not hold", code)


def stop_unless_beating(settings: Settings) -> None:
    """End with exit code 3 where the worker's sign of life is missing or old."""
    if settings.heartbeat_file is None:
        stop("CERTLINK_HEARTBEAT_FILE is not set, so the worker leaves no sign of life", NOT_READY)
    try:
        age = real_now().timestamp() - Path(settings.heartbeat_file).stat().st_mtime
    except OSError:
        stop("the worker has not looked for work yet", NOT_READY)
    if age > settings.sweep_seconds + HEARTBEAT_GRACE_SECONDS:
        stop(f"the worker last looked for work {age:.0f} s ago", NOT_READY)


async def prepare(environment: dict[str, str]) -> None:
    """Migrate, load the catalog and, in sandbox mode, the sandbox's people."""
    os.environ.update(environment)
    settings = settings_of_environment()
    async with open_database(settings.database_url, pool_size=4):
        await schema.migrate()
        await import_catalog(now=programme_clock(settings)(), policy=settings.policy)
        if settings.sandbox:
            await seed(settings)
