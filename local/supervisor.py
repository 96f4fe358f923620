"""Supervise processes: start, restart when they die, stop in reverse."""

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
        # A folder of the processes' ids, for a later run that finds this one killed.
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
        for name in reversed(list(self._running)):
            await self.stop(name)

    def kill_now(self) -> None:
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
        part = running.part

        def on_line(line: str) -> None:
            running.last_lines.append(line[:LONGEST_LINE])
            if part.ready_line and part.ready_line in line:
                running.printed_ready_line = True
            if not part.quiet:
                self._say(f"{part.name} | {line}")

        try:
            if part.before is not None:
                await part.before()
            running.printed_ready_line = False
            running.last_lines.clear()
            running.child = Child(part.command, on_line)
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
        if code >= 0:
            return f"ended (exit code {code})"
        try:
            return f"ended (killed by {signal.Signals(-code).name})"
        except ValueError:
            return f"ended (killed by signal {-code})"


async def _until_ready(running: _Running) -> None:
    while running.failures < ATTEMPTS_AT_START:
        # A part is ready when it answered, never because its process exists.
        is_ready = running.part.ready is None and running.printed_ready_line
        if running.child is not None and running.part.ready is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
                    is_ready = await running.part.ready()
        # It may have died while it was asked.
        if is_ready and running.child is not None:
            return
        await asyncio.sleep(POLL_INTERVAL_SECONDS)
    raise PartFailed(_failure(running, f"did not start in {ATTEMPTS_AT_START} attempts"))


def _failure(running: _Running, what: str) -> str:
    lines = "".join(f"\n  {line}" for line in running.last_lines)
    return f"{running.part.name} {what}" + (f"; its last lines:{lines}" if lines else "")
