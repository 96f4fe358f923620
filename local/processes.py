"""Start a child process, read its output, end its group."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAUNCHER = Path(__file__).with_name("launcher.py")
# Some Pythons, and so the launcher, do not start without these.
LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
LONGEST_LINE = 65_536
LAST_LINES_SECONDS = 0.5

# The children that a thread waits for: the subreaper must not reap them.
living_children: set[int] = set()


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    user: int
    group: int


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: an absolute program, its arguments and its whole environment.

    The kernel sends `orphan_signal` when this process ends first.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    account: Account | None = None
    orphan_signal: signal.Signals = signal.SIGKILL


class Child:
    """A running command, in a session and process group of its own."""

    def __init__(self, command: Command, on_line: Callable[[str], None]) -> None:
        # Not asyncio's own subprocess: a cancellation could come between the process and its handle.
        self._loop = asyncio.get_running_loop()
        self._exit: asyncio.Future[int] = self._loop.create_future()
        read_end, write_end = os.pipe()
        account = command.account
        drop = ("-", "-") if account is None else (str(account.user), str(account.group))
        tie = (str(int(command.orphan_signal)), str(os.getpid()))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCHER), *tie, *drop, *command.arguments],
                env={name: os.environ[name] for name in LIBRARY_PATHS if name in os.environ}
                | dict(command.environment),
                stdin=subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        living_children.add(self.pid)
        self._reader = self._loop.create_task(_read_lines(read_end, on_line))

        def watch() -> None:
            code = self._process.wait()
            living_children.discard(self.pid)
            # The loop may be closed already when the whole program is on its way out.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._exit.set_result, code)

        threading.Thread(target=watch, name=f"wait-{self.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._exit.done()

    async def wait(self) -> int:
        """Wait for the end and return the exit code, negative for a signal."""
        code = await asyncio.shield(self._exit)
        # Orphans of the child may keep its output open, so the end of the output is not waited for without limit.
        await asyncio.wait({self._reader}, timeout=LAST_LINES_SECONDS)
        self._reader.cancel()
        return code

    async def stop(self, stop_signal: signal.Signals, seconds: float, kill_now: asyncio.Event) -> None:
        """Ask it to end; after so many seconds, or at once when the event is set, kill its whole group."""
        killing = self._loop.create_task(kill_now.wait())
        try:
            if not self.ended:
                self._process.send_signal(stop_signal)
                either: set[asyncio.Future[Any]] = {self._exit, killing}
                await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            killing.cancel()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        await self.wait()


async def run(command: Command) -> tuple[int, str]:
    """Run a command to its end and return its exit code and what it wrote."""
    lines: list[str] = []
    child = Child(command, lines.append)
    try:
        code = await child.wait()
    finally:
        if not child.ended:
            await child.stop(signal.SIGKILL, 0, asyncio.Event())
    return code, "\n".join(lines)


async def _read_lines(read_end: int, on_line: Callable[[str], None]) -> None:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(read_end, "rb")
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    rest = b""
    try:
        while chunk := await reader.read(LONGEST_LINE):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) >= LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                on_line(line.decode(errors="replace").rstrip())
    finally:
        if rest:
            on_line(rest.decode(errors="replace").rstrip())
        transport.close()
