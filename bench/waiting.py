"""Time how long others wait beside a very large answer.

``python -m bench.waiting [--credits 20000]`` lets another organization ask a small question again and again, first
alone and then beside each of some questions that cost nearly as much as one operation may, and prints the median and
the worst wait beside the usual one. What one request computes without a pause in this process, everybody else waits
for. What has many instants is also asked several times at once; the answers are counted by status.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from api.app import create_app
from bench.callers import WorkIssuer, headers_of_callers
from bench.filled import NOW, Filled, filled_service
from bench.request import DOCUMENTS, Asked
from domain.database.pool import fetch_value
from domain.operations.api_clients import create_api_client
from domain.operations.organizations import create_organization
from domain.rules.enums import MemberRole, Scope
from domain.rules.visibility import MemberViewer

CREDIT = """id member { id name workEmail } certification { code title level } status countsFrom countsUntil
    explanation { summary } timeline { kind at }"""
ATTAINMENTS = " ".join(f'at{n}: attainments(asOf: "2026-11-{n + 1:02}T00:00:00Z") {{ points }}' for n in range(15))
LARGE = {
    "members, each with credits": f"""members(first: 100) {{
        nodes {{ name credits(first: 8) {{ nodes {{ {CREDIT} }} }} }} }}""",
    "credits with reasons": """credits(first: 100) { edges { cursor } nodes { id contributions { program points }
        explanation { reasons { code action } } timeline { kind at } } }""",
    "attainments": "attainments { points maxPoints }",
    "attainments at 15 instants": ATTAINMENTS,
    "forecast": """forecast(until: "2027-10-01") { steps { date attainments { points maxPoints }
        changed { points } causes { __typename } } }""",
    "fragility": "fragility { __typename }",
}
AT_ONCE = 4


async def main(credits: int) -> None:
    """Fill a database, and print how long the small question takes beside each large one."""
    async with filled_service(credits) as filled:
        app = create_app(settings=filled.settings, clock=lambda: NOW)
        async with app.router.lifespan_context(app):
            headers = (await headers_of_callers(filled, WorkIssuer()))["API key"]
            small = _asked(await _headers_of_another(filled), DOCUMENTS["member"])
            for name, field in LARGE.items():
                large = _asked(headers, f"{{ viewer {{ organization {{ {field} }} }} }}")
                _, answer = await large.answered(app)
                assert "errors" not in answer, answer["errors"]
                cost = answer["extensions"]["cost"]["requested"]
                await _compare(name, cost, small, [large], app)
                if field == ATTAINMENTS:
                    await _compare(f"the same {AT_ONCE} times at once", cost * AT_ONCE, small, [large] * AT_ONCE, app)


def _asked(headers: Mapping[str, str], document: str) -> Asked:
    return Asked(headers, json.dumps({"query": document}).encode())


async def _headers_of_another(filled: Filled) -> Mapping[str, str]:
    """Create a second organization with one person, and return the headers of its API client."""
    organization_id = await create_organization(
        name="Fabrikam",
        domain="fabrikam.example",
        issuer="https://login.fabrikam.example",
        client_id="certlink",
        client_secret=None,
        api_audience="certlink-api",
        now=NOW,
        settings=filled.settings,
    )
    member_id: int = await fetch_value(
        """INSERT INTO member (organization_id, work_email, name, role, status, subject, invited_at, activated_at)
           VALUES ($1, 'admin@fabrikam.example', 'Admin', 'ACCOUNT_ADMIN', 'ACTIVE', 'admin', $2, $2) RETURNING id""",
        organization_id,
        NOW,
    )
    admin = MemberViewer(member_id=member_id, organization_id=organization_id, role=MemberRole.ACCOUNT_ADMIN)
    key = await create_api_client(
        by=admin, name="Bench", scopes=list(Scope), expires_at=None, now=NOW, settings=filled.settings
    )
    return {"Authorization": f"Bearer {key.secret}"}


async def _compare(name: str, cost: int, small: Asked, large: Sequence[Asked], app: Any) -> None:
    usual = statistics.median([await _seconds(small, app) for _ in range(50)])
    start = time.perf_counter()
    asking = asyncio.gather(*(each.answered(app) for each in large))
    waits = [await _seconds(small, app)]
    while not asking.done():
        waits.append(await _seconds(small, app))
    statuses = Counter(status for status, _ in await asking)
    told = " ".join(f"{number} x {status}" for status, number in statuses.items())
    sys.stdout.write(
        f"{name:28} {cost:6,} points  {(time.perf_counter() - start) * 1000:6.0f} ms, {told}   others wait "
        f"{statistics.median(waits) / usual:5.1f} times the usual {usual * 1000:.1f} ms, "
        f"{max(waits) / usual:5.0f} times at worst\n"
    )
    sys.stdout.flush()


async def _seconds(asked: Asked, app: Any) -> float:
    start = time.perf_counter()
    await asked.of(app)
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--credits", type=int, default=20_000)
    asyncio.run(main(parser.parse_args().credits))
