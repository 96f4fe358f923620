"""The command `certlink up`."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import httpx2
import pytest

from certlink.data_folder import process_identity, running_settings
from certlink.readiness import NotReady
from local.ports import check_ports_free
from local.services import secret_key
from sandbox.personas import WORK_PERSONAS

PARTS = {"postgres", "redis", "sandbox", "api", "worker"}
LAST_LINE = "Ctrl-C"


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that PostgreSQL's account can reach."""
    folder = Path(mkdtemp(prefix="certlink-tests-", dir="/tmp"))
    yield folder
    rmtree(folder)


@pytest.mark.parametrize("dies_first", ["api", "postgres"])
def test_it_runs_and_stops_leaving_nothing_whichever_part_died_first(data: Path, dies_first: str) -> None:
    port = free_port()
    with started(data, port) as running:
        assert running.stdout is not None
        assert any(LAST_LINE in line for line in running.stdout)
        pids = {file.name: int(file.read_text().split()[0]) for file in (data / "processes").iterdir()}
        settings = running_settings(data)
        sign_in_page = httpx2.get(f"http://localhost:{port}/sign-in").text

        os.kill(pids[dies_first], signal.SIGKILL)
        running.send_signal(signal.SIGTERM)
        code = running.wait(30)

    assert set(pids) == PARTS
    assert settings is not None
    assert settings["CERTLINK_PUBLIC_URL"] == f"http://localhost:{port}"
    assert all(persona.email in sign_in_page for persona in WORK_PERSONAS)
    assert code == 0
    assert [name for name, pid in pids.items() if process_identity(pid)] == []
    assert list((data / "processes").iterdir()) == []
    assert running_settings(data) is None


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0")])
def test_an_occupied_port_is_one_clear_line(data: Path, family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as other:
        other.bind((address, 0))
        other.listen(1)
        port = other.getsockname()[1]

        with started(data, port - 1) as refused:
            _, stderr = refused.communicate(timeout=30)

    assert refused.returncode == 3
    assert stderr == f"certlink: port {port} is occupied: stop what listens there, or choose another by --port\n"


def test_a_port_that_was_just_closed_is_free() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server, socket.create_connection(("127.0.0.1", port)):
        server.accept()[0].close()

    check_ports_free(port)


@pytest.mark.parametrize("port", [0, 65_536])
def test_a_port_that_does_not_exist_is_said_clearly(port: int) -> None:
    with pytest.raises(NotReady, match=f"port {port} does not exist"):
        check_ports_free(port)


def test_the_key_is_made_once_and_read_by_us_alone(data: Path) -> None:
    key = secret_key(data / "secret-key")

    assert secret_key(data / "secret-key") == key
    assert stat.S_IMODE((data / "secret-key").stat().st_mode) == 0o600


def test_without_a_running_one_there_is_no_environment(data: Path) -> None:
    (data / "environment.json").write_text("{}")

    assert running_settings(data) is None


@contextmanager
def started(data: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    """Start `certlink up`, and kill it at the end if it still runs."""
    command = [sys.executable, "-m", "certlink", "up", "--port", str(port), "--data", str(data)]
    kept = ("PATH", "HOME", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as running:
        try:
            yield running
        finally:
            running.kill()


def free_port() -> int:
    """Find a port that is free together with the next."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = int(listener.getsockname()[1])
        try:
            check_ports_free(port, port + 1)
        except NotReady:
            continue
        return port
