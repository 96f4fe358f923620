"""Run engines, sandbox, API and worker together until somebody stops them."""

import asyncio
import json
import os
import shlex
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from certlink.data_folder import DEFAULT_FOLDER, SETTINGS_FILE
from certlink.readiness import DONE, FAILED, NOT_READY, NotReady
from local.engines import embedded_database, embedded_redis, to_stderr
from local.engines.directories import choose_directories, hold
from local.engines.external import database_answers, redis_answers
from local.ports import check_ports_free
from local.services import sandbox_settings, services
from local.stale_processes import end_stale_processes
from local.subreaper import subreaper
from local.supervisor import PartFailed, Supervisor

Prepare = Callable[[dict[str, str]], Awaitable[None]]

WELCOME = """
certlink runs. Everything is kept in {data}.

  Pages              http://localhost:{port}
  GraphQL            http://localhost:{port}/graphql
  Sandbox            http://localhost:{sandbox_port}   (plays the learning providers and the work accounts)

  Sign in as         amara.osei@contoso.example     a member of Contoso with certifications at Microsoft Learn
                     nadia.novak@contoso.example    Contoso's admin
                     felix.berg@fabrikam.example    Fabrikam's admin
  A bearer token     ./dev sandbox token amara{option}
  Ten days later     ./dev sandbox advance "10 days"{option}
  Stop               Ctrl-C
"""


async def up(*, port: int, data: Path, prepare: Prepare) -> int:
    """Run everything, the API on `port`, until SIGINT, SIGTERM or SIGHUP, and return the exit code.

    `prepare` is awaited with the services' settings when the engines answer and before the services start: it migrates
    and seeds.
    """
    data = data.resolve()
    try:
        with hold(data):
            await end_stale_processes(data / "processes", to_stderr)
            check_ports_free(port, port + 1)
            supervisor = Supervisor(records=data / "processes", say=to_stderr)
            async with subreaper():
                return await _until_stopped(supervisor, _run(supervisor, port, data, prepare))
    except (NotReady, PartFailed) as error:
        to_stderr(f"certlink: {error}")
        return NOT_READY if isinstance(error, NotReady) else FAILED


async def _until_stopped(supervisor: Supervisor, run: Awaitable[None]) -> int:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            supervisor.kill_now()
        stopping.set()

    # `nohup` asks us to ignore that the terminal goes away.
    is_nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    signals = (signal.SIGINT, signal.SIGTERM, *(() if is_nohup else (signal.SIGHUP,)))
    for number in signals:
        loop.add_signal_handler(number, stop)
    running, stopped = asyncio.ensure_future(run), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            to_stderr("stopping (again to kill)")
            running.cancel()
            await asyncio.wait({running})
        if running.cancelled():
            return DONE
        error = running.exception()
        if error is not None:
            raise error
        return FAILED
    finally:
        stopped.cancel()
        for number in signals:
            loop.remove_signal_handler(number)


async def _run(supervisor: Supervisor, port: int, data: Path, prepare: Prepare) -> None:
    settings_file = data / SETTINGS_FILE
    try:
        async with _engines(supervisor, data) as (database_url, redis_url):
            settings = sandbox_settings(port=port, data=data, database_url=database_url, redis_url=redis_url)
            # What somebody set on purpose wins.
            settings |= {name: os.environ[name] for name in settings.keys() & os.environ.keys()}
            to_stderr("preparing the database")
            await prepare(dict(settings))
            for part in services(port=port, data=data, environment={**os.environ, "PYTHONUNBUFFERED": "1", **settings}):
                to_stderr(f"starting {part.name}")
                await supervisor.start(part)
            # Written last: other commands take it for the sign that everything is ready.
            descriptor = os.open(settings_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(settings, file)
            # The reader of our output may have gone; that is no reason to stop.
            with suppress(OSError):
                # In words that can be typed where this was started.
                option = "" if data == Path(DEFAULT_FOLDER).resolve() else f" --data {shlex.quote(str(data))}"
                print(WELCOME.format(port=port, sandbox_port=port + 1, data=data, option=option), flush=True)
            await asyncio.Event().wait()
    finally:
        settings_file.unlink(missing_ok=True)


@asynccontextmanager
async def _engines(supervisor: Supervisor, data: Path) -> AsyncIterator[tuple[str, str]]:
    """Yield the addresses of PostgreSQL and Redis: those that are set, else those of our own, embedded."""
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    async with AsyncExitStack() as stack:
        if database_url:
            await database_answers(database_url)
        if redis_url:
            await redis_answers(redis_url)
        external = database_url and redis_url
        directories = None if external else stack.enter_context(choose_directories(data, durable=True, say=to_stderr))
        stack.push_async_callback(supervisor.stop_all)
        if not database_url:
            assert directories is not None
            to_stderr("starting postgres")
            database_url = await embedded_database(supervisor, directories, durable=True)
        if not redis_url:
            assert directories is not None
            to_stderr("starting redis")
            redis_url = await embedded_redis(supervisor, directories)
        yield database_url, redis_url
