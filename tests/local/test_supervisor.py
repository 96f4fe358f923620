"""The supervisor of the local stack."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from certlink.data_folder import process_identity
from local.processes import Child, Command
from local.stale_processes import end_stale_processes, remember
from local.supervisor import Part, PartFailed, Supervisor

STAYS = "import time; print('here', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)"


@pytest.fixture
async def said() -> list[str]:
    """What people were told."""
    return []


@pytest.fixture
async def supervisor(tmp_path: Path, said: list[str]) -> AsyncIterator[Supervisor]:
    """A supervisor whose parts are gone after the test."""
    started = Supervisor(records=tmp_path / "processes", say=said.append)
    yield started
    started.kill_now()
    await started.stop_all()


async def test_a_part_has_started_when_it_is_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    answers: list[bool] = [False, False, True]

    async def ready() -> bool:
        return answers.pop(0)

    await supervisor.start(Part(name="api", command=python(STAYS), ready=ready))

    assert answers == []
    assert alive(pid_of(tmp_path, "api"))


async def test_what_cannot_be_asked_is_ready_when_it_says_so(supervisor: Supervisor, said: list[str]) -> None:
    await supervisor.start(
        part("worker", "import time; time.sleep(0.2); print('all here', flush=True); time.sleep(60)")
    )

    assert said == ["worker | all here"]


async def test_a_part_that_dies_is_started_again_and_one_line_says_so(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    await supervisor.start(part("worker", STAYS))
    first = pid_of(tmp_path, "worker")
    assert first is not None

    os.kill(first, signal.SIGKILL)
    await until(lambda: said.count("worker | here") == 2)

    assert said[1] == "worker ended (killed by SIGKILL); starting it again in 0.2 s"
    assert pid_of(tmp_path, "worker") != first


async def test_the_pauses_grow_while_it_keeps_dying(supervisor: Supervisor, said: list[str]) -> None:
    with pytest.raises(PartFailed):
        await supervisor.start(part("api", "raise SystemExit(7)"))

    pauses = [line.rpartition(" in ")[2] for line in said if "starting it again" in line]
    assert pauses == ["0.2 s", "0.4 s", "0.8 s"]


async def test_what_never_starts_fails_with_its_last_lines(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(PartFailed, match=r"api did not start in 3 attempts; its last lines:\n  no such setting"):
        await supervisor.start(part("api", "raise SystemExit('no such setting')"))

    assert pid_of(tmp_path, "api") is None


async def test_the_last_lines_are_those_of_the_last_attempt_alone(supervisor: Supervisor) -> None:
    with pytest.raises(PartFailed) as failed:
        await supervisor.start(part("api", "import os; raise SystemExit(f'process {os.getpid()}')"))

    assert str(failed.value).count("\n  process ") == 1


async def test_what_never_answers_fails_and_is_stopped(supervisor: Supervisor, tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    with pytest.raises(PartFailed, match=r"api gave no answer within 0\.3 s"):
        await supervisor.start(Part(name="api", command=python(STAYS), ready=never, start_timeout=0.3))

    assert list((tmp_path / "processes").iterdir()) == []


async def test_a_program_that_does_not_exist_is_said_clearly(supervisor: Supervisor) -> None:
    missing = Part(name="api", command=Command(("/no/such/program",), {}), ready_line="here")

    with pytest.raises(PartFailed, match=r"cannot run /no/such/program: .*No such file"):
        await supervisor.start(missing)


async def test_parts_stop_in_the_opposite_order(supervisor: Supervisor, said: list[str]) -> None:
    farewell = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye', flush=True)))\n"
        "print('here', flush=True)\n"
        "time.sleep(60)"
    )
    for name in ("postgres", "api", "worker"):
        await supervisor.start(part(name, farewell))
    said.clear()

    await supervisor.stop_all()

    assert said == ["worker | bye", "api | bye", "postgres | bye"]


async def test_a_part_that_is_being_started_again_is_stopped_for_good(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    await supervisor.start(part("worker", STAYS))
    first = pid_of(tmp_path, "worker")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: "starting it again" in said[-1])

    await supervisor.stop_all()
    await asyncio.sleep(0.4)

    assert pid_of(tmp_path, "worker") is None
    assert said.count("worker | here") == 1


async def test_whoever_does_not_listen_is_killed_after_a_while(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.start(part("api", DEAF, stop_timeout=0.2))
    deaf = pid_of(tmp_path, "api")

    await supervisor.stop("api")

    assert not alive(deaf)


async def test_asking_twice_kills_at_once(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.start(part("api", DEAF, stop_timeout=60))
    deaf = pid_of(tmp_path, "api")

    stopping = asyncio.create_task(supervisor.stop_all())
    await asyncio.sleep(0.1)
    supervisor.kill_now()
    await asyncio.wait_for(stopping, 2)

    assert not alive(deaf)


async def test_children_of_a_part_go_with_it(supervisor: Supervisor, said: list[str]) -> None:
    parent = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print('here', child.pid, flush=True)\n"
        "time.sleep(60)"
    )
    await supervisor.start(part("api", parent))
    grandchild = int(said[-1].rpartition(" ")[2])

    await supervisor.stop_all()

    await until(lambda: not alive(grandchild))


async def test_long_lines_and_bytes_that_are_no_text_pass(supervisor: Supervisor, said: list[str]) -> None:
    speech = "import sys, time; sys.stdout.buffer.write(b'x' * 300_000 + b'\\n\\xff here\\n'); time.sleep(60)"

    await supervisor.start(part("api", speech))

    assert sum(line.count("x") for line in said) == 300_000
    assert said[-1] == "api | \N{REPLACEMENT CHARACTER} here"


def test_children_die_with_a_supervisor_that_is_killed() -> None:
    script = (
        "import asyncio, pathlib, sys, tempfile\n"
        "from local.processes import Command\n"
        "from local.supervisor import Part, Supervisor\n"
        "async def main():\n"
        "    records = pathlib.Path(tempfile.mkdtemp())\n"
        "    supervisor = Supervisor(records=records, say=lambda line: None)\n"
        f"    command = Command((sys.executable, '-c', {STAYS!r}), {{}})\n"
        "    await supervisor.start(Part(name='api', command=command, ready_line='here'))\n"
        "    print((records / 'api').read_text().split()[0], flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as supervising:
        assert supervising.stdout is not None
        child = int(supervising.stdout.readline())

        supervising.kill()
        supervising.wait()

    for _ in range(50):
        if not alive(child):
            break
        signal.sigtimedwait((), 0.1)
    assert not alive(child)


async def test_leftovers_of_a_killed_run_are_ended_at_the_next_start(tmp_path: Path, said: list[str]) -> None:
    left = Child(python(STAYS), said.append)
    remember(tmp_path, "api", left.pid)

    await end_stale_processes(tmp_path, said.append)

    assert await left.wait() != 0
    assert f"ending api, left over from an earlier run (process {left.pid})" in said
    assert list(tmp_path.iterdir()) == []


async def test_a_foreign_process_that_got_the_same_id_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "api").write_text(f"{os.getpid()} another boot 1")
    (tmp_path / "worker").write_text("")

    await end_stale_processes(tmp_path, said.append)

    assert said == []
    assert list(tmp_path.iterdir()) == []


def test_a_zombie_counts_as_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)

        assert process_identity(ended.pid) is None


def python(code: str) -> Command:
    """Run a few lines of Python."""
    return Command((sys.executable, "-u", "-c", code), {})


def part(name: str, code: str, stop_timeout: float = 5) -> Part:
    """Describe a part that is ready when it says that it is here."""
    return Part(name=name, command=python(code), ready_line="here", stop_timeout=stop_timeout)


def pid_of(folder: Path, name: str) -> int | None:
    """Read the process id of a part from its record, if there is one."""
    record = folder / "processes" / name
    return int(record.read_text().split()[0]) if record.exists() else None


def alive(pid: int | None) -> bool:
    """Tell whether a process lives."""
    return pid is not None and process_identity(pid) is not None


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, ten seconds at most."""
    async with asyncio.timeout(10):
        while True:
            if holds():
                return
            await asyncio.sleep(0.02)
