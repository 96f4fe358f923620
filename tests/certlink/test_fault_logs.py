"""The logs of processes that fail, searched for personal data."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from httpx2 import AsyncClient, HTTPError, Response
from websockets.asyncio.client import connect

from domain.database.pool import connection_arguments
from domain.models import BrowserSession, Member
from domain.rules.enums import MemberStatus
from domain.secrets import hash_token, new_token
from domain.settings import Settings
from tests.api.serving import PROTOCOL
from tests.clock import START
from tests.factories import make_invitation, make_member, make_organization
from tests.local.test_up import free_port

NAME = "Amara Osei"
EMAIL = "amara.osei@contoso.example"
OWN_URL = "http://127.0.0.1:8000"
SECRETS = (NAME, "Amara", EMAIL, "amara.osei", "Osei")
# Whoever reads a member's address, role or status gets an error of the database that names them.
BROKEN = """
ALTER TABLE member RENAME TO kept_member;
CREATE VIEW member AS SELECT id, organization_id, name,
  (name || ' ' || work_email)::int::text AS work_email,
  (name || ' ' || work_email)::int::text AS role, (name || ' ' || work_email)::int::text AS status
  FROM kept_member;
"""
MENDED = """
DROP VIEW IF EXISTS member;
ALTER TABLE kept_member RENAME TO member;
"""
# Every way by which a fault that nobody catches reaches stderr.
UNCAUGHT = f"""
import asyncio, gc, logging, threading, warnings, structlog
from certlink.logs import configure_logs

configure_logs("json")

def fail(*_):
    try:
        raise LookupError("{NAME}")
    except LookupError:
        raise ValueError("{EMAIL}")

async def failing():
    fail()

async def main():
    task = asyncio.create_task(failing())
    await asyncio.wait([task])
    del task
    gc.collect()
    asyncio.get_running_loop().call_soon(fail, "{NAME}")
    await asyncio.sleep(0)

asyncio.run(main())

class Last:
    def __del__(self):
        fail()

Last()
thread = threading.Thread(target=fail, name="{NAME}")
thread.start()
thread.join()
warnings.simplefilter("always")
warnings.warn("{EMAIL}")
failing()
gc.collect()
for name in ("uvicorn.error", "arq.worker", "websockets.server", "some.library"):
    try:
        fail()
    except ValueError as fault:
        logging.getLogger(name).exception("job of %s failed", "{EMAIL}")
        logging.getLogger(name).error(f"failed: ('{NAME}')\\n{EMAIL}")
        logging.getLogger(name).error(fault)
        structlog.get_logger(name).error("ours", exc_info=True, error=fault)
