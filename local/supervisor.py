"""How do several processes run as one: started in order, started again when they die, stopped in the opposite order?

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
STEADY_SECONDS = 30.0
POLL_INTERVAL_SECONDS = 0.05
ANSWER_SECONDS = 5.0
LAST_WORDS = 12
LONGEST_WORD = 500


class PartFailed(Exception):
    """A part did not become ready; the message ends with the last words of its last attempt."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the whole: what to run, when it is ready, how it is asked to end (times in seconds).

    Ready is what answers, or what cannot be asked and has said `ready_words`.
    """

    name: str
    command: Command
    ready: Callable[[], Awaitable[bool]] | None = None
    ready_words: str = ""
    before: Callable[[], Awaitable[None]] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    start_patience: float = 60.0
    stop_patience: float = 10.0
    quiet: bool = False


@dataclass(slots=True)
class _Running:
    part: Part
    keeper: asyncio.Task[None] | None = None
    child: Child | None = None
    failures: int = 0
    spoken: bool = False
    words: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_WORDS))


class Supervisor:
    """The parts that run, by name, in the order of their first start."""

    def __init__(self, *, records: Path, say: Callable[[str], None]) -> None:
        """Keep the ids of processes in the folder `records` and tell people through `say`, a line at a time."""
        self._records = records
        self._say = say
        self._running: dict[str, _Running] = {}
        self._hurry = asyncio.Event()

    async def start(self, part: Part) -> None:
        """Start a part and return when it answers; from then on it is started again whenever it dies.

        Raises: PartFailed.
        """
        running = self._running.setdefault(part.name, _Running(part))
        running.part, running.failures = part, 0
        running.keeper = asyncio.create_task(self._keep(running))
        try:
            async with asyncio.timeout(part.start_patience):
                await self._until_ready(running)
        except TimeoutError:
            await self.stop(part.name)
            raise PartFailed(_failure(running, f"gave no answer within {part.start_patience:g} s")) from None
        except BaseException:
            await self.stop(part.name)
            raise

    async def stop(self, name: str) -> None:
        """Stop a part, so that it stays stopped until it is started again."""
        running = self._running[name]
        if running.keeper is not None:
            running.keeper.cancel()
            await asyncio.wait({running.keeper})
        if running.child is not None:
            await running.child.stop(running.part.stop_signal, running.part.stop_patience, self._hurry)
            running.child = None
        forget(self._records, name)

    async def restart(self, name: str) -> None:
        """Start a stopped part again."""
        await self.start(self._running[name].part)

    async def stop_all(self) -> None:
        """Stop all parts, the last started first."""
        for name in reversed(list(self._running)):
            await self.stop(name)

    def hurry(self) -> None:
        """Kill what does not end at once: somebody asked twice."""
        self._hurry.set()

    def pid(self, name: str) -> int | None:
        """Give the process id of a part that runs."""
        running = self._running.get(name)
        return running.child.pid if running and running.child else None

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
        try:
            if part.before is not None:
                await part.before()
            running.spoken = False
            running.words.clear()
            running.child = Child(part.command, lambda line: self._heard(running, line))
            remember(self._records, part.name, running.child.pid)
            code = await running.child.wait()
        except OSError as error:
            code, running.child = -1, None
            running.words.append(str(error))
            return f"could not be started ({error})"
        running.child = None
        # Who was killed did not know why.
        if part.quiet and code > 0:
            for line in running.words:
                self._say(f"{part.name} | {line}")
        return f"ended ({_named(code)})"

    def _heard(self, running: _Running, line: str) -> None:
        running.words.append(line[:LONGEST_WORD])
        if running.part.ready_words and running.part.ready_words in line:
            running.spoken = True
        if not running.part.quiet:
            self._say(f"{running.part.name} | {line}")

    async def _until_ready(self, running: _Running) -> None:
        while running.failures < ATTEMPTS_AT_START:
            if running.child is not None and await _is_ready(running) and running.child is not None:
                return
            await asyncio.sleep(POLL_INTERVAL_SECONDS)
        raise PartFailed(_failure(running, f"did not start in {ATTEMPTS_AT_START} attempts"))


async def _is_ready(running: _Running) -> bool:
    if running.part.ready is None:
        return running.spoken
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS):
            return await running.part.ready()
    return False


def _failure(running: _Running, what: str) -> str:
    words = "".join(f"\n  {line}" for line in running.words)
    return f"{running.part.name} {what}" + (f"; its last words:{words}" if words else "")


def _named(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
