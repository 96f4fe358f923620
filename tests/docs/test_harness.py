"""The documentation's test harness, on wrong pages."""

from contextlib import AsyncExitStack
from typing import Any, cast

import pytest

from tests.docs.blocks import read_blocks
from tests.docs.doc_runner import DocRunner
from tests.docs.environment import Environment
from tests.docs.notation import Different, Kept

ANSWER = {"name": "Amara Osei", "ids": ["a", "b", "c"], "count": 3, "id": "bWVtOjI"}


@pytest.mark.parametrize(
    "shown",
    [
        ANSWER,
        ANSWER | {"name": "Amara…", "ids": ["a", "…"]},
        ANSWER | {"ids": ["…", "b", "…"], "count": "…"},
        ANSWER | {"id": "<member id>"},
    ],
)
def test_an_answer_that_is_shown_is_the_one(shown: dict[str, Any]) -> None:
    Kept({"member id": "bWVtOjI"}).compare(shown, ANSWER)


@pytest.mark.parametrize(
    ("shown", "path"),
    [
        (ANSWER | {"name": "Amara"}, ".name"),
        (ANSWER | {"name": "…Novak"}, ".name"),
        (ANSWER | {"ids": ["a", "b"]}, ".ids"),
        (ANSWER | {"ids": ["…", "b"]}, ".ids"),
        (ANSWER | {"ids": ["b", "…"]}, r".ids\[0\]"),
        (ANSWER | {"count": 3.0}, ".count"),
        (ANSWER | {"count": True}, ".count"),
        (ANSWER | {"id": "<other id>"}, "<other id>"),
        (ANSWER | {"more": 1}, "more"),
    ],
)
def test_an_answer_that_differs_is_told_with_its_path(shown: dict[str, Any], path: str) -> None:
    with pytest.raises(Different, match=path):
        Kept({"other id": "bWVtOjM"}).compare(shown, ANSWER)


@pytest.mark.parametrize(
    "fence", ["", "js", "json", "json variables", "text", "graphql", "graphql at KEY", "sh quietly"]
)
async def test_a_block_that_nothing_runs_fails(fence: str) -> None:
    nowhere = cast("Environment", None)

    with pytest.raises(AssertionError, match=r"line 3: .*nothing runs"):
        await DocRunner(nowhere, AsyncExitStack()).run(read_blocks(f"# Page\n\n```{fence}\n{{}}\n```\n"))
