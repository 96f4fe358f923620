"""A Redis server that accepts connections and never answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

CHUNK_BYTES = 65_536


class HangingRedis:
    """Stands before the real Redis and passes everything on until it hangs; or answers nothing, or only some words."""

    def __init__(self, redis_url: str, path: Path, *, answering: bool, words: bytes = b"") -> None:
        self.url = f"unix://{path}"
        self._behind = redis_url.removeprefix("unix://").partition("?")[0]
        self._path = path
        self._answering = answering
        self._words = words
        self._heard = False
        self._is_over = False
        self._writers: list[asyncio.StreamWriter] = []
        self._pipes: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Take connections while the block runs."""
        server = await asyncio.start_unix_server(self._take, self._path)
        try:
            yield
        finally:
            server.close()
            for pipe in self._pipes:
                pipe.cancel()
            await asyncio.gather(*self._pipes, return_exceptions=True)
            self._is_over = True
            for writer in self._writers:
                writer.transport.abort()
            # Else a connection may be collected as garbage before the loop gets round to closing it.
            await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)
            self._path.unlink(missing_ok=True)

    def hang(self) -> None:
        """Be silent from now on."""
        self._answering = False
        for pipe in self._pipes:
            pipe.cancel()

    async def is_used(self) -> bool:
        """Tell whether somebody has talked to it, and got answers if it gives any."""
        return self._heard

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        if self._is_over:
            writer.transport.abort()
            return
        writer.write(self._words)
        if not self._answering:
            self._heard = True
            return
        behind_reader, behind_writer = await asyncio.open_unix_connection(self._behind)
        self._writers.append(behind_writer)
        for source, target in ((reader, behind_writer), (behind_reader, writer)):
            self._pipes.append(asyncio.create_task(self._pass_on(source, target)))

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while chunk := await source.read(CHUNK_BYTES):
            target.write(chunk)
            # The worker polls: by then it is connected for good.
            self._heard = self._heard or b"ZRANGEBYSCORE" in chunk
        target.close()
