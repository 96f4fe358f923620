"""The examples of docs/api.md."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from domain.settings import Settings
from tests.clock import FrozenClock
from tests.docs.blocks import read_blocks
from tests.docs.doc_runner import DocRunner
from tests.docs.environment import running

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


async def test_every_example_does_what_the_page_says(
    settings: Settings, clock: FrozenClock, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = read_blocks(PAGE.read_text())

    async with (
        running(settings=settings, clock=clock, folder=tmp_path, monkeypatch=monkeypatch) as environment,
        AsyncExitStack() as stack,
    ):
        runner = DocRunner(environment, stack)
        await runner.run(blocks)

    assert len(blocks) > 50
    assert runner.unplayed == []
