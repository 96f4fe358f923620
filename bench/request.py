"""Time a whole request beside a hand-written endpoint.

``python -m bench.request [--credits 2000]`` starts engines of its own and asks the application in this process, by
ASGI, as each kind of caller. The hand-written endpoint reads the body, runs the statements that ours ran, one after
the other on one connection, and writes the answer that ours gave; it checks nothing. Both are asked in turn, so that
whatever else the machine does disturbs both alike. Then each step's share of a request is printed, of the same kind of
rounds. Read the ratios and shares: the milliseconds say nothing about another machine.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.app import create_app
from api.transport import admission
from api.transport.http import endpoint
from bench.callers import WorkIssuer, headers_of_callers
from bench.filled import NOW, filled_service
from bench.unlimited import NoRateLimit
from domain.database.pool import pool
from domain.providers.oidc import Issuers

ROUNDS = 200
DOCUMENTS = {
    "member": "{ viewer { member { name } organization { name } } }",
    "25 credits": """{ viewer { organization { credits(first: 25) { edges { cursor } pageInfo { endCursor hasNextPage }
        nodes { id member { name workEmail } certification { code title level } provider completedAt expiresAt
        countsFrom countsUntil status endReason } } } } }""",
}
# Where the steps of a request are called from, and as what.
STEPS = {
    "authentication": (endpoint, "caller_of_request"),
    "reading": (endpoint, "read_request"),
    "rate limit": (admission, "take"),
    "execution": (endpoint, "execute_operation"),
}
Statements = list[tuple[str, tuple[Any, ...]]]


@dataclass(frozen=True)
class Asked:
    """A request, as ASGI servers hand it over."""

    headers: Mapping[str, str]
    body: bytes

    async def of(self, app: Any) -> bytes:
        """Send it to an application and return the answer's body."""
        status, body = await self._sent(app)
        assert status == 200, (status, body)
        return body

    async def answered(self, app: Any) -> tuple[int, Any]:
        """Send it to an application and return the answer's status and JSON."""
        status, body = await self._sent(app)
        return status, json.loads(body)

    async def _sent(self, app: Any) -> tuple[int, bytes]:
        sent: list[dict[str, Any]] = []
        body = [self.body]
        told = {"Host": "localhost:8000", "Content-Type": "application/json", **self.headers}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in told.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("localhost", 8000),
        }

        async def receive() -> dict[str, Any]:
            if not body:
                # The client stays until it has its answer.
                await asyncio.Event().wait()
            return {"type": "http.request", "body": body.pop(), "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app(scope, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def main(credits: int) -> None:
    """Fill a database, compare, and print the lines of each document and caller."""
    async with filled_service(credits) as filled:
        app, issuer = create_app(settings=filled.settings, clock=lambda: NOW), WorkIssuer()
        async with app.router.lifespan_context(app):
            issuers = Issuers(settings=filled.settings, transport=issuer.transport)
            app.state.runtime = replace(app.state.runtime, issuers=issuers)
            _say(f"medians of {ROUNDS} rounds; ratios to the hand-written endpoint, and shares of a request")
            for caller, headers in (await headers_of_callers(filled, issuer)).items():
                for name, document in DOCUMENTS.items():
                    asked = Asked(headers, json.dumps({"query": document}).encode())
                    await _compare(f"{name}, {caller}", asked, app)
            await issuers.close()


async def _compare(name: str, asked: Asked, app: Starlette) -> None:
    await asked.of(app)
    with recorded_statements() as statements:
        answer = json.loads(await asked.of(app))
    assert "errors" not in answer, answer
    limitless = Starlette(routes=app.routes)
    limitless.state.runtime = replace(app.state.runtime, rate_limit=NoRateLimit(app.state.runtime.settings))
    bare = _hand_written(statements, answer)
    ours, without, theirs = await medians(lambda: asked.of(app), lambda: asked.of(limitless), lambda: asked.of(bare))
    shares = await _shares(asked, app, answer)
    parts = "  ".join(f"{step} {share:.0%}" for step, share in shares.items())
    _say(
        f"{name:26} {len(statements)} statements  {ours * 1000:6.2f} ms  ratio {ours / theirs:5.2f}, "
        f"without rate limit {without / theirs:5.2f}   {parts}"
    )


def _hand_written(statements: Statements, answer: Any) -> Starlette:
    async def respond(request: Request) -> Response:
        await request.json()
        if statements:
            async with pool().acquire() as connection:
                for sql, arguments in statements:
                    [dict(record) for record in await connection.fetch(sql, *arguments)]
        return Response(json.dumps(answer), media_type="application/json")

    return Starlette(routes=[Route("/graphql", respond, methods=["POST"])])


@contextmanager
def recorded_statements() -> Iterator[Statements]:
    """Yield what any connection runs while the block runs."""
    run: Statements = []
    original = asyncpg.Connection._execute  # type: ignore[attr-defined]

    async def recording(self: Any, query: str, arguments: Any, *more: Any, **named: Any) -> Any:
        run.append((query, tuple(arguments)))
        return await original(self, query, arguments, *more, **named)

    with patch.object(asyncpg.Connection, "_execute", recording):
        yield run


async def medians(*works: Callable[[], Awaitable[object]]) -> list[float]:
    """Return the median seconds of each work, all of them done in turn for some rounds."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for found, work in zip(times, works, strict=True):
            start = time.perf_counter()
            await work()
            found.append(time.perf_counter() - start)
    return [statistics.median(found) for found in times]


async def _shares(asked: Asked, app: Starlette, answer: Any) -> dict[str, float]:
    """Return which share of requests each step takes."""
    spent: dict[str, float] = defaultdict(float)

    def timed(step: str, work: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(*arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return await work(*arguments, **named)
            finally:
                spent[step] += time.perf_counter() - start

        return run

    patches = [patch.object(place, name, timed(step, getattr(place, name))) for step, (place, name) in STEPS.items()]
    for each in patches:
        each.start()
    start = time.perf_counter()
    for _ in range(ROUNDS):
        await asked.of(app)
    whole = time.perf_counter() - start
    for each in patches:
        each.stop()
    start = time.perf_counter()
    for _ in range(ROUNDS):
        json.dumps(answer, separators=(",", ":"))
    spent["JSON"] = time.perf_counter() - start
    spent["rest"] = whole - sum(spent.values())
    return {step: seconds / whole for step, seconds in spent.items()}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--credits", type=int, default=2_000)
    asyncio.run(main(parser.parse_args().credits))
