"""A persona earns, renews and loses certifications."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from tests.clock import START, FrozenClock
from tests.sandbox.browser import BASE_URL
from tests.sandbox.conftest import AppFactory

AMARA = "/personas/amara-learn"
AZ_104 = {"certification": "AZ-104"}


async def held(client: AsyncClient, code: str) -> list[dict[str, Any]]:
    """Return the persona's completions of a certification."""
    return [row for row in (await client.get(f"{AMARA}/completions")).json() if row["certification"] == code]


async def test_what_is_earned_is_in_the_transcript_and_valid_for_a_year(client: AsyncClient) -> None:
    earned = await client.post(f"{AMARA}/completions", json={"certification": "AZ-500"})

    assert earned.status_code == 201
    row = earned.json()
    assert (row["completedAt"], row["expiresAt"]) == ("2026-11-03T14:30:00Z", "2027-11-03T14:30:00Z")
    assert await held(client, "AZ-500") == [row]


async def test_what_does_not_expire_can_be_earned_too(client: AsyncClient) -> None:
    earned = await client.post("/personas/amara-university/completions", json={**AZ_104, "expires": False})

    assert (earned.json()["expiresAt"], earned.json()["kind"]) == (None, "ASSESSMENT")


async def test_a_renewal_makes_it_valid_for_a_year_longer(client: AsyncClient) -> None:
    before = (await held(client, "AZ-104"))[0]

    renewed = await client.post(f"{AMARA}/renewals", json=AZ_104)

    assert renewed.status_code == 200
    years = [int(row["expiresAt"][:4]) for row in (before, renewed.json())]
    assert years[1] == years[0] + 1
    assert renewed.json()["completionId"] == before["completionId"]
    assert await held(client, "AZ-104") == [renewed.json()]


async def test_a_renewal_opens_six_months_before_the_expiry_and_closes_with_it(
    client: AsyncClient, real_clock: FrozenClock
) -> None:
    early = await client.post(f"{AMARA}/renewals", json={"certification": "DP-600"})
    real_clock.advance(timedelta(days=400))
    late = await client.post(f"{AMARA}/renewals", json={"certification": "DP-600"})

    assert (early.status_code, late.status_code) == (409, 409)
    assert "opens at" in early.json()["error_description"]
    assert "has expired" in late.json()["error_description"]


async def test_a_revocation_is_kept_over_a_restart(client: AsyncClient, start: AppFactory) -> None:
    revoked = await client.post(f"{AMARA}/revocations", json=AZ_104)
    again = await client.post(f"{AMARA}/revocations", json=AZ_104)

    assert revoked.json()["revokedAt"] == START.isoformat().replace("+00:00", "Z")
    assert again.status_code == 409
    async with AsyncClient(transport=ASGITransport(app=start()), base_url=BASE_URL) as restarted:
        assert await held(restarted, "AZ-104") == [revoked.json()]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/personas/nobody/completions", AZ_104, 404),
        ("/personas/amara/completions", AZ_104, 400),
        (f"{AMARA}/completions", {}, 400),
        (f"{AMARA}/completions", {"certification": 7}, 400),
        (f"{AMARA}/completions", {"certification": ""}, 400),
        (f"{AMARA}/completions", {"certification": "A" * 101}, 400),
        (f"{AMARA}/completions", {"certification": "A\n"}, 400),
        (f"{AMARA}/completions", {**AZ_104, "expires": "no"}, 400),
        (f"{AMARA}/completions", {**AZ_104, "more": 1}, 400),
        (f"{AMARA}/renewals", {"certification": "XY-1"}, 409),
        (f"{AMARA}/renewals", {**AZ_104, "expires": False}, 400),
        (f"{AMARA}/revocations", {"certification": "XY-1"}, 409),
    ],
)
async def test_anything_else_is_refused_and_changes_nothing(
    client: AsyncClient, path: str, body: dict[str, object], status: int
) -> None:
    before = (await client.get(f"{AMARA}/completions")).json()

    refused = await client.post(path, json=body)

    assert refused.status_code == status
    assert (await client.get(f"{AMARA}/completions")).json() == before
