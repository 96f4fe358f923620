"""Can the operator invite, list, change and remove members?"""

import asyncio
import json
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from certlink.commands import surroundings
from certlink.main import app
from domain.database import connection_arguments
from domain.settings import Settings

Command = Callable[..., Awaitable[Result]]
DOMAIN, AMARA, NADIA = "contoso.example", "amara.osei@contoso.example", "nadia.novak@contoso.example"


@pytest.fixture
async def command(settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run ``certlink member`` on a database with one organization, in a thread and loop of its own."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    monkeypatch.setenv("CERTLINK_SECRET_KEY", settings.secret_key.get_secret_value())
    # The log's form is the whole process's.
    monkeypatch.setattr(surroundings, "configure_logs", lambda _: None)
    connection = await asyncpg.connect(**connection_arguments(database_url))
    await connection.execute(
        """INSERT INTO organization (name, domain, issuer, client_id, api_audience, created_at)
           VALUES ('Contoso', 'contoso.example', 'https://login.contoso.example', 'certlink', 'certlink-api', now())"""
    )
    await connection.close()

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["member", *arguments])

    return run


async def test_the_operator_administers_members(command: Command) -> None:
    invited = await command("invite", DOMAIN, AMARA, "nonsense", "--role", "ACCOUNT_ADMIN")
    listed = await command("list", DOMAIN, "--json")
    changed = await command("role", DOMAIN, AMARA, "MEMBER")
    removed = await command("remove", DOMAIN, AMARA)
    afterwards = await command("list", DOMAIN)

    assert (invited.exit_code, changed.exit_code, removed.exit_code, afterwards.exit_code) == (1, 0, 0, 0)
    assert f"{AMARA}\tmember " in invited.stdout
    assert "nonsense\tnot invited: The work e-mail is not an address." in invited.stdout
    assert "tell them to sign in at http://localhost:8000/sign-in" in invited.stdout
    (row,) = json.loads(listed.stdout)
    assert (row["workEmail"], row["role"], row["status"], row["deliveryProblem"]) == (
        AMARA,
        "ACCOUNT_ADMIN",
        "INVITED",
        "NOT_SET_UP",
    )
    assert "removed; 0 credits canceled, 0 count on until " in removed.stdout
    assert afterwards.stdout == ""


async def test_what_cannot_be_done_ends_with_one_line(command: Command) -> None:
    nowhere = await command("invite", "fabrikam.example", "felix.berg@fabrikam.example")
    nobody = await command("remove", DOMAIN, NADIA)
    twice = [await command("invite", DOMAIN, NADIA) for _ in range(2)][1]

    assert (nowhere.exit_code, nobody.exit_code, twice.exit_code) == (1, 1, 1)
    assert nowhere.stderr.count("\n") == nobody.stderr.count("\n") == 1
    assert "is a member already, or is invited" in twice.stdout
