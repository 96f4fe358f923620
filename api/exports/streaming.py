"""Stream a file in chunks, whole or visibly broken."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from starlette.types import Receive, Send

from api.exports.formats import Format
from api.transport.http.disconnect import client_gone
from domain.queries.skills_report import SkillsReport


@dataclass(frozen=True, slots=True)
class Chunk:
    data: bytes
    rows: int


async def chunks(report: SkillsReport, form: Format) -> AsyncGenerator[Chunk, None]:
    """Yield a report chunk by chunk; with the first one the database has answered."""
    head = form.head
    async with aclosing(report.batches()) as batches:
        async for rows, contributions in batches:
            yield Chunk(head + form.encoded(rows, contributions), len(rows))
            head = b""
    yield Chunk(head, 0)


# A client that reads nothing holds a connection to the database meanwhile.
STALLED_SECONDS = 30.0


class FileResponseStream:
    """Sends a file to a client, and knows whether anything has been sent."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.has_begun = False

    async def send_file(self, chunks: AsyncGenerator[Chunk, None], headers: Mapping[str, str]) -> None:
        """Send chunks as a successful answer, and stop when the client goes away."""
        async with aclosing(chunks):
            # Before anything is sent: what fails here can still be answered with an error.
            chunk: Chunk | None = await anext(chunks)
            self.has_begun = True
            raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
            await self._send({"type": "http.response.start", "status": 200, "headers": raw})
            disconnected = asyncio.create_task(client_gone(self._receive))
            try:
                while chunk is not None:
                    async with asyncio.timeout(STALLED_SECONDS):
                        await self._send({"type": "http.response.body", "body": chunk.data, "more_body": True})
                    if disconnected.done():
                        return
                    chunk = await anext(chunks, None)
                # An answer of unknown length has a final chunk. Where anything fails before, the connection is cut
                # without it, so that no client takes a part for the whole.
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                disconnected.cancel()
                await asyncio.gather(disconnected, return_exceptions=True)
