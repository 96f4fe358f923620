"""Time how long others wait beside a very large answer.

``python -m bench.waiting [--credits 20000]`` lets another organization ask a small question again and again, first
alone and then beside each of some questions that cost nearly as much as one operation may, and prints the median and
the worst wait beside the usual one. What one request computes without a pause in this process, everybody else waits
for. What has many instants is also asked several times at once; the answers are counted by status. Last the credits end
on very many different days, and a forecast tells each of them: once, and of two organizations twice at once.
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
from bench.filled import CREDITS_EACH, NOW, Filled, filled_service
from bench.request import DOCUMENTS, Asked
from bench.rows import fill
from domain.database.pool import connection, fetch_value
from domain.operations.api_clients import create_api_client
from domain.operations.organizations import IssuerSettings, create_organization
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
# Nothing that is told of a day is left out: nothing else builds as large an answer.
LONG_FORECAST = """forecast(until: "2031-11-01") { steps { date attainments { points program { title }
    metrics { points } } } }"""
FORECAST_CREDITS = 5_000
SCORED = "{ viewer { organization { attainments { points } } } }"
# Lets what counts end on as many different days as there are in five years.
_SPREAD = """UPDATE credit
    SET end_reason = 'EXPIRED', counts_until = $1::timestamptz + make_interval(days => 6 + (id % 1790)::int)
    WHERE id IN (SELECT id FROM credit WHERE organization_id = $2 AND (counts_until IS NULL OR counts_until > $1)
                 ORDER BY id LIMIT $3)"""


async def main(credits: int) -> None:
    """Fill a database, and print how long the small question takes beside each large one."""
    async with filled_service(credits) as filled:
        app = create_app(settings=filled.settings, clock=lambda: NOW)
        async with app.router.lifespan_context(app):
            headers = (await headers_of_callers(filled, WorkIssuer()))["API key"]
            small = _asked(await _headers_of_another(filled, "Fabrikam"), DOCUMENTS["member"])
            for name, field in LARGE.items():
                large = _asked(headers, f"{{ viewer {{ organization {{ {field} }} }} }}")
                _, answer = await large.answered(app)
                assert "errors" not in answer, answer["errors"]
                cost = answer["extensions"]["cost"]["requested"]
                await _compare(name, cost, small, [large], app)
                if field == ATTAINMENTS:
                    await _compare(f"the same {AT_ONCE} times at once", cost * AT_ONCE, small, [large] * AT_ONCE, app)
            await _compare_forecasts(filled, headers, small, app)


async def _compare_forecasts(filled: Filled, headers: Mapping[str, str], small: Asked, app: Any) -> None:
    other = await _headers_of_another(filled, "Adatum")
    async with connection() as current:
        for name in ("Contoso", "Adatum"):
            organization_id: int = await current.fetchval("SELECT id FROM organization WHERE name = $1", name)
            if name == "Adatum":
                members = 2 * FORECAST_CREDITS // CREDITS_EACH
                await fill(current, organization_id=organization_id, members=members, credits_each=CREDITS_EACH, at=NOW)
            await current.execute(_SPREAD, NOW, organization_id, FORECAST_CREDITS)
    question = f"{{ viewer {{ organization {{ {LONG_FORECAST} }} }} }}"
    large, another = _asked(headers, question), _asked(other, question)
    _, answer = await large.answered(app)
    cost = answer["extensions"]["cost"]["requested"]
    await _compare("forecast of 1,790 days", cost, small, [large], app)
    scored = _asked(await _headers_of_another(filled, "Northwind"), SCORED)
    await _compare("of two organizations, twice", cost * 4, scored, [large, another] * 2, app)


def _asked(headers: Mapping[str, str], document: str) -> Asked:
    return Asked(headers, json.dumps({"query": document}).encode())


async def _headers_of_another(filled: Filled, name: str) -> Mapping[str, str]:
    """Create another organization with one person, and return the headers of its API client."""
    organization_id = await create_organization(
        name=name,
        domain=f"{name.lower()}.example",
        issuer=IssuerSettings(issuer=f"https://login.{name.lower()}.example", client_id="certlink"),
        now=NOW,
        settings=filled.settings,
    )
    member_id: int = await fetch_value(
        """WITH admin AS (
               INSERT INTO member (organization_id, work_email, name, role, status, invited_at, activated_at)
               VALUES ($1, $3, 'Admin', 'ACCOUNT_ADMIN', 'ACTIVE', $2, $2) RETURNING id)
           INSERT INTO work_identity (member_id, identity_issuer_id, issuer, subject, bound_at)
           SELECT admin.id, i.id, i.issuer, 'admin', $2 FROM admin, identity_issuer i WHERE i.organization_id = $1
           RETURNING member_id""",
        organization_id,
        NOW,
        f"admin@{name.lower()}.example",
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
    # One that runs into the deadline has waited as well.
    await asked.answered(app)
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--credits", type=int, default=20_000)
    asyncio.run(main(parser.parse_args().credits))
