"""The operator invites, lists, changes and removes members."""

import json
from functools import partial

import asyncpg
import pytest

from domain.database.pool import connection_arguments
from tests.certlink.conftest import Command

DOMAIN, AMARA, NADIA = "contoso.example", "amara.osei@contoso.example", "nadia.novak@contoso.example"


@pytest.fixture
def command(certlink: Command, contoso: str) -> Command:
    """Run ``certlink member`` on a database with one organization."""
    return partial(certlink, "member")


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


async def test_the_operator_names_the_account_where_several_wait(command: Command, database_url: str) -> None:
    await command("invite", DOMAIN, AMARA)
    connection = await asyncpg.connect(**connection_arguments(database_url))
    await connection.execute(
        """WITH active AS (UPDATE member SET status = 'ACTIVE', activated_at = invited_at RETURNING id, organization_id)
           INSERT INTO account_replacement (member_id, identity_issuer_id, issuer, subject, requested_at)
           SELECT a.id, i.id, i.issuer, s.subject, s.requested_at::timestamptz
           FROM active a JOIN identity_issuer i USING (organization_id),
               (VALUES ('first', '2026-11-03 14:30Z'), ('second', '2026-11-03 15:30Z')) s (subject, requested_at)"""
    )
    await connection.execute("UPDATE invitation SET responded_at = requested_at")

    unnamed = await command("account", AMARA, "--organization", DOMAIN, "--confirm")
    named = await command("account", AMARA, "--organization", DOMAIN, "--confirm", "--since", "2026-11-03T14:30:00Z")
    bound = await connection.fetchval("SELECT subject FROM work_identity WHERE ended_at IS NULL")
    await connection.close()

    assert (unnamed.exit_code, named.exit_code, bound) == (1, 0, "first")
    assert "Say since when" in unnamed.stderr


async def test_the_operator_decides_whose_a_new_work_account_is(command: Command, database_url: str) -> None:
    """R2."""
    await command("invite", DOMAIN, AMARA)
    connection = await asyncpg.connect(**connection_arguments(database_url))
    await connection.execute(
        """WITH active AS (UPDATE member SET status = 'ACTIVE', activated_at = invited_at RETURNING id, organization_id)
           INSERT INTO account_replacement (member_id, identity_issuer_id, issuer, subject, requested_at)
           SELECT a.id, i.id, i.issuer, 'anew', '2026-11-03 14:30Z'
           FROM active a JOIN identity_issuer i USING (organization_id)"""
    )
    await connection.execute("UPDATE invitation SET responded_at = requested_at")

    listed, as_json = await command("list", DOMAIN), await command("list", DOMAIN, "--json")
    undecided = await command("account", AMARA, "--organization", DOMAIN)
    confirmed = await command("account", AMARA, "--organization", DOMAIN, "--confirm")
    afterwards = await command("list", DOMAIN)
    again = await command("account", AMARA, "--organization", DOMAIN, "--refuse")
    bound = await connection.fetchval("SELECT subject FROM work_identity WHERE ended_at IS NULL")
    await connection.close()

    assert "a new work account waits since 2026-11-03T14:30:00Z\n" in listed.stdout
    assert [row["newAccountSince"] for row in json.loads(as_json.stdout)] == ["2026-11-03T14:30:00Z"]
    assert (undecided.exit_code, confirmed.exit_code, again.exit_code) == (2, 0, 1)
    assert (confirmed.stdout, bound) == (f"{AMARA}\tthe new account is theirs\n", "anew")
    assert "new work account" not in afterwards.stdout
    assert again.stderr.count("\n") == 1
