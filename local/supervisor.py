"""Supervise processes: start, restart when they die, stop in reverse.

A part is ready when it answered, never because its process exists.
"""

import asyncio
import contextlib
import signal
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from local.processes import Child, Command
from local.stale_processes import forget, remember

ATTEMPTS_AT_START = 3
FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 10.0
# What ran as long as this before it died is restarted after the first delay again.
STEADY_SECONDS = 30.0
POLL_INTERVAL_SECONDS = 0.05
ANSWER_TIMEOUT_SECONDS = 5.0
LAST_LINES = 12
LONGEST_LINE = 500


class PartFailed(Exception):
    """A part did not become ready; the message ends with the last lines of its last attempt."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the whole: what to run, when it is ready, how it is stopped (times in seconds).

    It is ready when `ready` returns true or, without `ready`, when it has printed `ready_line`.
    """

    name: str
    command: Command
    ready: Callable[[], Awaitable[bool]] | None = None
    ready_line: str = ""
    before: Callable[[], Awaitable[None]] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    start_timeout: float = 60.0
    stop_timeout: float = 10.0
    quiet: bool = False


@dataclass(slots=True)
class _Running:
    part: Part
    keeper: asyncio.Task[None] | None = None
    child: Child | None = None
    failures: int = 0
    printed_ready_line: bool = False
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))


class Supervisor:
    """The parts that run, by name, in the order of their first start."""

    def __init__(self, *, records: Path, say: Callable[[str], None]) -> None:
        """Keep the ids of processes in the folder `records`, and tell people through `say`, a line at a time."""
        self._records = records
        self._say = say
        self._running: dict[str, _Running] = {}
        self._kill_now = asyncio.Event()

    async def start(self, part: Part) -> None:
        """Start a part and return when it is ready; from then on it is restarted whenever it dies.

        Raises:
            PartFailed: it ended several times, or was not ready in time.
        """
        running = self._running.setdefault(part.name, _Running(part))
        running.part, running.failures = part, 0
        running.keeper = asyncio.create_task(self._keep(running))
        try:
            async with asyncio.timeout(part.start_timeout):
                await _until_ready(running)
        except TimeoutError:
            await self.stop(part.name)
            raise PartFailed(_failure(running, f"gave no answer within {part.start_timeout:g} s")) from None
        except BaseException:
            await self.stop(part.name)
            raise

    async def stop(self, name: str) -> None:
        """Stop a part; it stays stopped until it is started again."""
        running = self._running[name]
        if running.keeper is not None:
            running.keeper.cancel()
            await asyncio.wait({running.keeper})
        if running.child is not None:
            await running.child.stop(running.part.stop_signal, running.part.stop_timeout, self._kill_now)
            running.child = None
        forget(self._records, name)

    async def restart(self, name: str) -> None:
        """Start a stopped part again.

        Raises:
            PartFailed: it ended several times, or was not ready in time.
        """
        await self.start(self._running[name].part)

    async def stop_all(self) -> None:
        """Stop all parts, the last started first."""
        for name in reversed(list(self._running)):
            await self.stop(name)

    def kill_now(self) -> None:
        """Kill from now on what does not end at once."""
        self._kill_now.set()

    async def _keep(self, running: _Running) -> None:
        loop, delay = asyncio.get_running_loop(), FIRST_DELAY_SECONDS
        while True:
            began = loop.time()
            ending = await self._run_once(running)
            running.failures += 1
            if loop.time() - began > STEADY_SECONDS:
                delay = FIRST_DELAY_SECONDS
            self._say(f"{running.part.name} {ending}; starting it again in {delay:g} s")
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)

    async def _run_once(self, running: _Running) -> str:
        """Run a part until it ends, and return how it ended."""
        part = running.part
        try:
            if part.before is not None:
                await part.before()
            running.printed_ready_line = False
            running.last_lines.clear()
            running.child = Child(part.command, lambda line: self._on_line(running, line))
            remember(self._records, part.name, running.child.pid)
            code = await running.child.wait()
        except OSError as error:
            running.child = None
            running.last_lines.append(str(error))
            return f"could not be started ({error})"
        running.child = None
        # What was killed has printed no reason.
        if part.quiet and code > 0:
            for line in running.last_lines:
                self._say(f"{part.name} | {line}")
        return f"ended ({_exit_text(code)})"

    def _on_line(self, running: _Running, line: str) -> None:
        part = running.part
        running.last_lines.append(line[:LONGEST_LINE])
        if part.ready_line and part.ready_line in line:
            running.printed_ready_line = True
        if not part.quiet:
            self._say(f"{part.name} | {line}")


async def _until_ready(running: _Running) -> None:
    while running.failures < ATTEMPTS_AT_START:
        # It may die while it is asked.
        if running.child is not None and await _is_ready(running) and running.child is not None:
            return
        await asyncio.sleep(POLL_INTERVAL_SECONDS)
    raise PartFailed(_failure(running, f"did not start in {ATTEMPTS_AT_START} attempts"))


async def _is_ready(running: _Running) -> bool:
    if running.part.ready is None:
        return running.printed_ready_line
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
            return await running.part.ready()
    return False


def _failure(running: _Running, what: str) -> str:
    lines = "".join(f"\n  {line}" for line in running.last_lines)
    return f"{running.part.name} {what}" + (f"; its last lines:{lines}" if lines else "")


def _exit_text(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
