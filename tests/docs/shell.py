"""Run the documentation's shell lines."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.docs import curl

SECONDS = 20
_END = "the-block-ends-here"


class Shell:
    """One terminal: what a block sets, later blocks have."""

    def __init__(self, process: asyncio.subprocess.Process, complaints: Path) -> None:
        self._process = process
        self._complaints = complaints

    async def run(self, lines: str) -> str:
        """Run lines and return what they print.

        Raises:
            RuntimeError: they fail; the message has what they complain about.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{lines}\nprintf '\\n%s %s\\n' {_END} $?\n".encode())
        printed: list[str] = []
        async with asyncio.timeout(SECONDS):
            while not (line := (await self._process.stdout.readline()).decode()).startswith(_END):
                if not line:
                    raise RuntimeError(f"the terminal closed: {self._complaints.read_text()}")
                printed.append(line)
        if line.split()[1] != "0":
            raise RuntimeError(f"{line.strip()}: {''.join(printed)}{self._complaints.read_text()}")
        return "".join(printed).replace("\r\n", "\n").strip("\n")

    async def value(self, name: str) -> str:
        """Return what a variable holds."""
        return await self.run(f'printf %s "${name}"')


@asynccontextmanager
async def terminal(folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Shell]:
    """Open a terminal in a folder."""
    complaints = folder / "complaints.txt"
    with complaints.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            "sh", cwd=folder, env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )  # fmt: skip
        try:
            yield Shell(process, complaints)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()


def write_curl(folder: Path) -> None:
    """Write a ``curl`` into a folder of the PATH."""
    script = folder / "curl"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -IS {Path(curl.__file__)} "$@"\n')
    script.chmod(0o755)


def write_dev(folder: Path, port: int) -> None:
    """Write the ``./dev`` of a folder: it hands its arguments to the commands of this process."""
    script = folder / "dev"
    script.write_text(
        f"#!{sys.executable} -IS\n"
        "import json, socket, sys\n"
        f"with socket.create_connection(('127.0.0.1', {port})) as line, line.makefile('rw') as talk:\n"
        "    talk.write(json.dumps(sys.argv[1:]) + '\\n')\n"
        "    talk.flush()\n"
        "    code, out, err = json.loads(talk.readline())\n"
        "sys.stdout.write(out)\n"
        "sys.stderr.write(err)\n"
        "sys.exit(code)\n"
    )
    script.chmod(0o755)
