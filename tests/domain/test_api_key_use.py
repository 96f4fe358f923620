"""The last use of an API key."""

import asyncio
from datetime import datetime, timedelta

import asyncpg
import pytest

from domain.database.pool import connection_arguments, execute
from domain.models import ApiKey
from domain.operations.api_clients import touch_api_key
from domain.operations.steps.touch import TOUCHED_EVERY
from domain.queries.callers import ApiKeyRow, api_key
from domain.settings import Settings
from tests.clock import START
from tests.factories import make_api_client, make_organization


@pytest.fixture
async def secret(database: str, settings: Settings) -> str:
    """A key that was never used."""
    return (await make_api_client(await make_organization(), settings=settings)).secret or ""


async def key_of(secret: str, now: datetime = START) -> ApiKeyRow:
    found = await api_key(secret, now=now)
    assert found is not None
    return found


async def test_the_first_use_is_written_down_and_further_ones_once_a_minute(secret: str) -> None:
    seen = []
    for seconds in (0, 59.999999, 60, 61):
        now = START + timedelta(seconds=seconds)
        await touch_api_key(await key_of(secret), now=now)
        seen.append((await key_of(secret)).last_used_at)

    assert seen == [START, START, START + TOUCHED_EVERY, START + TOUCHED_EVERY]


async def test_the_last_use_never_goes_back(secret: str) -> None:
    """A slow request read the key before a later one wrote."""
    slow = await key_of(secret)
    await touch_api_key(await key_of(secret), now=START + timedelta(hours=1))

    await touch_api_key(slow, now=START)

    assert (await key_of(secret)).last_used_at == START + timedelta(hours=1)


async def test_no_use_waits_for_who_holds_the_key(secret: str, database: str) -> None:
    key = await key_of(secret)
    holder = await asyncpg.connect(**connection_arguments(database))
    async with holder.transaction():
        await holder.execute("SELECT FROM api_key FOR UPDATE")

        await asyncio.wait_for(touch_api_key(key, now=START), timeout=0.9)

    await holder.close()
    assert (await ApiKey.get()).last_used_at is None


async def test_a_database_that_refuses_to_write_fails_no_request(secret: str) -> None:
    key = await key_of(secret)
    await execute(
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'read_only_sql_transaction'; END $$"""
    )
    await execute("CREATE TRIGGER refuse BEFORE UPDATE ON api_key FOR EACH STATEMENT EXECUTE FUNCTION refuse()")

    await touch_api_key(key, now=START)

    assert (await ApiKey.get()).last_used_at is None


async def test_a_database_that_does_not_answer_holds_no_request_up(
    secret: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await key_of(secret)
    monkeypatch.setattr("domain.operations.steps.touch.TIMEOUT_SECONDS", 0.01)
    holder = await asyncpg.connect(**connection_arguments(database))
    async with holder.transaction():
        await holder.execute("LOCK TABLE api_key")

        await touch_api_key(key, now=START)

    await holder.close()
    assert (await ApiKey.get()).last_used_at is None
