"""Run a command with settings and database, and end it."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError

from api.instants import instant_of, instant_text
from certlink.data_folder import DEFAULT_FOLDER, running_settings
from certlink.logs import configure_logs
from certlink.readiness import FAILED, NOT_READY, USAGE, NotReady
from domain.database.pool import open_database
from domain.errors import Refusal, TryAgain
from domain.settings import Settings

Result = TypeVar("Result")

DEFAULT_DATA = Path(DEFAULT_FOLDER)
Data = Annotated[Path, typer.Option("--data", help="The folder of a running `certlink up` to reach.")]
Domain = Annotated[str, typer.Argument(help="The organization's mail domain, such as contoso.example.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def load_settings(data: Path = DEFAULT_DATA) -> Settings:
    """Return the settings from the environment, or those of the `certlink up` that runs on a data folder."""
    hint = ""
    # The environment wins: a command must never reach another database than the one that was named.
    if "DATABASE_URL" not in os.environ:
        running = running_settings(data) or {}
        os.environ.update(running)
        hint = "" if running else f"; or start `certlink up`, which needs none: it does not run on {data}"
    try:
        settings = settings_of_environment()
    except NotReady as error:
        stop(f"{error}{hint}", NOT_READY)
    configure_logs(settings.log_format)
    return settings


def settings_of_environment() -> Settings:
    """Return the settings from the environment.

    Raises:
        NotReady: one is missing or wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            text = problem["msg"].removeprefix("Value error, ")
            # What concerns several settings together has no location.
            for location in problem["loc"][:1]:
                name = str(location).upper()
                has_prefix = name in {"DATABASE_URL", "REDIS_URL"} or name.startswith("CERTLINK_")
                text = f"{name if has_prefix else f'CERTLINK_{name}'}: {text}"
            problems.append(text)
    # Outside of the block, where pydantic's error would be chained to it: that holds the values, which may be secret.
    raise NotReady(f"settings: {'; '.join(problems)} (docs/operations.md lists them)")


def run(work: Callable[[Settings], Awaitable[Result]], data: Path = DEFAULT_DATA) -> Result:
    """Run a command's work with the database opened, and turn every refusal into one line."""
    settings = load_settings(data)

    async def opened() -> Result:
        # A command needs few of PostgreSQL's connections, and the servers and workers beside it need many.
        async with open_database(settings.database_url, pool_size=4):
            return await work(settings)

    return finish(opened())


def finish(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, and turn every refusal into one line and an exit code."""
    try:
        return asyncio.run(work)
    except (NotReady, TryAgain) as error:
        stop(str(error), NOT_READY)
    except Refusal as refusal:
        stop(refusal.message, FAILED)
    except (OSError, ConnectionError) as error:
        stop(f"no connection: {error}", NOT_READY)


def instant_option(text: str) -> datetime | None:
    """Return the instant that an option names, or None where it is not given."""
    if not text:
        return None
    try:
        return instant_of(text)
    except ValueError:
        stop(f'"{text}" is no instant: write one with an offset, such as 2026-11-23T09:30:00Z', USAGE)


def as_plain(value: Any) -> Any:
    """Return a value in the form that JSON takes, with camel case names as the API has."""
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, list):
        return [as_plain(item) for item in value]
    if is_dataclass(value):
        plain = {}
        for field in fields(value):
            first, *others = field.name.split("_")
            plain["".join([first, *map(str.capitalize, others)])] = as_plain(getattr(value, field.name))
        return plain
    return value


def print_result(value: Any, lines: Iterable[str], *, as_json: bool) -> None:
    """Print a value as JSON, or its lines for people."""
    for line in [json.dumps(as_plain(value))] if as_json else lines:
        print(line)


def enum_words(value: str) -> str:
    return value.lower().replace("_", " ")


def stop(message: str, code: int) -> NoReturn:
    """End with a message on stderr, which has a line for each fault."""
    for line in message.split("\n"):
        print(f"certlink: {line}", file=sys.stderr)
    raise typer.Exit(code)
