"""How does a file reach a client whole, or visibly not at all?

An answer of unknown length ends with a mark of its own. Whatever fails on the way, that mark is not sent and the
connection is cut, so that no client takes a part for the whole.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from starlette.types import Message, Receive, Send

from api.exports.formats import Format
from domain.queries.skills_report import SkillsReport


@dataclass(frozen=True, slots=True)
class Chunk:
    """So many rows as they are written."""

    data: bytes
    rows: int


async def chunks(report: SkillsReport, form: Format) -> AsyncGenerator[Chunk, None]:
    """Yield a report chunk by chunk; there is always a first one, and by then the database has answered."""
    head = form.head
    async with aclosing(report.batches()) as batches:
        async for rows, contributions in batches:
            yield Chunk(head + form.encoded(rows, contributions), len(rows))
            head = b""
    yield Chunk(head, 0)


# A client that takes nothing for so long is given up: meanwhile it holds a connection to the database.
STALLED_SECONDS = 30.0


class FileResponseStream:
    """The way to the client, which knows whether anything has been sent."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.has_begun = False

    async def send_file(self, chunks: AsyncGenerator[Chunk, None], headers: Mapping[str, str]) -> None:
        """Send chunks as the file of a successful answer, and stop where the client goes away.

        The first chunk is awaited before anything is sent, so what fails until then can still be told.
        """
        async with aclosing(chunks):
            chunk: Chunk | None = await anext(chunks)
            self.has_begun = True
            await self._send(_start(headers))
            gone = asyncio.create_task(self._gone())
            try:
                while chunk is not None:
                    async with asyncio.timeout(STALLED_SECONDS):
                        await self._send({"type": "http.response.body", "body": chunk.data, "more_body": True})
                    if gone.done():
                        return
                    chunk = await anext(chunks, None)
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                gone.cancel()
                await asyncio.gather(gone, return_exceptions=True)

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _start(headers: Mapping[str, str]) -> Message:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": 200, "headers": raw}
