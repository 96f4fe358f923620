"""The embedded engines start, answer, recover and stop, whatever happened before."""

import asyncio
import os
import pwd
import signal
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import asyncpg
import pytest
from arq.connections import RedisSettings
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from tortoise.backends.base.config_generator import expand_db_url

from certlink.data_folder import is_held, process_identity
from certlink.readiness import NotReady
from local.engines import Engines, binaries, embedded_engines

# As Debian's: one program, which serves only under the name of its link.
LOOKS_AT_ITS_NAME = """[ "$1" = --version ] && exec {redis} --version
case "$0" in
*/redis-server) echo "${{0##*/}}" >> "${{0%/*}}/started"; exec {redis} "$@" ;;
*) echo "Checking RDB file $1"; exit 1 ;;
esac
"""


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that PostgreSQL's account can reach."""
    folder = Path(mkdtemp(prefix="certlink-tests-", dir="/tmp"))
    yield folder
    rmtree(folder)


@pytest.fixture
async def said() -> list[str]:
    """What people were told."""
    return []


@pytest.fixture
async def started(data: Path, said: list[str]) -> AsyncIterator[Engines]:
    """Engines of the test's own, to be killed."""
    async with embedded_engines(data, durable=False, say=said.append) as running:
        yield running


async def test_both_engines_answer_when_they_are_said_to_run(engines: Engines) -> None:
    assert await answer(engines, "SELECT 1") == 1
    assert await redis_answers(engines)


async def test_the_addresses_are_understood_by_tortoise_and_arq(engines: Engines) -> None:
    credentials = expand_db_url(engines.database_url)["credentials"]
    settings = RedisSettings.from_dsn(engines.redis_url)

    assert Path(credentials["host"], ".s.PGSQL.5432").is_socket()
    assert (credentials["user"], credentials["database"]) == ("certlink", "certlink")
    assert settings.unix_socket_path is not None
    assert Path(settings.unix_socket_path).is_socket()


async def test_text_is_unicode_and_sorted_the_same_everywhere(engines: Engines) -> None:
    assert await answer(engines, "SHOW server_encoding") == "UTF8"
    assert await answer(engines, "SELECT upper('é') || ('B' < 'a')::text") == "Étrue"


async def test_nobody_is_listened_to_over_the_network(engines: Engines) -> None:
    client: Redis = Redis.from_url(engines.redis_url, decode_responses=True)

    server = await client.info("server")
    await client.aclose()

    assert server["tcp_port"] == 0
    assert await answer(engines, "SHOW listen_addresses") == ""


@pytest.mark.parametrize("command", ["EVAL return 0", "CONFIG GET dir", "MODULE LIST", "DEBUG SLEEP 0"])
async def test_redis_refuses_what_reaches_beyond_its_data(engines: Engines, command: str) -> None:
    client: Redis = Redis.from_url(engines.redis_url)

    # Redis 7 does not even ask who sent DEBUG.
    with pytest.raises(ResponseError, match=r"no permissions|not allowed"):
        await client.execute_command(*command.split())  # type: ignore[no-untyped-call]

    await client.aclose()


async def test_postgres_never_runs_as_root(data: Path, started: Engines) -> None:
    owner = Path(f"/proc/{pid_of(data, 'postgres')}").stat().st_uid
    cluster = (data / "engines" / "postgres").stat()

    assert owner != 0
    assert cluster.st_uid == owner
    assert stat.S_IMODE(cluster.st_mode) == 0o700


async def test_a_second_start_keeps_the_data(data: Path) -> None:
    async with embedded_engines(data, say=ignore) as engines:
        await answer(engines, "CREATE TABLE kept (number int)")

    async with embedded_engines(data, say=ignore) as engines:
        assert await answer(engines, "SELECT count(*) FROM kept") == 0


async def test_nothing_is_left_behind(data: Path) -> None:
    async with embedded_engines(data, durable=False, say=ignore):
        running = {name: pid_of(data, name) for name in ("postgres", "redis")}
        sockets = (data / "engines" / "sockets").resolve()

    assert [name for name, pid in running.items() if process_identity(pid)] == []
    assert not sockets.exists()
    assert not is_held(data)


async def test_the_data_folder_is_used_by_one_at_a_time(data: Path, started: Engines) -> None:
    with pytest.raises(NotReady, match=f"{data} is in use by another certlink \\(process {os.getpid()}\\)"):
        async with embedded_engines(data, say=ignore):
            pass

    assert is_held(data)


@pytest.mark.parametrize("name", ["postgres", "redis"])
async def test_an_engine_that_is_killed_comes_back(data: Path, started: Engines, said: list[str], name: str) -> None:
    killed = pid_of(data, name)

    os.kill(killed, signal.SIGKILL)

    await until_answering(started)
    assert pid_of(data, name) != killed
    assert said == [f"{name} ended (killed by SIGKILL); starting it again in 0.2 s"]


async def test_redis_can_be_taken_away_and_brought_back(started: Engines) -> None:
    await started.supervisor.stop("redis")
    away = not await redis_answers(started)
    await started.supervisor.restart("redis")

    assert away
    assert await redis_answers(started)


async def test_the_database_can_be_taken_away_and_brought_back(started: Engines) -> None:
    await answer(started, "CREATE TABLE kept (number int)")

    await started.supervisor.stop("postgres")
    await started.supervisor.restart("postgres")

    assert await answer(started, "SELECT count(*) FROM kept") == 0


async def test_a_path_too_long_for_a_socket_gets_a_short_folder_for_it(data: Path) -> None:
    long = data / ("x" * 100)

    async with embedded_engines(long, durable=False, say=ignore) as engines:
        sockets = (long / "engines" / "sockets").resolve()
        assert await answer(engines, "SELECT 1") == 1

    assert len(str(sockets)) < len(str(long))
    assert not sockets.exists()


