"""The embedded PostgreSQL as a part."""

import asyncio
import contextlib
import shutil
import signal
import tempfile
from pathlib import Path

import asyncpg

from certlink.readiness import NotReady
from local.engines.binaries import copy_postgres, postgres_folder
from local.engines.directories import Directories, give, reachable
from local.processes import Command, run
from local.supervisor import Part, PartFailed

USER = "certlink"
DATABASE = "certlink"
CONNECTIONS = 200
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
# The lines of PostgreSQL's lock file, `postmaster.pid`, that say how far it is and which shared memory it has.
STATUS_LINE = 7
MEMORY_LINE = 6
ORPHANS_TIMEOUT_SECONDS = 10.0
POLL_INTERVAL_SECONDS = 0.02
# For tests, whose data a crash may lose.
LOSABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def database_url(directories: Directories, database: str = DATABASE) -> str:
    return f"postgres://{USER}@/{database}?host={directories.sockets}"


async def postgres_part(directories: Directories, *, durable: bool) -> Part:
    """Prepare PostgreSQL's files, once, and return the part.

    Raises:
        NotReady: there is no PostgreSQL for this machine, or its folder holds something else.
        PartFailed: its files cannot be made.
    """
    programs = postgres_folder()
    if not reachable(programs / "bin", directories.account):
        programs = await asyncio.to_thread(copy_postgres, programs, directories.folder)
    if not (directories.cluster / "PG_VERSION").exists():
        if directories.cluster.exists():
            raise NotReady(f"{directories.cluster} is not a PostgreSQL cluster: move it away")
        await _make_cluster(programs / "bin/initdb", directories, durable=durable)
    arguments = (str(programs / "bin/postgres"), "-D", str(directories.cluster))
    return Part(
        name="postgres",
        command=Command(
            arguments=(*arguments, *_options(directories, durable=durable)),
            environment=ENVIRONMENT,
            account=directories.account,
            # Its fast shutdown: it is the one part whose sudden death costs a recovery.
            orphan_signal=signal.SIGINT,
        ),
        before=lambda: _remove_lock_file(directories),
        ready=lambda: _is_ready(directories),
        stop_signal=signal.SIGINT,
        stop_timeout=20.0,
        quiet=True,
    )


async def make_database(directories: Directories) -> None:
    connection = await _connect(directories)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f'CREATE DATABASE "{DATABASE}"')
    finally:
        await connection.close()


def _options(directories: Directories, *, durable: bool) -> list[str]:
    settings = {
        # The socket alone, which only its owner can open.
        "listen_addresses": "",
        "unix_socket_directories": str(directories.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": str(CONNECTIONS),
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Statements and row values may name people.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
        **({} if durable else LOSABLE),
    }
    return [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]


async def _make_cluster(initdb: Path, directories: Directories, *, durable: bool) -> None:
    # Made beside and renamed, so that a cluster is either whole or absent. An initdb that was killed may write on for a
    # moment, so each gets a folder of its own.
    for stale in directories.folder.glob("postgres.half-*"):
        shutil.rmtree(stale, ignore_errors=True)
    half = Path(tempfile.mkdtemp(prefix="postgres.half-", dir=directories.folder))
    give(half, directories.account)
    arguments = [
        *(str(initdb), "--pgdata", str(half), "--username", USER, "--encoding", "UTF8", "--locale", "C"),
        *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        *("--auth-local", "trust", "--auth-host", "reject", "--no-instructions"),
        *(() if durable else ("--no-sync",)),
    ]
    code, output = await run(Command(tuple(arguments), ENVIRONMENT, directories.account))
    if code != 0:
        shutil.rmtree(half, ignore_errors=True)
        raise PartFailed(f"initdb failed: {output}")
    half.rename(directories.cluster)


async def _remove_lock_file(directories: Directories) -> None:
    """Wait for the orphans of a killed server, then remove its lock file."""
    # PostgreSQL itself believes a zombie, or a foreign process that got the same id, to be the server.
    lock = directories.cluster / "postmaster.pid"
    for _ in range(round(ORPHANS_TIMEOUT_SECONDS / POLL_INTERVAL_SECONDS)):
        users = _memory_users(lock)
        if users is None:
            return
        if users == 0:
            lock.unlink(missing_ok=True)
            return
        await asyncio.sleep(POLL_INTERVAL_SECONDS)


def _memory_users(lock: Path) -> int | None:
    """Count the processes attached to the shared memory that a lock file names; None where that cannot be known."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        key, identifier = lock.read_text().splitlines()[MEMORY_LINE].split()
        for row in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[:2] == [key, identifier]:
                return int(fields[6])
        return 0
    return None


async def _is_ready(directories: Directories) -> bool:
    # A connection before the lock file says "ready" would only fill the log with refusals.
    with contextlib.suppress(OSError, IndexError, asyncpg.PostgresError):
        lock = (directories.cluster / "postmaster.pid").read_text().splitlines()
        if lock[STATUS_LINE].strip() == "ready":
            connection = await _connect(directories)
            try:
                return bool(await connection.fetchval("SELECT 1") == 1)
            finally:
                await connection.close()
    return False


async def _connect(directories: Directories) -> asyncpg.Connection:
    return await asyncpg.connect(database_url(directories, "postgres"), port=5432)