asyncio.run(failing())
"""


async def test_every_line_is_json_and_none_holds_a_person_whatever_is_asked_for(
    database: str, settings: Settings, tmp_path: Path
) -> None:
    member = await make_member(await make_organization(), name=NAME, work_email=EMAIL)
    token = await session_of(member)
    async with broken(database), serving(settings, tmp_path) as address:
        answers = await asked(address, token)
        with_socket = await socket_is_closed(address, token)

    lines = log_lines(tmp_path)
    faults = [line for line in lines if "fault" in line]
    for path, answer in answers.items():
        request_id = answer.headers["x-request-id"]
        about = [line for line in faults if line.get("request_id") == request_id]
        assert about, path
        assert about[0]["fault"] == "InvalidTextRepresentationError", path
        assert any(place.startswith(("web/", "api/")) for place in about[0]["places"]), path
        assert any(re.fullmatch(r"asyncpg/.+:\d+ \w+", place) for place in about[0]["places"]), path
        assert answer.status_code == 500, path
        assert not any(secret in answer.text for secret in SECRETS), path
        assert "InvalidText" not in answer.text, path
        assert request_id in answer.text, path
    assert "Something went wrong" in answers["/profile"].text
    assert answers["/profile"].headers["content-type"] == "text/html; charset=utf-8"
    assert with_socket
    assert len(faults) > len(answers)
    assert not any(place.startswith("/") for line in faults for place in line["places"])


@pytest.mark.parametrize(
    ("command", "last"), [("serve", "Application startup failed. Exiting."), ("work", "process failed")]
)
async def test_a_start_that_fails_is_told_the_same_way(
    settings: Settings, tmp_path: Path, command: str, last: str
) -> None:
    missing = re.sub(r"@/[^?]+", f"@/{EMAIL.partition('@')[0]}", settings.database_url)

    with started(settings.model_copy(update={"database_url": missing}), tmp_path, command) as process:
        code = process.wait(30)

    lines = log_lines(tmp_path)
    assert code != 0
    assert [line["fault"] for line in lines if "fault" in line] == ["DBConnectionError"]
    assert lines[-1]["event"] == last


async def test_a_worker_whose_work_fails_tells_the_same_way(database: str, settings: Settings, tmp_path: Path) -> None:
    organization = await make_organization()
    await make_invitation(
        await make_member(organization, name=NAME, work_email=EMAIL, status=MemberStatus.INVITED, activated_at=None),
        sent_at=None,
        send_count=0,
        responded_at=None,
        claimable_at=START,
    )
    async with broken(database):
        with started(settings, tmp_path, "work") as process:
            async with asyncio.timeout(30):
                while "job failed" not in (tmp_path / "log").read_text():
                    await asyncio.sleep(0.1)
            process.terminate()
            await asyncio.to_thread(process.wait, 30)

    (failed, *_) = [line for line in log_lines(tmp_path) if line["event"] == "job failed"]
    assert failed["job"] == "deliver_invitations"
    assert len(failed["places"]) > 3


def test_what_nobody_catches_is_told_the_same_way(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        ended = subprocess.run([sys.executable, "-c", UNCAUGHT], stderr=log, timeout=30, check=False)

    lines = log_lines(tmp_path)
    events = [line["event"] for line in lines]
    assert ended.returncode == 1
    assert {"Task exception was never retrieved", "thread failed", "fault that could not be raised"} <= set(events)
    assert [line["kind"] for line in lines if line["event"] == "warning"] == ["UserWarning", "RuntimeWarning"]
    assert any(event.startswith("Exception in callback fail") for event in events)
    assert events.count("ours") == 4
    assert (events[-1], lines[-1]["fault"]) == ("process failed", "ValueError")
    assert lines[-1]["causes"][0]["fault"] == "LookupError"
    assert lines[-1]["causes"][0]["places"] == ["<string>:9 fail"]


@asynccontextmanager
async def broken(database: str) -> AsyncIterator[None]:
    """Let every look at a member fail."""
    connection = await asyncpg.connect(**connection_arguments(database))
    try:
        await connection.execute(BROKEN)
        yield
    finally:
        await connection.execute(MENDED)
        await connection.close()


async def session_of(member: Member) -> str:
    """Return the token of a session that lasts."""
    token = new_token()
    until = datetime(2100, 1, 1, tzinfo=UTC)
    await BrowserSession.create(member=member, token_hash=hash_token(token), created_at=START, expires_at=until)
    return token


async def asked(address: str, token: str) -> dict[str, Response]:
    """Ask for something at every kind of address."""
    headers = {"sec-fetch-site": "same-origin", "cookie": f"certlink_session={token}"}
    async with AsyncClient(base_url=f"http://{address}", headers=headers, trust_env=False) as client:
        answers = {
            path: await client.get(path)
            for path in (
                "/profile",
                "/organization",
                "/sign-in",
                "/attempts/x",
                "/exports/skills-report.csv",
            )
        }
        answers["/associate"] = await client.post("/associate", data={"provider": "MICROSOFT_LEARN"})
        answers["/graphql"] = await client.post("/graphql", json={"query": "{ viewer { __typename } }"})
    return answers


async def socket_is_closed(address: str, token: str) -> bool:
    """Introduce oneself over a websocket, and tell whether it ends with the code of a fault."""
    async with connect(
        f"ws://{address}/graphql",
        subprotocols=[PROTOCOL],  # type: ignore[list-item]
        additional_headers={"cookie": f"certlink_session={token}", "origin": OWN_URL},
        proxy=None,
    ) as connection:
        await connection.send('{"type": "connection_init"}')
        await connection.wait_closed()
        return connection.close_code == 4500


@asynccontextmanager
async def serving(settings: Settings, folder: Path) -> AsyncIterator[str]:
    """Serve as in production, with a log of JSON lines in a folder; yield the address, without a scheme."""
    port = free_port()
    with started(settings, folder, "serve", "--port", str(port)) as process:
        async with asyncio.timeout(30), AsyncClient(trust_env=False) as client:
            while True:
                try:
                    await client.get(f"http://127.0.0.1:{port}/healthz")
                    break
                except HTTPError:
                    await asyncio.sleep(0.1)
        yield f"127.0.0.1:{port}"
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


@contextmanager
def started(settings: Settings, folder: Path, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a command, and kill it at the end if it still runs."""
    environment = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "CERTLINK_SECRET_KEY": settings.secret_key.get_secret_value(),
        "CERTLINK_PUBLIC_URL": OWN_URL,
        "CERTLINK_LOG_FORMAT": "json",
        "CERTLINK_SMTP_URL": "smtp://127.0.0.1:1",
        "CERTLINK_MAIL_FROM": "certlink@certlink.example",
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    command = [sys.executable, "-m", "certlink", *arguments]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log, env=kept | environment) as process:
        try:
            yield process
        finally:
            process.kill()


def log_lines(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a log, of which each must be JSON and hold nobody."""
    text = (folder / "log").read_text()
    assert not any(secret in text for secret in SECRETS)
    assert str(Path.cwd()) not in text
    return [json.loads(line) for line in text.splitlines()]
