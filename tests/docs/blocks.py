"""Read the code blocks of a page.

A fence's first word says what it holds, the words after it what is done with it; a comment that begins with ``test:``
says what a reader does by hand.
"""

import re
from dataclasses import dataclass

RUN = {"sh", "graphql", "json", "text"}
_FENCE = re.compile(r"^```(\S*)(.*)$")
_BY_HAND = re.compile(r"^<!-- test: (.+) -->$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fence, or one thing done by hand; ``line`` is where it begins."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int


def read_blocks(page: str) -> list[Block]:
    """Return the blocks of a page in their order; a fence of a language that nothing runs is a fault of the page."""
    blocks: list[Block] = []
    opened: tuple[str, str, int] | None = None
    inside: list[str] = []
    for number, line in enumerate(page.splitlines(), start=1):
        fence, by_hand = _FENCE.match(line), _BY_HAND.match(line)
        if opened is not None and line == "```":
            language, words, start = opened
            text = "\n".join(inside)
            assert language in RUN, f"line {start}: nothing runs {language or 'this'}"
            blocks.append(Block(language=language, words=tuple(words.split()), text=text, line=start))
            opened, inside = None, []
        elif opened is not None:
            inside.append(line)
        elif fence:
            opened = fence[1], fence[2], number
        elif by_hand:
            blocks.append(Block(language="by hand", words=tuple(by_hand[1].split()), text="", line=number))
    assert opened is None, f"a fence is not closed: {opened}"
    return blocks
