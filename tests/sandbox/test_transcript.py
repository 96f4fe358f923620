"""What a learning provider records, page by page."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from sandbox.personas import Earned
from sandbox.transcript_rows import expires_at
from tests.clock import START
from tests.sandbox.browser import Browser

MIDNIGHT = datetime(START.year, START.month, START.day, tzinfo=UTC)


def instant(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


async def test_a_completion_has_exactly_the_agreed_fields(browser: Browser) -> None:
    transcript = await browser.transcript()

    assert transcript["profileId"] == "991204737"
    assert transcript["nextCursor"] is None
    for row in transcript["completions"]:
        assert set(row) == {"completionId", "certification", "kind", "completedAt", "expiresAt", "revokedAt"}
        assert row["completionId"].startswith("msl-")
        assert row["kind"] == "CERTIFICATION"
        assert row["revokedAt"] is None


async def test_amara_has_six_valid_certifications_of_different_ages(browser: Browser) -> None:
    rows = (await browser.transcript())["completions"]

    expiry = {row["certification"]: instant(row["expiresAt"]) for row in rows}
    valid = {code for code, expires in expiry.items() if expires > START}

    assert valid == {"AZ-104", "AZ-305", "AZ-400", "AZ-700", "DP-600", "SC-300"}
    assert START + timedelta(days=15) < expiry["SC-300"] < START + timedelta(days=25)
    assert all(expiry[code] > START + timedelta(days=60) for code in valid - {"SC-300"})
    assert expiry["PL-300"] < START - timedelta(days=365)


async def test_a_partner_university_assessment_does_not_expire(browser: Browser) -> None:
    transcript = await browser.transcript("amara-university", "partner-university")

    (row,) = transcript["completions"]

    assert transcript["profileId"] == "PU-204417"
    assert (row["certification"], row["kind"], row["expiresAt"]) == ("PU-TEAMS-MEETINGS-ROOMS", "ASSESSMENT", None)
    assert row["completionId"].startswith("pu-")


async def test_a_long_transcript_comes_in_pages_of_fifty(browser: Browser) -> None:
    access_token = (await browser.sign_in("ingrid-learn"))["access_token"]
    path = "/microsoft-learn/transcript"

    first = (await browser.ask(path, access_token)).json()
    second = (await browser.ask(path, access_token, cursor=first["nextCursor"])).json()

    ids = [row["completionId"] for row in (*first["completions"], *second["completions"])]
    assert len(first["completions"]) == 50
    assert second["nextCursor"] is None
    assert len(ids) == len(set(ids)) == 56


@pytest.mark.parametrize(
    "cursor", ["x", "50", "ZnJvbTo=", "ZnJvbTotNTA=", "ZnJvbTo1MQ==", "ZnJvbTowNTA=", "ä", "=" * 9]
)
async def test_a_cursor_that_was_never_given_is_refused(browser: Browser, cursor: str) -> None:
    access_token = (await browser.sign_in("ingrid-learn"))["access_token"]

    response = await browser.ask("/microsoft-learn/transcript", access_token, cursor=cursor)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_cursor")


async def test_dates_do_not_shift_when_the_clock_is_moved(browser: Browser, client: AsyncClient) -> None:
    before = await browser.transcript("priya-learn")
    await client.post("/clock", json={"advance_seconds": 864000})

    after = await browser.transcript("priya-learn")

    assert before == after


async def test_completions_come_oldest_first_and_lie_in_the_past(browser: Browser) -> None:
    rows: list[dict[str, Any]] = (await browser.transcript("ingrid-learn"))["completions"]

    completed = [instant(row["completedAt"]) for row in rows]

    assert completed == sorted(completed)
    assert completed[-1] < MIDNIGHT


@pytest.mark.parametrize(
    ("earned", "expires"),
    [
        (Earned("AZ-104", days_ago=0), datetime(2025, 2, 28, 9, 30, tzinfo=UTC)),
        (Earned("AZ-104", days_ago=0, renewals=4), datetime(2029, 2, 28, 9, 30, tzinfo=UTC)),
        (Earned("AZ-104", days_ago=1, renewals=1), datetime(2026, 2, 28, 9, 30, tzinfo=UTC)),
        (Earned("AB-900", days_ago=0, expires=False), None),
    ],
)
def test_a_certification_is_valid_for_12_months_and_each_renewal_adds_12(
    earned: Earned, expires: datetime | None
) -> None:
    leap_day = date(2024, 2, 29)

    assert expires_at(earned, leap_day) == expires
