"""The demo: the whole story, from linking to removal, step by step."""

import asyncio
import json
import sys

from certlink.readiness import DONE, FAILED
from local.demo.service import temporary_service
from local.demo.story import StepFailed, Story

NAMES = ("attempt", "pending", "counting", "movedFrom", "refusedCode", "nextAvailableAt", "endedByRemoval", "seconds")


async def demo(*, as_json: bool) -> int:
    """Run the story in a temporary folder over HTTP, and return 0 only if every step held."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    # With --json the story is progress and goes to stderr; the object alone is on stdout.
    out = sys.stderr if as_json else sys.stdout

    def tell(sentence: str) -> None:
        print(f"{loop.time() - started:6.1f} s  {sentence}", file=out, flush=True)

    held, outcome = True, {}
    try:
        tell("starting everything in a temporary folder")
        async with temporary_service() as service:
            story = Story(service, tell)
            outcome = story.outcome
            await story.run()
    except (StepFailed, RuntimeError, TimeoutError, OSError) as error:
        held = False
        tell(f"NOT SO: {str(error) or type(error).__name__}")
    outcome["seconds"] = round(loop.time() - started, 1)
    tell("the story held" if held else "the story did not hold")
    if as_json:
        print(json.dumps({name: outcome.get(name) for name in NAMES}))
    return DONE if held else FAILED
