"""The sandbox as a process."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).parents[2]


@contextmanager
def running(data: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CERTLINK_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(data)],
        cwd=ROOT,
        env=inherited | environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def test_it_serves_and_stops_cleanly_and_logs_no_code_or_state(data: Path, port: int) -> None:
    with running(data, port, CERTLINK_SANDBOX="true") as process:
        base_url = f"http://localhost:{port}"
        _wait_until_healthy(f"http://127.0.0.1:{port}", process)
        discovery = httpx2.get(f"http://127.0.0.1:{port}/microsoft-learn/.well-known/openid-configuration").json()
        httpx2.get(f"http://127.0.0.1:{port}/microsoft-learn/authorize?state=very-secret&code=very-secret")

        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)

    assert discovery["issuer"] == f"{base_url}/microsoft-learn"
    assert process.returncode == 0
    assert said == f"Sandbox at {base_url}, data in {data}.\n"


@pytest.mark.parametrize("environment", [{}, {"CERTLINK_SANDBOX": "false"}, {"CERTLINK_SANDBOX": ""}])
def test_it_refuses_to_start_outside_sandbox_mode(tmp_path: Path, port: int, environment: dict[str, str]) -> None:
    with running(tmp_path / "data", port, **environment) as process:
        _, said = process.communicate(timeout=10)

    assert process.returncode == 2
    assert said.count("\n") == 1
    assert "CERTLINK_SANDBOX=true" in said
    assert not (tmp_path / "data").exists()


def test_it_says_that_the_port_is_occupied(tmp_path: Path, port: int) -> None:
    with (
        closing(socket.create_server(("127.0.0.1", port))),
        running(tmp_path / "data", port, CERTLINK_SANDBOX="true") as process,
    ):
        _, said = process.communicate(timeout=10)

    assert process.returncode == 3
    assert said.count("\n") == 1
    assert f"127.0.0.1:{port}" in said
    assert not (tmp_path / "data").exists()


def test_it_says_that_the_data_folder_is_not_one(tmp_path: Path, port: int) -> None:
    (tmp_path / "data").write_text("")

    with running(tmp_path / "data", port, CERTLINK_SANDBOX="true") as process:
        _, said = process.communicate(timeout=10)

    assert process.returncode == 3
    assert said.count("\n") == 1


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_a_port_that_is_none_is_a_wrong_call(tmp_path: Path, port: int) -> None:
    with running(tmp_path / "data", port, CERTLINK_SANDBOX="true") as process:
        process.communicate(timeout=10)

    assert process.returncode == 2


def _wait_until_healthy(base_url: str, process: subprocess.Popen[str]) -> None:
    for _ in range(200):
        assert process.poll() is None
        try:
            if httpx2.get(f"{base_url}/healthz").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError("The sandbox did not get ready.")
