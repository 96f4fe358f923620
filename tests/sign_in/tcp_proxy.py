"""A proxy between certlink and the issuers that can fail."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

import httpx2
from typing_extensions import override

Lie = Callable[[httpx2.Response], httpx2.Response]


class Death(BaseException):
    """The process ends here: nothing of ours may catch it."""


class Line(httpx2.AsyncBaseTransport):
    """A line that remembers what was asked, and that can be cut, held up, lied on, or be the end of a process.

    Places are endings of paths, such as ``/token``.
    """

    def __init__(self, other_end: httpx2.AsyncBaseTransport) -> None:
        self._other_end = other_end
        self.asked: list[str] = []
        self.cut: set[str] = set()
        self.lies: dict[str, Lie] = {}
        self.deaths_before: set[str] = set()
        self.deaths_after: set[str] = set()
        self.held: dict[str, asyncio.Event] = {}
        self.reached: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass a request on, if nothing happens to it."""
        place = request.url.path
        self.asked.append(place)
        if _is_among(place, self.deaths_before):
            raise Death
        if _is_among(place, self.cut):
            raise httpx2.ConnectError("the line is cut", request=request)
        answer = await self._other_end.handle_async_request(request)
        if _is_among(place, self.deaths_after):
            raise Death
        for ending, lie in self.lies.items():
            if place.endswith(ending):
                await answer.aread()
                answer = lie(answer)
        for ending, released in self.held.items():
            if place.endswith(ending):
                self.reached[ending].set()
                await released.wait()
        return answer

    def count(self, ending: str) -> int:
        """Return how often a place was asked."""
        return sum(place.endswith(ending) for place in self.asked)

    def hold(self, ending: str) -> asyncio.Event:
        """Keep answers of a place back until the returned event is set."""
        self.held[ending] = asyncio.Event()
        return self.held[ending]

    def lie(self, ending: str, body: bytes | str, *, status: int = 200) -> None:
        """Let a place answer with this JSON text instead of its own."""
        content = body.encode() if isinstance(body, str) else body
        headers = {"content-type": "application/json"}
        self.lies[ending] = lambda _: httpx2.Response(status, headers=headers, content=content)


def _is_among(place: str, endings: set[str]) -> bool:
    return any(place.endswith(ending) for ending in endings)