async def test_a_path_with_blanks_quotes_and_commas_is_no_obstacle(data: Path) -> None:
    async with embedded_engines(data / 'a "b", ü', durable=False, say=ignore) as engines:
        assert await answer(engines, "SELECT 1") == 1
        assert await redis_answers(engines)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
async def test_below_a_closed_folder_the_files_go_elsewhere_and_it_says_where(data: Path, said: list[str]) -> None:
    closed = data / "closed"
    closed.mkdir(mode=0o700)

    async with embedded_engines(closed / "data", durable=False, say=said.append) as engines:
        elsewhere = (closed / "data" / "engines").readlink()
        assert await answer(engines, "SELECT 1") == 1

    assert said == [f"{closed}/data cannot hold PostgreSQL's files as its account needs them: they are in {elsewhere}"]
    assert not elsewhere.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
async def test_programs_that_postgres_account_cannot_reach_are_copied(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = data / "closed"
    closed.mkdir(mode=0o700)
    hidden = binaries.copy_postgres(binaries.postgres_folder(), closed)
    monkeypatch.setattr("local.engines.postgres.postgres_folder", lambda: hidden)

    async with embedded_engines(data / "open", durable=False, say=ignore) as engines:
        assert await answer(engines, "SELECT 1") == 1


async def test_half_a_cluster_is_made_anew(data: Path) -> None:
    half = data / "engines" / "postgres.half-0"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")

    async with embedded_engines(data, durable=False, say=ignore) as engines:
        assert await answer(engines, "SELECT 1") == 1

    assert not half.exists()


@pytest.mark.parametrize("pid", [1, os.getpid()], ids=["the first process", "this process"])
async def test_a_lock_file_that_names_a_foreign_process_is_no_obstacle(data: Path, pid: int) -> None:
    async with embedded_engines(data, say=ignore):
        lock = data / "engines" / "postgres" / "postmaster.pid"
        words = lock.read_text().splitlines()
    lock.write_text("\n".join([str(pid), *words[1:]]))

    async with embedded_engines(data, say=ignore) as engines:
        assert await answer(engines, "SELECT 1") == 1


async def test_a_foreign_folder_is_never_taken_for_a_cluster(data: Path) -> None:
    foreign = data / "engines" / "postgres"
    foreign.mkdir(parents=True, mode=0o700)
    if os.geteuid() == 0:
        os.chown(foreign, pwd.getpwnam("nobody").pw_uid, -1)
    (foreign / "precious").write_text("data")

    with pytest.raises(NotReady, match="is not a PostgreSQL cluster"):
        async with embedded_engines(data, say=ignore):
            pass

    assert (foreign / "precious").read_text() == "data"


async def test_a_missing_postgres_is_one_clear_line(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "POSTGRES_WHEEL", "no-such-wheel")

    with pytest.raises(NotReady, match=r"no embedded PostgreSQL for this machine .*: set DATABASE_URL"):
        async with embedded_engines(data, say=ignore):
            pass


def test_a_missing_redis_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "REDIS_WHEEL", "no-such-wheel")
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(NotReady, match="install valkey-server or redis-server"):
        binaries.redis_server()


async def test_the_redis_of_the_wheel_comes_before_one_on_path(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(tmp_path / "valkey-server", "echo 'Server v=99.0.0 sha=0'")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    async with embedded_engines(data, durable=False, say=ignore) as engines:
        client: Redis = Redis.from_url(engines.redis_url, decode_responses=True)
        server = await client.info("server")
        await client.aclose()

    assert (server["server_name"], server["valkey_version"].partition(".")[0]) == ("valkey", "9")


def test_without_the_wheel_one_on_path_is_taken_unless_it_is_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "REDIS_WHEEL", "no-such-wheel")
    write_program(tmp_path / "valkey-server", "echo 'Server v=5.0.14 sha=0'")
    write_program(tmp_path / "redis-server", "echo 'Redis server v=7.2.0 sha=0'")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert binaries.redis_server() == tmp_path / "redis-server"


async def test_a_redis_that_looks_at_its_own_name_is_started_under_the_name_by_which_it_was_found(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(tmp_path / "redis-check-rdb", LOOKS_AT_ITS_NAME.format(redis=binaries.redis_server()))
    (tmp_path / "redis-server").symlink_to("redis-check-rdb")
    monkeypatch.setattr(binaries, "REDIS_WHEEL", "no-such-wheel")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    async with embedded_engines(data, durable=False, say=ignore) as engines:
        assert await redis_answers(engines)
    assert (tmp_path / "started").read_text().split() == ["redis-server"]


def write_program(path: Path, script: str) -> None:
    """Write a shell script that can be run."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def ignore(line: str) -> None:
    """Tell nobody."""


def pid_of(data: Path, name: str) -> int:
    """Read the process id of a part."""
    return int((data / "processes" / name).read_text().split()[0])


async def answer(engines: Engines, sql: str) -> object:
    """Ask the database."""
    connection = await asyncpg.connect(engines.database_url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def redis_answers(engines: Engines) -> bool:
    """Ask Redis whether it is there."""
    client: Redis = Redis.from_url(engines.redis_url)
    try:
        return bool(await client.ping())
    except (OSError, RedisError):
        return False
    finally:
        await client.aclose()


async def until_answering(engines: Engines) -> None:
    """Wait until both engines answer, ten seconds at most."""
    async with asyncio.timeout(10):
        while True:
            await asyncio.sleep(0.1)
            try:
                if await redis_answers(engines) and await answer(engines, "SELECT 1") == 1:
                    return
            except (OSError, asyncpg.PostgresError):
                pass
