"""Read the code blocks of a page.

A fence's first word is its language, the words after it say what is done with it; a comment that begins with ``test:``
says what a reader does by hand.
"""

import re
from dataclasses import dataclass

from sybil import Document
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer, RawFencedCodeBlockLexer

RUN = {"sh", "graphql", "json", "text"}
_FENCES = RawFencedCodeBlockLexer(re.compile(r"(?P<language>\S*)(?P<words>[^\n]*)\n"))
_BY_HAND = DirectiveInHTMLCommentLexer("test")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fence, or one thing done by hand; ``line`` is where it begins."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int


def read_blocks(page: str) -> list[Block]:
    """Return the blocks of a page in their order; a fence of a language that nothing runs is a fault of the page."""
    document = Document(page, path="page")
    regions = [(region, "words") for region in _FENCES(document)]
    regions += [(region, "arguments") for region in _BY_HAND(document)]
    blocks = []
    for region, words in sorted(regions, key=lambda found: found[0].start):
        language = region.lexemes.get("language", "by hand")
        line = page.count("\n", 0, region.start) + 1
        assert language in {*RUN, "by hand"}, f"line {line}: nothing runs {language or 'this'}"
        assert region.end < len(page), f"line {line}: a fence is not closed"
        blocks.append(
            Block(
                language=language,
                words=tuple(region.lexemes[words].split()),
                text=str(region.lexemes["source"]).strip("\n") if words == "words" else "",
                line=line,
            )
        )
    return blocks
