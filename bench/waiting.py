"""How long do other requests wait while one process makes a very large answer?

``python -m bench.waiting [--credits 50000]`` asks a small question again and again, first alone and then beside each of
some questions that cost nearly as much as one operation may, and prints the longest wait beside the usual one. What
one request computes without a pause in this process, everybody else waits for.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from typing import Any

from api.app import create_app
from bench.callers import WorkIssuer, headers_of_callers
from bench.filled import NOW, filled_service
from bench.request import DOCUMENTS, Asked

CREDIT = """id member { id name workEmail } certification { code title level } status countsFrom countsUntil
    explanation { summary } timeline { kind at }"""
LARGE = {
    "members, each with credits": f"""members(first: 100) {{
        nodes {{ name credits(first: 8) {{ nodes {{ {CREDIT} }} }} }} }}""",
    "credits with reasons": """credits(first: 100) { edges { cursor } nodes { id contributions { program points }
        explanation { reasons { code action } } timeline { kind at } } }""",
    "attainments": "attainments { points maxPoints }",
    "forecast": """forecast(until: "2027-10-01") { steps { date attainments { points maxPoints }
        changed { points } causes { __typename } } }""",
    "fragility": "fragility { __typename }",
}


async def main(credits: int) -> None:
    """Fill a database, and print how long the small question takes beside each large one."""
    async with filled_service(credits) as filled:
        app = create_app(settings=filled.settings, clock=lambda: NOW)
        async with app.router.lifespan_context(app):
            headers = (await headers_of_callers(filled, WorkIssuer()))["API key"]
            small = Asked(headers, json.dumps({"query": DOCUMENTS["member"]}).encode())
            for name, field in LARGE.items():
                large = Asked(headers, json.dumps({"query": f"{{ viewer {{ organization {{ {field} }} }} }}"}).encode())
                answer = json.loads(await large.of(app))
                assert "errors" not in answer, answer["errors"]
                await _compare(name, answer["extensions"]["cost"]["requested"], small, large, app)


async def _compare(name: str, cost: int, small: Asked, large: Asked, app: Any) -> None:
    usual = statistics.median([await _seconds(small, app) for _ in range(50)])
    asking = asyncio.create_task(_seconds(large, app))
    waits = [await _seconds(small, app)]
    while not asking.done():
        waits.append(await _seconds(small, app))
    sys.stdout.write(
        f"{name:28} {cost:6,} points  {await asking * 1000:7.0f} ms   others wait {max(waits) * 1000:6.0f} ms at most, "
        f"{max(waits) / usual:5.0f} times the usual\n"
    )


async def _seconds(asked: Asked, app: Any) -> float:
    start = time.perf_counter()
    await asked.of(app)
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--credits", type=int, default=50_000)
    asyncio.run(main(parser.parse_args().credits))
