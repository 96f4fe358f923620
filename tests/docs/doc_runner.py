"""Run the examples of a page in their order."""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx2

from tests.api.serving import Socket, socket_to
from tests.docs.blocks import Block
from tests.docs.environment import Environment
from tests.docs.notation import Different, Kept


class DocRunner:
    """One reader, who does everything in its order."""

    def __init__(self, environment: Environment, stack: AsyncExitStack) -> None:
        self._environment = environment
        self._stack = stack
        self._kept = Kept()
        self._socket: Socket | None = None
        self._asked: Block | None = None
        self.unplayed: list[Block] = []

    async def run(self, blocks: list[Block]) -> None:
        """Run every block and hold what comes back against what is shown.

        Raises:
            AssertionError: a block fails or answers otherwise; the message says in which line.
        """
        self.unplayed = list(blocks)
        while self.unplayed:
            block = self.unplayed.pop(0)
            try:
                await self._step(block)
            except (Different, RuntimeError, KeyError, TimeoutError, httpx2.HTTPError, json.JSONDecodeError) as error:
                raise AssertionError(f"line {block.line}: {type(error).__name__}: {error}") from error

    async def _step(self, block: Block) -> None:
        steps: dict[tuple[str, str], Callable[[Block], Awaitable[None]]] = {
            ("sh", ""): self._run_lines,
            ("graphql", "as"): self._ask,
            ("json", "variables"): self._ask_again,
            ("json", "sent"): self._send,
            ("json", "received"): self._hear,
            ("by hand", "link"): self._link,
            ("by hand", "sign-in"): self._sign_in,
            ("by hand", "worker"): self._work,
        }
        step = steps.get((block.language, block.words[0] if block.words else ""))
        if step is None:
            raise Different(f"nothing runs this {block.language} block: what does it belong to?")
        await step(block)

    async def _run_lines(self, block: Block) -> None:
        printed = self._environment.there(
            await self._environment.shell.run(self._environment.here(self._kept.filled(block.text)))
        )
        for shown in self._next("text"):
            self._kept.compare_text(shown.text, printed, "the output")
        for shown in self._next("json"):
            self._compare(shown, json.loads(printed))

    async def _ask(self, block: Block) -> None:
        """Send the document, as whom the second word says; a third word, ``twice``, sends it once more."""
        self._asked = block
        await self._ask_with([*self._next("json", "variables")])

    async def _ask_again(self, variables: Block) -> None:
        """Send the document before with other variables."""
        await self._ask_with([variables])

    async def _ask_with(self, variables: list[Block]) -> None:
        if self._asked is None:
            raise Different("nothing runs this: there is no document before it")
        _, caller, *often = self._asked.words
        headers = {}
        if caller != "nobody":
            headers["Authorization"] = f"Bearer {await self._environment.shell.value(caller)}"
        body: dict[str, Any] = {"query": self._asked.text}
        for block in variables:
            body["variables"] = json.loads(self._kept.filled(block.text))
        shown = next(self._next("json"), None)
        if shown is None:
            raise Different("no answer is shown")
        async with httpx2.AsyncClient(trust_env=False) as client:
            for _ in range(2 if often == ["twice"] else 1):
                answer = await client.post(f"http://{self._environment.address}/graphql", json=body, headers=headers)
                self._compare(shown, json.loads(self._environment.there(answer.text)))

    async def _send(self, block: Block) -> None:
        """Send messages; an introduction opens a websocket. The words name variables whose values take their places."""
        filled = self._kept.filled(block.text)
        for variable in block.words[1:]:
            filled = filled.replace(f"${variable}", await self._environment.shell.value(variable))
        for message in _messages(filled):
            if message["type"] == "connection_init":
                address = self._environment.address.replace("localhost", "127.0.0.1")
                self._socket = await self._stack.enter_async_context(socket_to(address))
            assert self._socket is not None
            await self._socket.say(message)
            if message["type"] == "subscribe":
                await self._environment.until_followed()

    async def _hear(self, block: Block) -> None:
        """Hear every message shown; between two of an operation's, others of the same operation may come."""
        assert self._socket is not None
        for shown in _messages(block.text):
            while True:
                message = json.loads(self._environment.there(json.dumps(await self._socket.hear())))
                if message["type"] == "next":
                    message["payload"].pop("extensions", None)
                try:
                    self._kept.compare(shown, message)
                    break
                except Different:
                    if message["type"] != "next":
                        raise

    async def _link(self, block: Block) -> None:
        _, email, persona, account = block.words
        await self._environment.link_on_the_pages(email, persona, account)

    async def _sign_in(self, block: Block) -> None:
        account = block.words[1]
        await self._environment.sign_in_at(self._environment.here(self._kept["authorization address"]), account)

    async def _work(self, _: Block) -> None:
        await self._environment.work()

    def _compare(self, shown: Block, answer: Any) -> None:
        expected = json.loads(shown.text)
        if isinstance(answer, dict) and "extensions" not in expected:
            answer.pop("extensions", None)
        try:
            self._kept.compare(expected, answer)
        except Different as different:
            whole = json.dumps(answer, indent=2, ensure_ascii=False)
            raise Different(f"{different}; shown in line {shown.line}; the whole answer is\n{whole}") from None

    def _next(self, language: str, *words: str) -> Iterator[Block]:
        """Take the next block if it is of a kind that belongs to the present one."""
        if self.unplayed and (self.unplayed[0].language, self.unplayed[0].words) == (language, words):
            yield self.unplayed.pop(0)


def _messages(text: str) -> Iterator[Any]:
    """Return the JSON values that stand one after the other in a text."""
    while text:
        message, end = json.JSONDecoder().raw_decode(text)
        yield message
        text = text[end:].strip()
