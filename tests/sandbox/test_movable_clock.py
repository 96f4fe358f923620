"""The sandbox's movable clock."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from tests.clock import START, FrozenClock
from tests.sandbox.browser import BASE_URL, Browser
from tests.sandbox.conftest import AppFactory

TEN_DAYS = 864000


async def test_the_clock_starts_with_the_real_one(client: AsyncClient, data: Path) -> None:
    shown = (await client.get("/clock")).json()

    assert shown == {"offset_seconds": 0.0, "now": "2026-11-03T14:30:00Z"}
    assert not (data / "clock.json").exists()


async def test_advancing_moves_the_clock_and_writes_the_file(client: AsyncClient, data: Path) -> None:
    await client.post("/clock", json={"advance_seconds": TEN_DAYS})
    shown = (await client.post("/clock", json={"advance_seconds": 0.5})).json()

    assert shown == {"offset_seconds": TEN_DAYS + 0.5, "now": "2026-11-13T14:30:00.500000Z"}
    assert json.loads((data / "clock.json").read_text()) == {"offset_seconds": TEN_DAYS + 0.5}
    assert [file.name for file in data.iterdir() if file.name.startswith(".")] == []


async def test_the_clock_goes_on_from_where_it_was_moved(client: AsyncClient, real_clock: FrozenClock) -> None:
    await client.post("/clock", json={"advance_seconds": TEN_DAYS})
    real_clock.advance(timedelta(hours=1))

    shown = (await client.get("/clock")).json()

    assert shown["now"] == "2026-11-13T15:30:00Z"


async def test_the_offset_is_kept_over_a_restart(client: AsyncClient, start: AppFactory) -> None:
    await client.post("/clock", json={"advance_seconds": TEN_DAYS})

    async with AsyncClient(transport=ASGITransport(app=start()), base_url=BASE_URL) as again:
        shown = (await again.get("/clock")).json()

    assert shown["offset_seconds"] == TEN_DAYS


async def test_tokens_are_dated_by_the_moved_clock(browser: Browser, client: AsyncClient) -> None:
    await client.post("/clock", json={"advance_seconds": TEN_DAYS})

    tokens = await browser.sign_in()
    claims = (await browser.decode(tokens["id_token"], "microsoft-learn")).claims

    assert claims["iat"] == int((START + timedelta(days=10)).timestamp())


async def test_moving_the_clock_expires_codes_and_tokens(browser: Browser, client: AsyncClient) -> None:
    code = await browser.code()
    access_token = (await browser.sign_in())["access_token"]
    await client.post("/clock", json={"advance_seconds": TEN_DAYS})

    exchanged = await browser.exchange(code)
    answer = await browser.ask("/microsoft-learn/userinfo", access_token)

    assert exchanged.json()["error"] == "invalid_grant"
    assert answer.status_code == 401


async def test_everything_still_works_at_the_last_instant(browser: Browser, client: AsyncClient) -> None:
    shown = (await client.get("/clock")).json()
    to_the_end = 248_000_000_000
    moved = await client.post("/clock", json={"advance_seconds": to_the_end})

    beyond = await client.post("/clock", json={"advance_seconds": to_the_end})

    assert shown["offset_seconds"] == 0
    assert moved.status_code == 200
    assert beyond.status_code == 400
    assert (await browser.sign_in())["access_token"]


@pytest.mark.parametrize(
    "body",
    [
        '{"advance_seconds": 0}',
        '{"advance_seconds": -1}',
        '{"advance_seconds": NaN}',
        '{"advance_seconds": Infinity}',
        '{"advance_seconds": 1e999}',
        '{"advance_seconds": 1e300}',
        '{"advance_seconds": 1' + "0" * 400 + "}",
        '{"advance_seconds": 1' + "0" * 5000 + "}",
        '{"advance_seconds": true}',
        '{"advance_seconds": null}',
        '{"advance_seconds": "10 days"}',
        '{"advance_seconds": [1]}',
        '{"advance_seconds": 1, "offset_seconds": 2}',
        "{}",
        "[]",
        "7",
        "",
        "{",
        "[" * 60000,
        '{"advance_seconds": 1' + " " * 70000 + "}",
        b"\xff\xfe",
    ],
)
async def test_nonsense_is_refused_and_moves_nothing(client: AsyncClient, body: str | bytes, data: Path) -> None:
    response = await client.post("/clock", content=body)

    assert response.status_code in (400, 413)
    assert response.json()["error"] == "invalid_request"
    assert response.json()["error_description"]
    assert not (data / "clock.json").exists()
